"""What samples and passes cost. All in the axis' own unit (dollars, tokens, seconds), as floats for showing; sums of
money were made before, in whole pico-dollars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mean_cost(cost: NDArray[Any], costed: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each problem's mean cost of a sample; nan where no sample's cost is known."""
    return np.where(costed > 0, cost / np.maximum(costed, 1), np.nan)


def cost_of_k(sample_cost: NDArray[np.float64], ks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean over problems of k × the problem's mean cost of a sample, (ks,). Not k × total over samples: problems with
    more samples would weigh more."""
    if not len(sample_cost):
        return np.full(len(ks), np.nan)
    return ks * sample_cost.mean()


def cost_of_pass(total: float, passes: int) -> float | None:
    """All that was paid over all passes."""
    return total / passes if passes else None


def cost_of_pass_problem_mean(
    sample_cost: NDArray[np.float64], n: NDArray[np.int64], c: NDArray[np.int64]
) -> float | None:
    """Mean over problems of mean cost over pass rate (Erol et al. 2025, arXiv 2504.13359). None where a problem has no
    pass: its term is infinite."""
    if not len(n) or np.any(c == 0):
        return None
    return float(np.mean(sample_cost * n / c))
