"""What a vendor's reply says it cost, exact. Pure.

OpenRouter: `usage.cost` in dollars (credits); if the key behind it is the user's own (`is_byok`) that is its fee
alone, and `cost_details.upstream_inference_cost` is billed besides. xAI: `usage.cost_in_usd_ticks`, of 1e-10 $.
Perplexity's `usage.cost` is an object, whose `total_cost` is the same figure.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import ceil

from providers.reading.error_text import one_line
from providers.reading.lenient_json import as_object
from providers.types import StatedCost

PICO_PER_USD = 10**12
PICO_PER_TICK = 100
PLACES = 400
"""Of a figure, on either side of its point; one that has more is no sum of money."""


def read_cost(usage: object) -> StatedCost | None:
    """None if nothing is stated. Of several figures the largest, or the first that is no sum of money."""
    fields = as_object(usage)
    costs: list[StatedCost] = []
    cost = fields.get("cost")
    if parts := as_object(cost):
        cost = parts.get("total_cost", cost)
    if cost is not None:
        upstream = as_object(fields.get("cost_details")).get("upstream_inference_cost")
        parts = [cost, upstream] if fields.get("is_byok") is True and upstream is not None else [cost]
        costs.append(_sum("usage.cost", parts, PICO_PER_USD))
    if (ticks := fields.get("cost_in_usd_ticks")) is not None:
        costs.append(_sum("usage.cost_in_usd_ticks", [ticks], PICO_PER_TICK))
    return next((one for one in costs if one.pico is None), None) or max(
        costs, key=lambda one: one.pico or 0, default=None
    )


def _sum(name: str, parts: list[object], unit: int) -> StatedCost:
    said = one_line(" + ".join(str(part) for part in parts))[:60]
    amounts = [_amount(part) for part in parts]
    if None in amounts:
        return StatedCost(name=name, said=said, pico=None)
    total = sum((amount for amount in amounts if amount is not None), Fraction(0))
    return StatedCost(name=name, said=said, pico=ceil(total * unit))


def _amount(value: object) -> Fraction | None:
    """A sum of money, 0 or more; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        amount = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        return None
    exponent = amount.as_tuple().exponent
    if not amount.is_finite() or amount < 0 or not isinstance(exponent, int):
        return None
    return Fraction(amount) if abs(exponent) <= PLACES and abs(amount.adjusted()) <= PLACES else None
