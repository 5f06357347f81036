"""What a comparison can tell before it is made: the least difference that so many problems show in 80% of cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.pairs.simultaneous import LEVEL
from orchestrator.coverage.special import ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POWER = 0.84
"""The normal's 80% quantile."""
_MIDDLE, _DEVIATION, _APART = -1.0, 2.0, 0.7
"""Difficulty as it is assumed: logit-normal over problems, and how far two models' own strengths are from it."""
_SEED, _PROBLEMS = 20240731, 20_000


def least_difference(problems: int, samples: tuple[int, int], rows: int) -> float:
    """In coverage, at most 1. `samples`: a problem's, of the two models; `rows`: comparisons said at once (the limit is
    Šidák's, nearly that of step-down max-t). The spread is what two such models' samples would have."""
    generator = np.random.default_rng(_SEED)
    base = generator.normal(_MIDDLE, _DEVIATION, _PROBLEMS)
    solved = [
        generator.random(_PROBLEMS) < 1 - (1 - _rate(base + generator.normal(0, _APART, _PROBLEMS))) ** k
        for k in samples
    ]
    gaps = solved[0].astype(np.float64) - solved[1]
    variance = float(gaps.var()) + 1 / problems
    return min(1.0, (_limit(rows) + _POWER) * float(np.sqrt(variance / problems)))


def _rate(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-logit))


def _limit(rows: int) -> float:
    """Standard errors beyond which none of so many independent equal rows strays, but for 5%."""
    each = (1 - LEVEL) ** (1 / max(rows, 1))
    at = np.linspace(0, 8, 80_001)
    return float(at[np.searchsorted(2 * ndtr(at) - 1, each)])
