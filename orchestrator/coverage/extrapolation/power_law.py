"""The exponentiated power law of repeated sampling: ln(coverage) ≈ a·k^b (Brown et al. 2024, arXiv 2407.21787)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POINTS = 3
"""Fewer k with a coverage between 0 and 1 than this leave nothing to check two parameters by."""
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """`a` < 0, `b` < 0."""

    a: float
    b: float

    def coverage(self, ks: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.exp(self.a * np.asarray(ks, np.float64) ** self.b)

    def beyond(self, coverage: float, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """With the same exponent, from `coverage` at some k to so many times it."""
        return coverage ** (times**self.b)


def fit(ks: NDArray[np.int64], coverage: NDArray[np.float64], late: float = 0.0) -> PowerLaw | str:
    """Least squares of ln(−ln coverage) = ln(−a) + b·ln k over the given k (space them evenly in ln k), weighted by
    (−c ln c)^late: 0 all alike; 2 is nearly least squares on coverage, where small k count for little. k if
    coverage is 0 or 1 has no such logarithm and is left out. A string says why there is no fit."""
    inside = (coverage > 0) & (coverage < 1)
    if not inside.any():
        return "coverage is 0 at every k" if not (coverage > 0).any() else "coverage is 0 or 1 at every k"
    if inside.sum() < _POINTS:
        return f"it needs {_POINTS} sampled k with a coverage between 0 and 1"
    weight = (-coverage[inside] * np.log(coverage[inside])) ** late
    b, log_a = line(np.log(ks[inside]), np.log(-np.log(coverage[inside])), weight / weight.sum())
    if not b < -_FLAT:
        return "coverage does not grow with k"
    return PowerLaw(-float(np.exp(log_a)), float(b))


def line(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slope and intercept of least squares along the last axis of `y`; `x` and `weight`, which sums to 1, have one."""
    centred = x - (weight * x).sum()
    slope = (weight * y * centred).sum(axis=-1) / (weight * centred**2).sum()
    return slope, (weight * y).sum(axis=-1) - slope * (weight * x).sum()
