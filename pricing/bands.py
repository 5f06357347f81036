"""Bands of rates: which holds, the most expensive of several, and a multiple."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from pricing.types import Band, Rates


def rates_at(bands: Sequence[Band], input_tokens: int) -> Rates:
    """The rates for a request of so much input. Raises ValueError if no band holds."""
    for band in reversed(bands):
        if band.from_input_tokens <= input_tokens:
            return band.rates
    raise ValueError(f"the price has no band for {input_tokens} input tokens")


def most_expensive_bands(tables: Iterable[Sequence[Band]]) -> tuple[Band, ...]:
    """At every input size the most expensive of each rate."""
    rows = list(tables)
    starts = sorted({band.from_input_tokens for table in rows for band in table})
    return tuple(
        Band(from_input_tokens=start, rates=_most_expensive([rates_at(table, start) for table in rows]))
        for start in starts
    )


def times(bands: Sequence[Band], factor: Decimal) -> tuple[Band, ...]:
    """Every rate times `factor`, exact."""
    return tuple(
        Band(
            from_input_tokens=band.from_input_tokens,
            rates=Rates(**{key: getattr(band.rates, key) * factor for key in Rates.__slots__}),
        )
        for band in bands
    )


def _most_expensive(rows: Sequence[Rates]) -> Rates:
    return Rates(**{key: max(getattr(row, key) for row in rows) for key in Rates.__slots__})
