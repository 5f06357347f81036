"""From a reply to what the ledger books: the request's dollars and each sample's share of them. No I/O.

Of one request with n samples the input is shared equally; the output goes by each sample's own tokens where the
server tells them, else equally. Shares are whole tokens and pico-dollars by largest remainder, lowest index first,
so that they sum to the request's exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from orchestrator.booking.server_share import Share
from orchestrator.ledger.writing.rows import SampleRow, Settlement
from pricing.cost import cost_and_input_pico, share_pico, split_equally, split_pico
from pricing.tiers import tier_price
from pricing.types import Price, Tokens, Unpriceable
from providers.errors import Lost
from providers.types import Choice, Reply, Usage

ABSURD_PICO = 10**16
"""Ten thousand dollars. A reply that costs more, and more than its bound, was counted wrong: a few of them would not
fit the ledger's whole numbers."""


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


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """A reply, booked. `warning` names what the user should know of it."""

    outcome: Settlement
    arrived: int
    missing: tuple[int, ...]
    over_output: bool = False
    """More output than was asked: this model's worst case can't be bounded."""
    extra_input_tokens: int = 0
    """Input above its bound."""
    warning: str | None = None


def book(reply: Reply, attempt: Attempt, ended_at: float, *, share: Share | None = None) -> Booked:
    """Settles a reply whose cost is known, presumes one whose cost is not; its samples are kept either way.
    `share`: its share of the server's time where that is what is paid."""
    choices = [c for c in reply.choices if 0 <= c.index < len(attempt.indices)]
    arrived = {attempt.indices[c.index] for c in choices}
    missing = tuple(i for i in attempt.indices if i not in arrived)
    if reply.usage is None and share is None:
        warning = "a reply without usage: it is charged at its bound"
        outcome = _presumed(reply, attempt, choices, ended_at, warning)
        return Booked(outcome=outcome, arrived=len(choices), missing=missing, warning=warning)
    try:
        price = tier_price(
            attempt.price,
            provider=attempt.provider,
            service_tier=reply.service_tier,
            inference_geo=reply.inference_geo,
            speed=reply.speed,
            batch=attempt.batch,
        )
        usage = reply.usage if reply.usage is not None else _told(choices)
        total, input_pico = _cost(price, usage, attempt) if share is None else (share.pico, 0)
    except (Unpriceable, ValueError) as error:
        warning = str(error)
        if not isinstance(error, Unpriceable):
            warning = f"usage that makes no sense is charged at its bound: {error}"
        outcome = _presumed(reply, attempt, choices, ended_at, warning)
        return Booked(
            outcome=outcome,
            arrived=len(choices),
            missing=missing,
            over_output=reply.usage is not None and _is_over(reply.usage, attempt),
            warning=warning,
        )
    outcome = _settled(reply, usage, attempt, choices, total, input_pico, ended_at)
    if share is not None:
        outcome = replace(outcome, lease_id=attempt.lease_id, leased_pico=share.leased)
    over = _is_over(usage, attempt)
    return Booked(
        outcome=outcome,
        arrived=len(choices),
        missing=missing,
        over_output=over,
        extra_input_tokens=max(0, usage.input - attempt.input_bound) if share is None else 0,
        warning="a reply with more output than was asked" if over else None,
    )


def _cost(price: Price, usage: Usage, attempt: Attempt) -> tuple[int, int]:
    """(what it costs, what of it is input). Raises ValueError for counts that contradict each other, or are absurd."""
    total, input_pico = cost_and_input_pico(price, _tokens(usage))
    if total > max(ABSURD_PICO, attempt.worst_pico):
        raise ValueError(f"{usage.input} tokens in, {usage.output} out")
    return total, input_pico


def _is_over(usage: Usage, attempt: Attempt) -> bool:
    return usage.output > len(attempt.indices) * attempt.max_tokens


def book_broken(error: Lost, attempt: Attempt, ended_at: float, *, share: Share | None = None) -> Settlement:
    """Books a reply that broke off after some of its samples were whole: they are kept. What the vendor bills for it
    nobody knows, so it is presumed at its bound, and its usage so far is written down; a server's time is known, and
    settled."""
    reply = Reply(choices=error.choices, usage=error.usage, request_id=error.request_id)
    choices = [c for c in reply.choices if 0 <= c.index < len(attempt.indices)]
    if share is not None:
        outcome = book(reply, attempt, ended_at, share=share).outcome
    else:
        outcome = _presumed(reply, attempt, choices, ended_at, error.message)
    return replace(outcome, http_status=error.status, error="Lost", error_message=error.message)


def _settled(
    reply: Reply,
    usage: Usage,
    attempt: Attempt,
    choices: list[Choice],
    total: int,
    input_pico: int,
    ended_at: float,
) -> Settlement:
    own, basis = _own_tokens(usage, choices)
    costs, unused = share_pico(total, input_pico, own, usage.output)
    k = len(choices)
    inputs = (usage.input, usage.cached, usage.cache_write, usage.cache_write_1h)
    samples = _samples(
        attempt,
        choices,
        reply,
        [split_equally(tokens, k) for tokens in inputs] if k else [],
        own,
        _reasoning_shares(usage, choices, own),
        bases=[basis] * k,
        costs=costs,
        cost_basis=attempt.cost_basis,
    )
    return _outcome(
        reply,
        attempt,
        ended_at,
        state="settled",
        settled=total,
        unused=unused,
        cost_basis=attempt.cost_basis,
        usage=usage,
        samples=samples,
    )


def _own_tokens(usage: Usage, choices: list[Choice]) -> tuple[list[int], str]:
    """Output tokens by choice, and whether the server told them or they are an equal split."""
    told = [c.output_tokens for c in choices]
    reported = [t for t in told if t is not None]
    if choices and len(reported) == len(choices) and sum(reported) <= usage.output:
        return reported, "reported"
    return (split_equally(usage.output, len(choices)) if choices else []), "split"


def _reasoning_shares(usage: Usage, choices: list[Choice], own: list[int]) -> list[int]:
    told = [c.reasoning_tokens for c in choices if c.reasoning_tokens is not None]
    if len(told) == len(choices):
        return told
    return split_pico(usage.reasoning, own) if choices else []


def _presumed(reply: Reply, attempt: Attempt, choices: list[Choice], ended_at: float, why: str) -> Settlement:
    told = [choice.output_tokens for choice in choices]
    samples = _samples(
        attempt,
        choices,
        reply,
        [],
        told,
        [choice.reasoning_tokens for choice in choices],
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
        error="Unpriced" if reply.usage else "NoUsage",
        message=why,
    )


def _samples(
    attempt: Attempt,
    choices: Sequence[Choice],
    reply: Reply,
    inputs: Sequence[Sequence[int]],
    completion: Sequence[int | None],
    reasoning: Sequence[int | None],
    *,
    bases: Sequence[str | None],
    costs: Sequence[int],
    cost_basis: str,
) -> tuple[SampleRow, ...]:
    """`inputs`: each kind's tokens by sample; () where they are not known."""
    unknown = [(None, None, None, None)] * len(choices)
    shares = zip(*inputs, strict=True) if inputs else unknown
    indices, problem_id, server, rule = attempt.indices, attempt.problem_id, attempt.server, attempt.stop_rule
    latency = None if attempt.batch else reply.latency_s
    return tuple(
        SampleRow(  # by position: there may be very many
            problem_id,
            indices[choice.index],
            clean(choice.text),
            None if choice.reasoning is None else clean(choice.reasoning),
            choice.finish_reason,
            prompt,
            cached,
            write,
            write_1h,
            output,
            thought,
            basis,
            cost,
            cost_basis,
            server,
            rule,
            latency if choice.latency_s is None or attempt.batch else choice.latency_s,
        )
        for choice, (prompt, cached, write, write_1h), output, thought, basis, cost in zip(
            choices, shares, completion, reasoning, bases, costs, strict=True
        )
    )


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
    """What the choices themselves tell, where a server sent no usage and its time is paid."""
    return Usage(input=0, output=sum(c.output_tokens or 0 for c in choices))


def _tokens(usage: Usage) -> Tokens:
    return Tokens(
        input=usage.input,
        output=usage.output,
        cached=usage.cached,
        cache_write=usage.cache_write,
        cache_write_1h=usage.cache_write_1h,
    )


def clean(text: str) -> str:
    """Text that SQLite and JSON can hold: lone surrogates, which a vendor's JSON can carry, become U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
