"""Coverage beyond the largest sampled k. What lies there depends on pass rates too small to have been seen, so the
point is a mean of two models and the band is the widest of several, never one model's own.

All works on y = ln(−ln coverage) against x = ln(k/K), K the largest sampled k: a power law is a straight line there.
Every model is joined to the coverage observed at K. STATISTICS: no shape fits all; joined to K and by the slope of the
last decade, the true slope was 0.2 to 2 times the fitted one over eleven shapes of pass rates, at K = 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import beta_binomial, bootstrap, grid, power_law

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

_DECADE = 10
_POINTS = 12
_SLOWEST, _FASTEST = 0.25, 2.0
_BAND = "band: the widest of both over problems, with growth from a quarter to twice as fast as in the last decade of k"


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """Shape (ks,) each."""

    method: str
    ks: NDArray[np.int64]
    coverage: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def extrapolate(samples: Samples, factor: int = 100) -> Extrapolation | str:
    """From the largest sampled k to `factor` times it, in 1-2-5 steps. A string says why there is none."""
    largest = samples.largest_k
    if largest < 2:
        return "it needs at least 2 samples of every problem"
    ks = grid.beyond(largest, factor)
    decade = _last_decade(largest)
    values = samples.solved(decade)
    observed = values.mean(axis=0)
    if observed[-1] <= 0:
        return "no problem is solved"
    means = bootstrap.resampled_means(values)
    at_low, at_high = bootstrap.coverage_band(values[:, -1:], means[:, -1:])
    if observed[-1] >= 1:
        ones = np.ones(len(ks))
        low = np.full(len(ks), at_low[0])
        return Extrapolation(f"every problem is solved by k = {largest}", ks, ones, low, ones)
    law = _Law(decade, largest, samples.problems)
    x = np.log(ks / largest)
    start, slope = law.line(observed[None])
    starts, slopes = law.line(means)
    ys = [start + slope * x]
    draws = [starts + slopes * factor * x for factor in (_SLOWEST, 1.0, _FASTEST)]
    fitted = beta_binomial.fit(samples.n, samples.c)
    if fitted is not None and not fitted.at_edge:
        ys.append(_joined(fitted, start, None, ks, largest))
        draws.append(_joined(fitted, starts, samples.problems, ks, largest))
    point = _coverage(np.mean(ys, axis=0)[0])
    bands = [bootstrap.quantiles(_coverage(draw)) for draw in draws]
    low = np.min([band[0] for band in bands], axis=0)
    high = np.max([band[1] for band in bands], axis=0)
    low, high = np.maximum(np.minimum(low, point), at_low[0]), np.maximum(np.maximum(high, point), at_high[0])
    if samples.problems < 2:
        low, high = np.full(len(ks), at_low[0]), np.ones(len(ks))
    return Extrapolation(_method(len(ys), largest), ks, point, low, high)


def _method(models: int, largest: int) -> str:
    law = f"power law through the last decade of k, joined at k = {largest}"
    if models == 1:
        return f"{law} (a beta-binomial fit was at its edge); {_BAND}"
    return f"mean of a {law}, and a beta-binomial by maximum likelihood, joined there; {_BAND}"


def _last_decade(largest: int) -> NDArray[np.int64]:
    low = max(1, largest // _DECADE)
    return np.unique(np.rint(np.geomspace(low, largest, _POINTS)).astype(np.int64))


@dataclass(frozen=True, slots=True)
class _Law:
    ks: NDArray[np.int64]
    largest: int
    problems: int

    def line(self, coverage: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """y at K and the slope, each (draws, 1), of coverages (draws, ks). A draw that solved all or none is taken as
        a tenth of a problem short of it."""
        margin = 0.1 / self.problems
        y = np.log(-np.log(np.clip(coverage, margin, 1 - margin)))
        slope, _ = power_law.line(np.log(self.ks), y)
        return y[:, -1:], np.minimum(slope, 0.0)[:, None]


def _joined(
    fitted: beta_binomial.BetaBinomial,
    start: NDArray[np.float64],
    problems: int | None,
    ks: NDArray[np.int64],
    largest: int,
) -> NDArray[np.float64]:
    """y of the beta-binomial, (draws, ks): the unsolved share at K goes on by the model's ratio. With `problems`, the
    parameters of every bootstrap draw, to first order; the draws are those of `start`."""
    log_a, log_b = np.array([fitted.log_a]), np.array([fitted.log_b])
    if problems is not None:
        pulls = np.concatenate(
            [(block * problems - 1) @ fitted.influence for block in bootstrap.weights(problems)]
        )
        log_a, log_b = (np.clip(log_a + pulls[:, 0], -9, 14), np.clip(log_b + pulls[:, 1], -9, 14))
    ratio = beta_binomial.log_unsolved(log_a, log_b, ks)
    ratio = ratio - beta_binomial.log_unsolved(log_a, log_b, np.array([largest]))
    unsolved = -np.expm1(-np.exp(start)) * np.exp(ratio)
    return np.log(-np.log1p(-np.clip(unsolved, 1e-300, 1 - 1e-12)))


def _coverage(y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.exp(np.minimum(y, 700.0)))
