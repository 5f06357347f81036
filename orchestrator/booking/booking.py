"""From a reply to what the ledger books: the request's dollars and each sample's share of them. No I/O.

Of one request with n samples the input is shared equally; the output goes by each sample's own tokens if the
server tells them, else equally. Shares are whole tokens and pico-dollars by largest remainder, lowest index first,
so that they sum to the request's exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from orchestrator.booking.cost import Cost, UnknownCost, cost_of, difference
from orchestrator.booking.cost_ratio import ONE, cost_ratio, times_ratio
from orchestrator.booking.server_share import Share
from orchestrator.ledger.writing.rows import SampleRow, Settlement
from pricing.cost import share_pico, split_equally, split_pico
from pricing.types import Price
from providers.errors import Lost
from providers.reading.error_text import one_line
from providers.types import Choice, Reply, Usage

OVER_OUTPUT = "a reply held more output than max_tokens asks for: its worst case can't be bounded"
_UNKNOWN = (None, None, None, None)
ABOVE_ANY_BOUND = "it bills what its price does not give, or more than a million times that: state its price"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What booking needs to know of the request that was sent."""

    request_id: int
    model_id: int
    problem_id: int
    indices: tuple[int, ...]
    max_tokens: int
    input_bound: int
    """Input tokens that the reservation covered."""
    worst_pico: int
    provider: str
    price: Price
    cost_basis: str
    """usage | batch | gpu_time | replayed"""
    server: str
    stop_rule: str
    batch: bool = False
    """Whether it was one of a batch, which has a price of its own and no latency worth telling."""
    lease_id: int | None = None
    cost_ratio: int = ONE
    """What its reservation was multiplied by, in millionths."""


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """A reply, booked. `warning` names what the user should know of it."""

    outcome: Settlement
    arrived: int
    missing: tuple[int, ...]
    broken_off: tuple[str, ...] = ()
    """Why the server broke off those of the missing that it began: their finish_reason."""
    unbounded: str | None = None
    """Why this model's worst case can't be bounded: it stops."""
    extra_input_tokens: int = 0
    """Input above its bound."""
    cost_ratio: int
    """By what reservations of this model are to be multiplied from here on, in millionths."""
    warning: str | None = None

    @property
    def why_missing(self) -> tuple[str, str]:
        """(the ledger's word, a sentence) for the samples that it lacks."""
        if self.broken_off:
            return (
                "BrokenOff",
                f"the server broke the reply off (finish_reason {one_line(self.broken_off[0])[:60]})",
            )
        return "missing", "not in the reply"

    def shows_bound(self, attempt: Attempt) -> bool | None:
        """Whether its counts show that the model's bound holds; None if that can't be known."""
        if self.outcome.state != "settled" or self.outcome.lease_id is not None:
            return None
        above = self.unbounded or self.extra_input_tokens or self.cost_ratio > attempt.cost_ratio
        return not above


def book(reply: Reply, attempt: Attempt, ended_at: float, *, share: Share | None = None) -> Booked:
    """Settles a reply whose cost is known, presumes one whose cost is not; its samples are kept either way.
    `share`: its share of the server's time if that is what is paid."""
    indices = attempt.indices
    asked = len(indices)
    choices = [c for c in reply.choices if 0 <= c.index < asked]
    broken_off: tuple[str, ...] = ()
    missing: tuple[int, ...] = ()
    arrived = {indices[c.index] for c in choices if not c.broken_off}
    if len(arrived) < asked:
        missing = tuple(i for i in indices if i not in arrived)
    if len(arrived) < len(choices):
        broken_off = tuple(c.finish_reason or "an error" for c in choices if c.broken_off)
    usage = reply.usage if reply.usage is not None else _told(choices)
    over = usage.output > asked * attempt.max_tokens
    try:
        cost = _cost(reply, attempt) if share is None else Cost(share.pico, share.pico, 0)
    except UnknownCost as error:
        return Booked(
            outcome=_presumed(reply, attempt, choices, ended_at, error),
            arrived=len(arrived),
            missing=missing,
            broken_off=broken_off,
            unbounded=error.message if error.unbounded else OVER_OUTPUT if over else None,
            cost_ratio=attempt.cost_ratio,
            warning=error.message,
        )
    outcome = _settled(reply, usage, attempt, choices, cost, ended_at)
    if share is not None:
        outcome = replace(outcome, lease_id=attempt.lease_id, leased_pico=share.leased)
    extra = max(0, usage.input - attempt.input_bound) if share is None else 0
    ratio = _ratio(cost, attempt, by_counts=over or extra > 0) if share is None else attempt.cost_ratio
    unbounded = OVER_OUTPUT if over else ABOVE_ANY_BOUND if ratio is None else None
    return Booked(
        outcome=outcome,
        arrived=len(arrived),
        missing=missing,
        broken_off=broken_off,
        unbounded=unbounded,
        extra_input_tokens=extra,
        cost_ratio=ratio or attempt.cost_ratio,
        warning="a reply with more output than was asked" if over else difference(cost, reply.stated_cost),
    )


def _cost(reply: Reply, attempt: Attempt) -> Cost:
    return cost_of(
        reply,
        reply.usage,
        price=attempt.price,
        provider=attempt.provider,
        batch=attempt.batch,
        worst_pico=attempt.worst_pico,
        generates=attempt.max_tokens > 0 and attempt.cost_basis != "replayed",
    )


def _ratio(cost: Cost, attempt: Attempt, *, by_counts: bool) -> int | None:
    """The largest multiple of the price that this model was seen to bill; None if none bounds it. `by_counts`: its
    counts alone were above its bound, which is raised for that."""
    if cost.is_stated:
        seen = cost_ratio(cost.total, cost.own)
        return None if seen is None else max(attempt.cost_ratio, seen)
    if by_counts or cost.total <= attempt.worst_pico:
        return attempt.cost_ratio
    # At a tier or a place that costs more than any that was foreseen.
    beyond = cost_ratio(cost.total, attempt.worst_pico)
    return None if beyond is None else times_ratio(attempt.cost_ratio, beyond)


def book_broken(error: Lost, attempt: Attempt, ended_at: float, *, share: Share | None = None) -> Settlement:
    """Books a reply that broke off after some of its samples were whole: they are kept. Nobody knows what the vendor
    bills for it, so it is presumed at its worst case, and its usage so far is written down. A server's time is known,
    and is settled."""
    reply = Reply(choices=error.choices, usage=error.usage, request_id=error.request_id)
    choices = [c for c in reply.choices if 0 <= c.index < len(attempt.indices)]
    if share is not None:
        outcome = book(reply, attempt, ended_at, share=share).outcome
    else:
        outcome = _presumed(reply, attempt, choices, ended_at, UnknownCost("Lost", error.message))
    return replace(outcome, http_status=error.status, error="Lost", error_message=error.message)


def _settled(
    reply: Reply,
    usage: Usage,
    attempt: Attempt,
    choices: list[Choice],
    cost: Cost,
    ended_at: float,
) -> Settlement:
    own, basis = _own_tokens(usage, choices)
    costs, unused = share_pico(cost.own, cost.own_input, own, usage.output)
    is_stated = cost.is_stated
    if is_stated:
        shares = split_pico(cost.total, [*costs, unused] if unused or not costs else costs)
        costs, unused = shares[: len(costs)], sum(shares[len(costs) :])
    for choice, cost_pico in zip(choices, costs, strict=True):
        if choice.broken_off:
            unused += cost_pico
    cost_basis = "stated" if is_stated else attempt.cost_basis
    k = len(choices)
    inputs = (usage.input, usage.cached, usage.cache_write, usage.cache_write_1h)
    samples = _samples(
        attempt,
        choices,
        reply,
        _input_shares(inputs, k),
        own,
        _reasoning_shares(usage, choices, own),
        bases=[basis] * k,
        costs=costs,
        cost_basis=cost_basis,
    )
    return _outcome(
        reply,
        attempt,
        ended_at,
        state="settled",
        settled=cost.total,
        unused=unused,
        cost_basis=cost_basis,
        usage=usage,
        samples=samples,
    )


def _own_tokens(usage: Usage, choices: list[Choice]) -> tuple[list[int], str]:
    """Output tokens by choice, and whether the server reported them or they are an equal split."""
    if len(choices) == 1 and (told := choices[0].output_tokens) is not None and told <= usage.output:
        return [told], "reported"  # as the general case gives it, in a third of the time
    reported = [tokens for c in choices if (tokens := c.output_tokens) is not None]
    if choices and len(reported) == len(choices) and sum(reported) <= usage.output:
        return reported, "reported"
    return (split_equally(usage.output, len(choices)) if choices else []), "split"


def _input_shares(inputs: tuple[int, int, int, int], k: int) -> list[tuple[int, ...]]:
    """Each kind's tokens, by choice."""
    if k == 1:
        return [inputs]
    return list(zip(*(split_equally(tokens, k) for tokens in inputs), strict=True)) if k else []


def _reasoning_shares(usage: Usage, choices: list[Choice], own: list[int]) -> list[int]:
    told = [tokens for c in choices if (tokens := c.reasoning_tokens) is not None]
    if len(told) == len(choices):
        return told
    if not usage.reasoning:
        return [0] * len(choices)
    return split_pico(usage.reasoning, own) if choices else []


def _presumed(
    reply: Reply, attempt: Attempt, choices: list[Choice], ended_at: float, why: UnknownCost
) -> Settlement:
    # Counts that can't be are kept of the request, as what the vendor said; of no sample.
    told = [None if why.kind == "BadCounts" else choice.output_tokens for choice in choices]
    samples = _samples(
        attempt,
        choices,
        reply,
        [],
        told,
        [None if why.kind == "BadCounts" else choice.reasoning_tokens for choice in choices],
        bases=[None if tokens is None else "reported" for tokens in told],
        costs=[0] * len(choices),
        cost_basis="none",
    )
    return _outcome(
        reply,
        attempt,
        ended_at,
        state="presumed",
        presumed=attempt.worst_pico,
        cost_basis="none",
        usage=reply.usage,
        samples=samples,
        error=why.kind,
        message=why.message,
    )


def _samples(
    attempt: Attempt,
    choices: Sequence[Choice],
    reply: Reply,
    inputs: Sequence[tuple[int | None, ...]],
    completion: Sequence[int | None],
    reasoning: Sequence[int | None],
    *,
    bases: Sequence[str | None],
    costs: Sequence[int],
    cost_basis: str,
) -> tuple[SampleRow, ...]:
    """One for each choice that was not broken off. `inputs`: by choice its input tokens, and how many of them were
    cached, written to a cache, and written to it for an hour; () where they are not known."""
    shares = inputs or [_UNKNOWN] * len(choices)
    indices, problem_id, server, rule = attempt.indices, attempt.problem_id, attempt.server, attempt.stop_rule
    latency = None if attempt.batch else reply.latency_s
    rows = [
        SampleRow(  # by position: there may be very many
            problem_id,
            indices[choice.index],
            clean(choice.text),
            choice.finish_reason,
            prompt,
            output,
            cost,
            latency if choice.latency_s is None or attempt.batch else choice.latency_s,
            None if choice.reasoning is None else clean(choice.reasoning),
            cached,
            write,
            write_1h,
            thought,
            basis,
            cost_basis,
            server,
            rule,
        )
        for choice, (prompt, cached, write, write_1h), output, thought, basis, cost in zip(
            choices, shares, completion, reasoning, bases, costs, strict=True
        )
        if not choice.broken_off
    ]
    return tuple(rows)


def _outcome(
    reply: Reply,
    attempt: Attempt,
    ended_at: float,
    *,
    state: str,
    settled: int = 0,
    presumed: int = 0,
    unused: int = 0,
    cost_basis: str,
    usage: Usage | None,
    samples: tuple[SampleRow, ...],
    error: str | None = None,
    message: str | None = None,
) -> Settlement:
    return Settlement(
        request_id=attempt.request_id,
        model_id=attempt.model_id,
        state=state,
        reserved_pico=attempt.worst_pico,
        settled_pico=settled,
        presumed_pico=presumed,
        unused_pico=unused,
        cost_basis=cost_basis,
        prompt_tokens=usage.input if usage else None,
        cached_tokens=usage.cached if usage else None,
        cache_write_tokens=usage.cache_write if usage else None,
        cache_write_1h_tokens=usage.cache_write_1h if usage else None,
        completion_tokens=usage.output if usage else None,
        reasoning_tokens=usage.reasoning if usage else None,
        vendor_model=reply.model,
        vendor_request=reply.request_id,
        service_tier=reply.service_tier,
        inference_geo=reply.inference_geo,
        server_version=reply.server_version,
        http_status=200,
        error=error,
        error_message=message,
        ended_at=ended_at,
        latency_s=None if attempt.batch else reply.latency_s,
        samples=samples,
    )


def _told(choices: list[Choice]) -> Usage:
    """What the choices themselves show, if a server sent no usage and its time is paid."""
    return Usage(input=0, output=sum(c.output_tokens or 0 for c in choices))


def clean(text: str) -> str:
    """Text that SQLite and JSON can hold: lone surrogates, which a vendor's JSON can carry, become U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
