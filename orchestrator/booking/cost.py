"""What a reply costs by its counts or by its stated cost; or why that can't be known. Pure."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.booking.counts import contradiction, written
from pricing.cost import cost_and_input_pico
from pricing.tiers import tier_price
from pricing.types import Price, Tokens, Unpriceable
from providers.types import Reply, StatedCost, Usage

ABSURD_PICO = 10**16
"""Ten thousand dollars. A reply that costs more, and more than its bound, was counted wrong: a few of them would not
fit the ledger's whole numbers."""
NO_USAGE = "a reply without usage: it is counted at the most it can cost"


class UnknownCost(Exception):  # noqa: N818 - reads as what it is
    """What a reply cost is unknown, so it is presumed at its worst case. `kind` is the ledger's word for why;
    `unbounded`: no bound holds for the model's next replies either."""

    def __init__(self, kind: str, message: str, *, unbounded: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.unbounded = unbounded


class Cost(NamedTuple):
    """Pico-dollars."""

    total: int
    """What is booked: the larger of the price's and of what the vendor states."""
    own: int
    """What the price gives …"""
    own_input: int
    """… and what of it is input."""

    @property
    def is_stated(self) -> bool:
        return self.total > self.own


def cost_of(
    reply: Reply,
    usage: Usage | None,
    *,
    price: Price,
    provider: str,
    batch: bool,
    worst_pico: int,
    generates: bool,
) -> Cost:
    """`worst_pico`: what was reserved; `generates`: whether its texts count as output. Raises UnknownCost."""
    if usage is None:
        raise UnknownCost("NoUsage", NO_USAGE)
    texts, text_bytes = written(reply.choices) if generates else (0, 0)
    # Where nothing was reserved nothing is billed by counts.
    wrong = contradiction(
        input_tokens=usage.input, output_tokens=usage.output, texts=texts, text_bytes=text_bytes
    )
    if wrong and worst_pico:
        raise UnknownCost(
            "BadCounts", f"its counts contradict its texts ({wrong}): it is counted at the most it can cost"
        )
    try:
        found = tier_price(
            price,
            provider=provider,
            service_tier=reply.service_tier,
            inference_geo=reply.inference_geo,
            speed=reply.speed,
            batch=batch,
        )
    except Unpriceable as error:
        raise UnknownCost("Unpriced", f"its worst case can't be bounded: {error}", unbounded=True) from error
    most = max(ABSURD_PICO, worst_pico)
    try:
        own, own_input = cost_and_input_pico(found, tokens_of(usage))
    except ValueError as error:
        raise UnknownCost(
            "BadCounts", f"usage that makes no sense; counted at the most it can cost: {error}"
        ) from error
    if own > most:
        counts = f"{usage.input} tokens in, {usage.output} out"
        raise UnknownCost(
            "BadCounts", f"usage that makes no sense; counted at the most it can cost: {counts}"
        )
    return Cost(max(own, _stated_pico(reply.stated_cost, most)), own, own_input)


def _stated_pico(stated: StatedCost | None, most: int) -> int:
    if stated is None:
        return 0
    if stated.pico is None or stated.pico > most:
        message = (
            f"its {stated.name} can't be a reply's cost ({stated.said}): counted at the most it can cost"
        )
        raise UnknownCost("BadCost", message)
    return stated.pico


def difference(cost: Cost, stated: StatedCost | None) -> str | None:
    """What to say if price and vendor differ by more than a hundredth."""
    if stated is None or stated.pico is None or abs(stated.pico - cost.own) * 100 <= cost.own:
        return None
    if cost.is_stated:
        return f"its own {stated.name} is above what its price gives: that is booked, and more is reserved from here on"
    return f"its own {stated.name} is below what its price gives: the price's is booked"


def tokens_of(usage: Usage) -> Tokens:
    return Tokens(usage.input, usage.output, usage.cached, usage.cache_write, usage.cache_write_1h)
