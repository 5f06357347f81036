"""Money that bought no sample, and when it is worth a line."""

from __future__ import annotations

from orchestrator.text.money import usd

WORTH_A_WARNING = 0.01
"""Share of a model's dollars."""


def waste_warning(alias: str, presumed: int, unused: int, paid: int, *, stood: int = 0) -> str | None:
    """`unused`: billed for no sample, `stood` of it while a server of its own had no request; `paid`: all that was
    settled or presumed; pico-dollars."""
    wasted = presumed + unused
    if not paid or wasted / paid <= WORTH_A_WARNING:
        return None
    parts = [
        f"{usd(pico)} for requests that {what}"
        for pico, what in (
            (presumed, "may have been billed"),
            (unused - stood, "were billed without a usable sample"),
        )
        if pico
    ]
    if stood:
        parts.append(f"{usd(stood)} for the time that its server loaded or idled")
    return f"{wasted / paid:.1%} of {alias}'s money bought nothing: {', '.join(parts)}"
