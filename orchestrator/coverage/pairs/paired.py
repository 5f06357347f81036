"""Do two models pass alike? Their pass rates on the same problems, compared problem by problem."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import clusters as of_clusters
from orchestrator.coverage.bootstrap import quantiles, resampled_means

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FLIPS = 10_000
SEED = 20240731
_NORMAL = 1.96
_TOLD = _NORMAL + 0.84
"""Standard errors that are told from 0 in 80% of cases."""
_HEADS = 6
_LEAST = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Mean over problems of one model's pass rate less the other's, with its 95% band over problems, and the share
    of sign flips at least as far from 0 (`p_value`; null hypothesis: neither is better on any problem)."""

    problems: int
    mean: float
    low: float
    high: float
    p_value: float
    needed: int | None
    """Problems on which a difference as large as the mean is told in 80% of cases; None without a difference."""


def difference(
    one: NDArray[np.float64], other: NDArray[np.float64], clusters: NDArray[np.int64] | None = None
) -> Difference | None:
    """`one`, `other`: pass rates, (problems,), the same problems in the same order; None without problems.

    The band resamples problems, and is at least as wide as the normal one. The test flips the signs of the problems'
    differences at random (a paired permutation test: Good, Permutation Tests, 1994), all of them if there are few
    enough. `clusters`: which one each problem is of; whole clusters are then drawn and flipped."""
    if not len(one):
        return None
    gaps = one - other
    low, high = quantiles(resampled_means(gaps[:, None], clusters=clusters))
    mean, least = float(gaps.mean()), _NORMAL * float(np.sqrt(_spread(gaps) / len(gaps)))
    return Difference(
        problems=len(gaps),
        mean=mean,
        low=max(min(float(low[0]), mean - least), -1.0),
        high=min(max(float(high[0]), mean + least), 1.0),
        p_value=_p_value(gaps if clusters is None else of_clusters.summed(gaps[:, None], clusters)[:, 0]),
        needed=_needed(gaps),
    )


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979): the least level at which each is said if all are said at once."""
    found = [1.0] * len(p_values)
    most = 0.0
    for rank, (_, at) in enumerate(sorted((value, at) for at, value in enumerate(p_values))):
        most = max(most, min(1.0, (len(p_values) - rank) * p_values[at]))
        found[at] = most
    return found


def _needed(gaps: NDArray[np.float64]) -> int | None:
    """As many as the normal test asks for at 5%, and at least six that differ: five heads in a row are chance."""
    mean = abs(float(gaps.mean()))
    if mean < _LEAST:
        return None
    differ = int(np.count_nonzero(gaps)) / len(gaps)
    return int(np.ceil(max((_TOLD / mean) ** 2 * _spread(gaps), _HEADS / differ)))


def _spread(gaps: NDArray[np.float64]) -> float:
    """Their variance, never less than what one problem more that differs would make it: draws of few problems that are
    all alike show none."""
    return float(gaps.var()) + 1 / len(gaps)


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
