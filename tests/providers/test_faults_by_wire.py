"""Every fault on every wire, streamed and in one piece: what it costs, one HTTP request each, within the bound."""

from dataclasses import dataclass

import pytest

from providers.errors import Lost, MayHaveCost, ProviderError
from providers.transport import streaming
from tests.loopback import faults
from tests.loopback.faults import Fault
from tests.providers.sdk.sdk_ends import KEY, ask
from tests.providers.wires.wires import SEVERAL, WIRES, most, talking

pytestmark = pytest.mark.slow

REPLY = "reply"
"""A reply whose cost is known."""
NO_COST = "no cost"
"""A reply without usage: its samples are kept, its cost is unknown."""
TABLE: dict[Fault, str] = {
    **dict.fromkeys(faults.FREE, MayHaveCost.FREE),
    **dict.fromkeys(faults.LOST, MayHaveCost.UNKNOWN),
    **dict.fromkeys(faults.BROKEN_STREAMS, MayHaveCost.UNKNOWN),
    faults.REDIRECT: MayHaveCost.UNKNOWN,
    Fault("drip", billed=True, value=0.2): MayHaveCost.UNKNOWN,
    faults.DRIP: REPLY,
    faults.NO_USAGE: NO_COST,
    faults.WRONG_USAGE: NO_COST,
    faults.DUPLICATE: REPLY,
    faults.SHUFFLED: REPLY,
    faults.SURPLUS: REPLY,
    faults.MISSING: REPLY,
    faults.TOO_MUCH_OUTPUT: REPLY,
}
SLOW = (faults.SILENCE, faults.STALLED_STREAM, Fault("drip", billed=True, value=0.2))
N, MAX_TOKENS = 3, 50


@dataclass(frozen=True)
class End:
    outcome: str
    error: ProviderError | None = None


async def sent(provider, request) -> End:
    try:
        reply = await provider.send(request)
    except ProviderError as error:
        return End(error.outcome, error)
    return End(REPLY if reply.usage is not None else NO_COST)


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streamed(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(streaming, "STREAM_ABOVE_S", 0.0)
    return request.param


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("fault", TABLE, ids=str)
async def test_a_fault_is_booked_as_what_it_may_have_cost(wire, fault, streamed):
    n = most(wire, N)
    async with talking(wire) as (vendor, provider):
        vendor.faults.append(fault)
        request = ask(n, max_tokens=MAX_TOKENS, timeout_s=0.3 if fault in SLOW else 5.0)
        end = await sent(provider, request)
        assert end.outcome == TABLE[fault], end.error
        if end.error is not None:
            assert KEY not in str(end.error)
            assert end.error.message.isprintable()
        assert len(vendor.seen) == 1, "one send, one HTTP request"
        assert bool(vendor.seen[0].body.get("stream")) == streamed
        if end.outcome is MayHaveCost.FREE:
            assert vendor.billed_pico == 0
        if fault is not faults.TOO_MUCH_OUTPUT and fault is not faults.SURPLUS:
            assert vendor.billed_pico <= bound_pico(vendor, request)
        assert (await sent(provider, ask(n))).outcome == REPLY, "the next one is well"


def bound_pico(vendor, request) -> int:
    dollars = {name: float(usd) * 1e6 for name, usd in vendor.prices.items()}
    inputs = request.prompt.size_bytes + 512
    return int(inputs * dollars["input"] + request.n * request.max_tokens * dollars["output"])


@pytest.mark.parametrize("wire", ["lean", "chat", "responses", "messages"])
async def test_a_reply_larger_than_any_sane_one_is_cut_off(wire, streamed):
    async with talking(wire) as (vendor, provider):
        vendor.faults.append(faults.HUGE)
        end = await sent(provider, ask(timeout_s=20))
        assert type(end.error) is Lost
        assert "bytes" in end.error.message
        assert len(vendor.seen) == 1


@pytest.mark.parametrize("wire", SEVERAL)
@pytest.mark.parametrize(
    "fault", [faults.DUPLICATE, faults.SHUFFLED, faults.SURPLUS, faults.MISSING], ids=str
)
async def test_choices_are_neither_doubled_nor_lost(wire, fault, streamed):
    async with talking(wire, answer=numbered) as (vendor, provider):
        vendor.faults.append(fault)
        reply = await provider.send(ask(N))
        kept = range(N - (fault is faults.MISSING))
        assert [(c.index, c.text) for c in reply.choices] == [(i, f"sample {i}") for i in kept]
        assert len(reply.notes) == (fault in (faults.DUPLICATE, faults.SURPLUS))


def numbered(prompt: str, index: int) -> str:
    return f"sample {index}"
