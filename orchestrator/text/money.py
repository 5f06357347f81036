"""Dollars as people read them. For showing alone: sums are made in whole pico-dollars."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from pricing.types import PICO_PER_USD

_CENT = Decimal("0.01")
_DIGITS = 3
_WHOLE_CENTS_FROM = Decimal("0.9995")
_SCIENTIFIC_BELOW = Decimal("0.0001")
"""Below a hundredth of a cent the zeros can't be counted at a glance."""


def usd(pico: Fraction | Decimal | float) -> str:
    """Pico-dollars as $1,234.50, $1.23, $0.50, $0.123, $0.0042, $3.1e-5, $0, -$1.23: whole cents from a dollar on,
    three significant digits below, without zeros that say nothing."""
    amount = _decimal(pico) / PICO_PER_USD
    if not amount.is_finite():
        return "?"
    sign, amount = ("-" if amount < 0 else ""), abs(amount)
    if amount == 0:
        return "$0"
    if amount >= _WHOLE_CENTS_FROM:
        return f"{sign}${amount.quantize(_CENT, ROUND_HALF_EVEN):,f}"
    rounded = amount.quantize(Decimal(1).scaleb(amount.adjusted() - _DIGITS + 1), ROUND_HALF_EVEN).normalize()
    if rounded < _SCIENTIFIC_BELOW:
        exponent = rounded.adjusted()
        return f"{sign}${rounded.scaleb(-exponent):f}e{exponent}"
    return f"{sign}${rounded.quantize(_CENT) if rounded == rounded.quantize(_CENT) else rounded:f}"


def _decimal(value: Fraction | Decimal | float) -> Decimal:
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    return Decimal(value)
