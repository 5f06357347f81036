"""Money that bought no sample, and when it is worth a line."""

from __future__ import annotations

from orchestrator.text.money import usd

WORTH_A_WARNING = 0.01
"""Share of a model's dollars."""


def waste_warning(alias: str, presumed: int, unused: int, paid: int) -> str | None:
    """`unused`: billed for no sample; `paid`: all that was settled or presumed; pico-dollars."""
    wasted = presumed + unused
    if not paid or wasted / paid <= WORTH_A_WARNING:
        return None
    parts = [
        f"{usd(pico)} for requests that {what}"
        for pico, what in (
            (presumed, "may have been billed"),
            (unused, "were billed without a usable sample"),
        )
        if pico
    ]
    return f"{wasted / paid:.1%} of {alias}'s money bought nothing: {', '.join(parts)}"
