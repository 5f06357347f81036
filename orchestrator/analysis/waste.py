"""Dollars that brought no sample, and when they are worth a line."""

from __future__ import annotations

WORTH_A_WARNING = 0.01
"""Share of a model's dollars."""


def waste_warning(wasted: int, paid: int) -> str | None:
    """`wasted`: presumed, or billed in vain; `paid`: all that was settled or presumed; pico-dollars."""
    if not paid or wasted / paid <= WORTH_A_WARNING:
        return None
    return f"{wasted / paid:.1%} of its dollars brought no sample (presumed, or billed in vain)"
