"""Dollars as people read them. For showing alone: sums are made in whole pico-dollars."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from pricing.types import PICO_PER_USD

_CENT = Decimal("0.01")
_DIGITS = 3
_WHOLE_CENTS_FROM = Decimal("0.9995")


def usd(pico: Fraction | Decimal | float) -> str:
    """Pico-dollars as $1,234.50, $1.23, $0.50, $0.123, $0.0042, $0, -$1.23: whole cents from a dollar on, three
    significant digits below, without zeros that say nothing. Amounts of which there are many, and which have many
    zeros, are for `per_thousand`."""
    amount = _decimal(pico) / PICO_PER_USD
    if not amount.is_finite():
        return "?"
    sign, amount = ("-" if amount < 0 else ""), abs(amount)
    if amount == 0:
        return "$0"
    if amount >= _WHOLE_CENTS_FROM:
        return f"{sign}${amount.quantize(_CENT, ROUND_HALF_EVEN):,f}"
    rounded = amount.quantize(Decimal(1).scaleb(amount.adjusted() - _DIGITS + 1), ROUND_HALF_EVEN).normalize()
    return f"{sign}${rounded.quantize(_CENT) if rounded == rounded.quantize(_CENT) else rounded:f}"


def per_thousand(pico: Fraction | Decimal | float) -> str:
    """Of one among many (a sample, a problem), as dollars of a thousand."""
    return usd(1000 * pico)


def _decimal(value: Fraction | Decimal | float) -> Decimal:
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    return Decimal(value)
