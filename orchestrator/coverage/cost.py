"""What samples and passes cost. All in the axis' own unit (dollars, tokens, seconds), as floats for showing; sums of
money were made before, in whole pico-dollars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.coverage import bootstrap

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mean_cost(cost: NDArray[Any], costed: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each problem's mean cost of a sample; nan if no sample's cost is known."""
    return np.where(costed > 0, cost / np.maximum(costed, 1), np.nan)


def cost_of_k(sample_cost: NDArray[np.float64], ks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean over problems of k × the problem's mean cost of a sample, (ks,). Not k × total over samples: problems with
    more samples would weigh more."""
    if not len(sample_cost):
        return np.full(len(ks), np.nan)
    return ks * sample_cost.mean()


def cost_band(
    sample_cost: NDArray[np.float64], ks: NDArray[np.int64], clusters: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% band of cost_of_k over problems, the same draws as coverage's; (ks,) each, nan without problems. Samples of
    a problem are not drawn anew, so one problem gives a point."""
    if not len(sample_cost):
        nothing = np.full(len(ks), np.nan)
        return nothing, nothing
    low, high = bootstrap.quantiles(bootstrap.resampled_means(sample_cost[:, None], clusters=clusters))
    mean = float(sample_cost.mean())  # equal costs: sums in another order differ by a hair
    k = ks.astype(np.float64)
    return k * min(float(low[0]), mean), k * max(float(high[0]), mean)


def paid_band(
    paid: NDArray[np.float64], clusters: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% band over problems of their mean. `paid`: a problem's cost at every k, (problems, ks)."""
    low, high = bootstrap.quantiles(bootstrap.resampled_means(paid, clusters=clusters))
    mean = paid.mean(axis=0)
    return np.minimum(low, mean), np.maximum(high, mean)


def cost_of_pass_band(
    total: NDArray[np.float64], passes: NDArray[Any], clusters: NDArray[np.int64] | None = None
) -> tuple[float, float]:
    """95% band over problems of all that was paid over all passes. `total`, `passes`: of each problem. inf if the
    drawn problems have no pass; nan without problems."""
    if not len(total):
        return float("nan"), float("nan")
    drawn = bootstrap.resampled_means(np.column_stack([total, passes.astype(np.float64)]), clusters=clusters)
    ratio = np.divide(drawn[:, 0], drawn[:, 1], out=np.full(len(drawn), np.inf), where=drawn[:, 1] > 0)
    tail = (1 - bootstrap.LEVEL) / 2  # not between two draws, one of which may be inf
    found = np.quantile(ratio, [tail, 1 - tail], method="closest_observation")
    return float(found[0]), float(found[1])


def cost_of_pass(total: float, passes: int) -> float | None:
    """All that was paid over all passes."""
    return total / passes if passes else None


def cost_of_pass_problem_mean(
    sample_cost: NDArray[np.float64], n: NDArray[np.int64], c: NDArray[np.int64]
) -> float | None:
    """Mean over problems of mean cost over pass rate (Erol et al. 2025, arXiv 2504.13359). None if a problem has no
    pass: its term is infinite."""
    if not len(n) or np.any(c == 0):
        return None
    return float(np.mean(sample_cost * n / c))
