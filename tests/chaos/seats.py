"""The models of a chaos sweep: what each is, who serves it and bills it, and what goes wrong there.

A kind of model is a function (random, alias) -> Seat in KINDS: whoever adds a kind adds a function. A seat says what
the sweep file says of its model, and keeps what the judge asks.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from tests.loopback import faults
from tests.loopback.anthropic_wire import anthropic_vendor
from tests.loopback.batch_wire import anthropic_batches, openai_batches
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.responses_wire import responses_vendor
from tests.loopback.score_wire import score_vendor
from tests.orchestrator.run.sweeps import CHEAP_PRICES, PRICES

if TYPE_CHECKING:
    from tests.loopback.batch_wire import BatchDesk
    from tests.loopback.faults import Fault
    from tests.loopback.vendor import Vendor
    from tests.loopback.work import Job

RELAY = Path(__file__).with_name("relay.py")
KEY = "sk-chaos-0123456789"
TIMEOUT_S = 3.0
"""Of every model, so that the process can be stopped for longer; replies take a tenth of it at most."""
SILENT = (faults.SILENCE, faults.STALLED_STREAM)
COMMON = (
    *(faults.RATE_LIMITED, faults.ERROR_500, faults.ERROR_503, faults.OVERLOADED_529, faults.CONTENT_POLICY),
    *(faults.refusal(status) for status in (402, 409, 412, 425, 499)),
    *faults.LOST,
    *(faults.NO_USAGE, faults.WRONG_USAGE, faults.ZERO_USAGE, faults.DRIP, faults.NO_CREDIT, faults.BAD_KEY),
)
CHOICES = (faults.SHUFFLED, faults.SURPLUS, faults.MISSING, faults.INDEX_ZERO)
STREAMED = (*faults.BROKEN_STREAMS, faults.NO_END)
PLANTED = (faults.TOO_MUCH_OUTPUT, faults.TOO_MUCH_INPUT)


@dataclass
class Seat:
    """One model. `keys`: what the sweep file says of it besides where its server is, which `served` tells once that
    stands."""

    alias: str
    keys: dict[str, Any]
    vendors: list[Vendor]
    served: Callable[[], dict[str, Any]]
    desk: BatchDesk | None = None
    usd_per_hour: float | None = None
    """Of a server whose time is paid; None: its vendor bills tokens."""
    bills_less: bool = False
    """Than its price gives, as its replies state."""
    lease_s: float = 30.0
    """So long a server is paid ahead at least."""
    own: bool = False
    """The run starts and stops its server."""
    excess: int = 0
    """Pico-dollars by which a planted reply may exceed its reservation."""
    fault_names: list[str] = field(default_factory=list[str])
    faults: tuple[str, ...] = ()
    """Options of its own server, as relay.py takes them."""

    @property
    def billed(self) -> int:
        """Pico-dollars, by the vendors' own books."""
        return sum(vendor.billed_pico for vendor in self.vendors)

    def table(self) -> dict[str, Any]:
        """Its table in the sweep file."""
        return {**self.keys, **self.served()}

    def calm(self) -> None:
        """From here on nothing goes wrong."""
        self.faults = ()
        for vendor in self.vendors:
            vendor.faults.clear()
            vendor.fault_rates = {}
        if self.desk is not None:
            self.desk.create.clear()
            self.desk.results.clear()
            self.desk.unnamed, self.desk.listed_s = 0, 0.0
            self.desk.fate = lambda _name, _number, _place: "done"
            self.desk.held.clear()


def answers(server: int = 0) -> Callable[[str, int], str]:
    """No two samples of a prompt are the same, so that each can be told in the ledger."""
    return lambda prompt, index: (
        f"{'Hm. ' * (index % 7)}No. {server}.{index}: #### {(index * 7 + len(prompt)) % 10}"
    )


def openai_compatible(random: Random, alias: str) -> Seat:
    prices = random.choice([PRICES, CHEAP_PRICES])
    vendor = _vendor(openai_vendor(prices=prices), random, (*COMMON, *CHOICES, *STREAMED))
    seat = _seat(random, alias, "openai-compatible", [vendor], prices)
    seat.keys |= random.choice([{}, {}, {"free_5xx": True}, {"api": "completions"}])
    seat.served = lambda: {"base_url": vendor.base_url}
    _plant(random, seat)
    return seat


def streamed(random: Random, alias: str) -> Seat:
    """Its replies come as streams, which break off in every way but silence: its time-out is too long for that."""
    kinds = [fault for fault in (*COMMON, *CHOICES, *STREAMED) if fault not in SILENT]
    vendor = _vendor(openai_vendor(prices=PRICES), random, tuple(kinds))
    seat = _seat(random, alias, "openai-compatible", [vendor], PRICES)
    seat.keys |= {"timeout_s": 400, **random.choice([{}, {"api": "completions"}])}
    seat.served = lambda: {"base_url": vendor.base_url}
    return seat


def stating(random: Random, alias: str) -> Seat:
    """Its replies state what they cost, which is what it bills: less than its price gives, as much, or more."""
    tenths = random.choice([5, 10, 13])

    def bill(job: Job) -> int:
        return tenths * (job.input_tokens * 5 + job.output_tokens * 15) * 10**5

    def rewrite(body: dict[str, Any], job: Job) -> dict[str, Any]:
        usage = {**body["usage"], "cost": bill(job) / 10**12} if body.get("usage") else body.get("usage")
        return {**body, "usage": usage}

    kinds = [fault for fault in (*COMMON, *CHOICES) if fault not in (faults.WRONG_USAGE, faults.ZERO_USAGE)]
    vendor = _vendor(openai_vendor(prices=PRICES, bill=bill, rewrite=rewrite), random, tuple(kinds))
    seat = _seat(random, alias, "openai-compatible", [vendor], PRICES)
    seat.served = lambda: {"base_url": vendor.base_url}
    seat.bills_less = tenths < 10
    return seat


def agent(random: Random, alias: str) -> Seat:
    """Its samples are attempts of a program, in bubblewrap or as it is."""
    kinds = [fault for fault in COMMON if fault not in SILENT]
    vendor = _vendor(openai_vendor(prices=CHEAP_PRICES), random, tuple(kinds))
    seat = _seat(random, alias, "openai-compatible", [vendor], CHEAP_PRICES)
    seat.keys.pop("max_n")
    sandboxes = ["none-i-trust-this-agent", *(["bubblewrap"] if shutil.which("bwrap") else [])]
    seat.keys["agent"] = {
        "command": ["python3", str(Path(__file__).with_name("talker.py"))],
        "attempt_usd": random.choice([0.001, 0.005]),
        "attempt_s": 60,
        "concurrency": random.choice([1, 4]),
        "sandbox": random.choice(sandboxes),
    }
    seat.served = lambda: {"base_url": vendor.base_url}
    return seat


def openai(random: Random, alias: str) -> Seat:
    api = random.choice(["chat", "responses"])
    made = openai_vendor if api == "chat" else responses_vendor
    vendor = _vendor(made(prices=PRICES, key=KEY), random, COMMON)
    seat = _seat(random, alias, "openai", [vendor], PRICES)
    seat.keys |= {"api": api, **({"max_n": random.choice([2, 8])} if api == "chat" else {})}
    seat.served = lambda: {"base_url": vendor.base_url}
    return seat


def anthropic(random: Random, alias: str) -> Seat:
    vendor = _vendor(anthropic_vendor(key=KEY), random, COMMON)
    seat = _seat(random, alias, "anthropic", [vendor], vendor.prices)
    seat.served = lambda: {"base_url": vendor.root_url}
    return seat


def batched(random: Random, alias: str) -> Seat:
    name = random.choice(["chat", "responses", "anthropic"])
    desk = anthropic_batches(key=KEY) if name == "anthropic" else openai_batches(api=name, key=KEY)
    desk.works_s = random.uniform(0, 1.0)
    calls = [None, "reset", "lost", "made 500", 429, 500]
    desk.create.extend(random.choices(calls, [6, 2, 1, 1, 1, 1], k=60))
    desk.results.extend(random.choices([None, "half", "cut", "short", "doubled"], [5, 1, 1, 1, 1], k=60))
    desk.unnamed, desk.listed_s = random.choice([0, 0, 2, 4]), random.choice([0.0, 0.0, 0.1])
    fates = ["done"] * 12 + random.sample(["expired", "missing", "kept", 400, 500, 429], 3)
    salt = random.random()
    desk.fate = lambda _name, number, place: Random(f"{salt} {number} {place}").choice(fates)
    desk.ends = "completed" if name == "anthropic" else random.choice(["completed", "expired", "cancelled"])
    vendor = desk.vendor
    vendor.answer = answers()
    half = {name: str(Decimal(usd) / 2) for name, usd in vendor.prices.items()}
    seat = _seat(random, alias, "anthropic" if name == "anthropic" else "openai", [vendor], half)
    seat.desk = desk
    seat.keys |= {"batch": True, "max_wait_s": 20, **({"api": "responses"} if name == "responses" else {})}
    seat.keys.pop("limits")
    seat.fault_names = [str(fate) for fate in fates[12:]]
    seat.served = lambda: {"base_url": vendor.root_url if name == "anthropic" else vendor.base_url}
    return seat


def gpu_server(random: Random, alias: str) -> Seat:
    lost = [fault for fault in faults.LOST if fault != faults.SILENCE]
    vendors = [
        _vendor(openai_vendor(flavour="vllm"), random, (*lost, faults.ERROR_500, faults.NO_USAGE, *CHOICES))
        for _ in range(random.choice([1, 1, 2]))
    ]
    for number, vendor in enumerate(vendors):
        vendor.answer = answers(number)
    usd_per_hour = random.choice([1.0, 2.5, 10.0])
    seat = _seat(random, alias, "vllm", vendors, None)
    seat.usd_per_hour = usd_per_hour
    seat.keys |= {"gpu_usd_per_hour": usd_per_hour, "sequences": random.choice([4, 16])}
    seat.served = lambda: {"servers": [vendor.base_url for vendor in vendors]}
    return seat


def own_server(random: Random, alias: str) -> Seat:
    """The run starts and stops it: it dies, doesn't listen to TERM, or leaves a child."""
    vendor = _vendor(openai_vendor(flavour="vllm"), random, (faults.ERROR_500, faults.NO_USAGE, *CHOICES))
    vendor.models = ("m",)
    usd_per_hour = random.choice([1.0, 2.5, 10.0])
    seat = _seat(random, alias, "vllm", [vendor], None)
    seat.own, seat.usd_per_hour = True, usd_per_hour
    seat.lease_s = 150.0  # two minutes of loading, the stop, and a term
    seat.keys |= {"gpu_usd_per_hour": usd_per_hour, "sequences": random.choice([4, 16])}
    some = [f"loads={random.uniform(0, 1):.2f}", f"dies={random.choice([0.01, 0.1])}", "starts=0.2"]
    some += ["deaf=1", "engine=1"]
    seat.faults = tuple(random.sample(some, random.randint(0, 3)))
    grace_s = random.choice([0, 0.5, 2])

    def served() -> dict[str, Any]:
        port = vendor.root_url.rpartition(":")[2]
        command = [sys.executable, str(RELAY), "{port}", port, *seat.faults]
        return {"serve": {"command": command, "stop_grace_s": grace_s}}

    seat.served = served
    seat.fault_names += seat.faults
    return seat


def twin(alias: str, seat: Seat) -> Seat:
    """Another model on the same servers."""
    if seat.own:
        return replace(seat, alias=alias, keys={**seat.keys, "temperature": 0.5})
    keys = {**seat.keys, "model": f"{seat.keys['model']}-twin"}
    return replace(seat, alias=alias, keys=keys)


def scorer(random: Random) -> Vendor:
    """A reward model's vendor."""
    kinds = [fault for fault in COMMON if fault not in (*SILENT, faults.NO_USAGE, faults.WRONG_USAGE)]
    vendor = score_vendor(prices={"input": "0.1", "output": "0"})
    slow = random.uniform(0, TIMEOUT_S / 10)
    vendor.latency = lambda _: slow
    vendor.fault_rates = dict.fromkeys(random.sample(kinds, 2), 0.05)
    return vendor


KINDS: list[tuple[int, Callable[[Random, str], Seat]]] = [
    (4, openai_compatible),
    (2, streamed),
    (2, stating),
    (1, openai),
    (1, anthropic),
    (2, batched),
    (2, gpu_server),
    (1, agent),
    (2, own_server),
]
"""(weight, how it is drawn)."""


def draw(random: Random, count: int) -> list[Seat]:
    weights = [weight for weight, _ in KINDS]
    kinds = random.choices([kind for _, kind in KINDS], weights, k=count)
    found = [kind(random, f"m{place}") for place, kind in enumerate(kinds)]
    paid = [seat for seat in found if seat.usd_per_hour is not None]
    if paid and random.random() < 0.5:
        found.append(twin(f"m{count}", random.choice(paid)))
    return found


def _vendor(vendor: Vendor, random: Random, possible: tuple[Fault, ...]) -> Vendor:
    """With a few kinds of fault at random instants."""
    slow = random.uniform(0, TIMEOUT_S / 10)
    waits = Random(random.random())
    vendor.answer = answers()
    vendor.latency = lambda _: waits.uniform(0, slow)
    vendor.fault_rates = {
        fault: random.uniform(0.005, 0.02 if fault in SILENT else 0.1)
        for fault in random.sample(possible, random.randint(0, 4))
    }
    return vendor


def _seat(
    random: Random, alias: str, provider: str, vendors: list[Vendor], prices: dict[str, str] | None
) -> Seat:
    keys: dict[str, Any] = {
        "provider": provider,
        "model": "m",
        "timeout_s": TIMEOUT_S,
        "max_attempts": random.choice([3, 8]),
        "max_wait_s": 20,
        "limits": {"concurrency": random.choice([1, 4, 16])},
    }
    if prices is not None:
        keys["price"] = {name: float(usd) for name, usd in prices.items()}
    if provider in ("openai-compatible", "vllm"):
        keys["max_n"] = random.choice([1, 2, 8])
    kinds = sorted({fault.kind for vendor in vendors for fault in vendor.fault_rates})
    return Seat(alias, keys, vendors, served=dict, fault_names=kinds)


def _plant(random: Random, seat: Seat) -> None:
    """In some sweeps one reply is above its bound: it alone may exceed the budget, by what it costs."""
    if random.random() < 0.15:
        fault = random.choice(PLANTED)
        (vendor,) = seat.vendors
        vendor.faults.extend([*[None] * random.randint(0, 20), fault])
        tokens = 2 * int(fault.value or 8 * 64)
        rates = [int(Decimal(usd) * 10**6) for usd in vendor.prices.values()]
        seat.excess = tokens * max(rates)
        seat.fault_names.append(f"planted {fault.kind}")
