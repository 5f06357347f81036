"""How long a request may take."""

from __future__ import annotations

LONGEST_TIMEOUT_S = 3600.0


def timeout_s(stated_s: float | None, n: int, max_tokens: int) -> float:
    """As stated, else 120 s and a second for every 20 tokens asked for, at most an hour."""
    return min(LONGEST_TIMEOUT_S, 120 + n * max_tokens / 20) if stated_s is None else stated_s
