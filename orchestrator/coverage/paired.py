"""Do two models pass alike? Their pass rates on the same problems, compared problem by problem."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.bootstrap import quantiles, resampled_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLIPS = 10_000
SEED = 20240731


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Mean over problems of one model's pass rate less the other's, with its 95% band over problems, and the share
    of sign flips at least as far from 0 (`p_value`; null hypothesis: neither is better on any problem)."""

    problems: int
    mean: float
    low: float
    high: float
    p_value: float


def difference(
    n_one: NDArray[np.int64], c_one: NDArray[np.int64], n_other: NDArray[np.int64], c_other: NDArray[np.int64]
) -> Difference | None:
    """All of shape (problems,), the same problems in the same order, every n at least 1; None without problems.

    The band resamples problems. The test flips the signs of the problems' differences at random (a paired
    permutation test: Good, Permutation Tests, 1994), all of them if there are few enough."""
    if not len(n_one):
        return None
    gaps = c_one / n_one - c_other / n_other
    low, high = quantiles(resampled_means(gaps[:, None]))
    return Difference(
        problems=len(gaps),
        mean=float(gaps.mean()),
        low=float(low[0]),
        high=float(high[0]),
        p_value=_p_value(gaps),
    )


def _p_value(gaps: NDArray[np.float64]) -> float:
    told = gaps[gaps != 0]
    if not len(told):
        return 1.0
    seen = abs(told.sum()) - 1e-12
    if 2 ** len(told) <= FLIPS:
        signs = np.array(list(product((1.0, -1.0), repeat=len(told))), np.float64)
        return int(np.sum(np.abs(signs @ told) >= seen)) / len(signs)
    generator = np.random.default_rng(SEED)
    extreme = 0
    for _ in range(10):
        signs = generator.integers(0, 2, (FLIPS // 10, len(told)), np.int8) * 2 - 1
        extreme += int(np.sum(np.abs(signs @ told) >= seen))
    return (extreme + 1) / (FLIPS + 1)
