"""By how much a vendor bills more than a model's price gives: later reservations are multiplied by it. In millionths,
whole numbers rounded up. Pure."""

from __future__ import annotations

ONE = 10**6
LARGEST = 10**12
"""A million times the price: what is more can't be bounded by it."""


def cost_ratio(billed_pico: int, own_pico: int) -> int | None:
    """The ratio in millionths, at least ONE; None if no multiple of the price bounds what is billed."""
    if billed_pico <= own_pico:
        return ONE
    if own_pico <= 0:
        return None
    ratio = -(-billed_pico * ONE // own_pico)
    return ratio if ratio <= LARGEST else None


def times_ratio(pico: int, ratio: int) -> int:
    """Rounded up."""
    return -(-pico * ratio // ONE)
