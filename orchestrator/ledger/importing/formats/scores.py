"""Another tool's score as a verdict: right, wrong, or a number that `--pass-at` judges."""

from __future__ import annotations

from math import isfinite, isnan
from typing import Any

from orchestrator.ledger.importing.line import MAX_SCORE, Wrong, kind_of

_RIGHT = frozenset(["c", "correct", "yes", "true"])
_WRONG = frozenset(["i", "n", "incorrect", "no", "false"])
_HALF = "p"


def verdict(value: Any, pass_at: float | None) -> tuple[int | None, float | None]:
    """(passed, score). A score that is NaN was not given: no verdict. Raises Wrong."""
    if value is None:
        return None, None
    if isinstance(value, bool):
        return int(value), None
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _RIGHT:
            return 1, None
        if word in _WRONG:
            return 0, None
        value = 0.5 if word == _HALF else _number(value)
    if not isinstance(value, int | float):
        raise Wrong(
            f"is {kind_of(value)}, and a verdict is one value", "choose a scorer that gives a single value"
        )
    number = float(value)
    if isnan(number):
        return None, None
    if not isfinite(number) or abs(number) > MAX_SCORE:
        raise Wrong("is a number out of range", "a score is a finite number")
    if pass_at is not None:
        return int(number >= pass_at), number
    return (int(number), None) if number in (0, 1) else (None, number)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Wrong(
            f"is {text[:40]!r}, which is neither right nor wrong", "C, I, P, N, true, false or a number"
        ) from None
