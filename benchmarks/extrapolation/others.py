"""Other ways to foretell coverage, which manyfew's is measured against: samples and k in, coverage at k out; nan where
a way gives none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import scipy.optimize as scipy_optimize  # pyright: ignore[reportMissingTypeStubs]
import scipy.special as scipy_special  # pyright: ignore[reportMissingTypeStubs]

from orchestrator.coverage import beta_binomial, grid
from orchestrator.coverage.extrapolation import power_law

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

_scipy = cast("Any", scipy_optimize)
_special = cast("Any", scipy_special)
FEW_PASSES = 10


def by_curve_fit(samples: Samples, k: int) -> float:
    """The paper's law, least squares on coverage at 40 k spaced evenly in ln k."""
    ks = grid.spaced(samples.largest_k, 40)
    coverage = samples.solved(ks).mean(axis=0)

    def law(ks: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
        return np.exp(a * ks**b)

    try:
        (a, b), _ = _scipy.curve_fit(law, ks.astype(float), coverage, p0=(-2.0, -0.3), maxfev=5000)
    except RuntimeError:
        return float("nan")
    return float(np.exp(a * float(k) ** b))


def by_log_log(samples: Samples, k: int) -> float:
    """The same law, least squares of ln(−ln coverage) at every k."""
    ks = np.arange(1, samples.largest_k + 1)
    fitted = power_law.fit(ks, samples.solved(ks).mean(axis=0))
    return float("nan") if isinstance(fitted, str) else float(fitted.coverage(np.array([k]))[0])


def by_beta_binomial(samples: Samples, k: int) -> float:
    """Pass rates as Beta(a, b), by maximum likelihood over all problems."""
    fitted = beta_binomial.fit(samples.n, samples.c)
    if fitted is None or fitted.at_edge:
        return float("nan")
    log_a, log_b = np.array([fitted.log_a]), np.array([fitted.log_b])
    return float(-np.expm1(_log_unsolved(log_a, log_b, np.array([k]))[0, 0]))


def by_tail(samples: Samples, k: int) -> float:
    """Beta(a, b) by maximum likelihood over the problems with at most FEW_PASSES passes, given that they have no more;
    coverage by each problem's posterior under it. Of samples of one size, not stopped."""
    n, c = int(samples.n[0]), samples.c
    counts = np.bincount(c[c <= FEW_PASSES], minlength=FEW_PASSES + 1)
    if np.any(samples.n != n) or counts.sum() < 3:
        return float("nan")
    few = np.arange(FEW_PASSES + 1)
    ways = -_special.betaln(few + 1, n - few + 1)  # less a constant

    def loss(logs: NDArray[np.float64]) -> float:
        a, b = np.exp(logs)
        logs_of = ways + _special.betaln(a + few, b + n - few)
        return float(counts.sum() * np.logaddexp.reduce(logs_of) - counts @ logs_of)

    starts = ((-1.0, 1.0), (-2.0, 3.0), (0.0, 4.0))
    fits = [_scipy.minimize(loss, start, method="Nelder-Mead") for start in starts]
    a, b = np.exp(min(fits, key=lambda fit: fit.fun).x)
    unsolved = np.exp(_special.betaln(a + c, b + n - c + k) - _special.betaln(a + c, b + n - c))
    return float(1 - unsolved.mean())


OTHERS: dict[str, Callable[[Samples, int], float]] = {
    "power law, c": by_curve_fit,
    "power law, ln ln": by_log_log,
    "beta-binomial": by_beta_binomial,
    "tail": by_tail,
}


def _log_unsolved(
    log_a: NDArray[np.float64], log_b: NDArray[np.float64], ks: NDArray[np.int64]
) -> NDArray[np.float64]:
    """ln of the share of problems unsolved after k samples, ln B(a, b + k) − ln B(a, b), shape (fits, ks)."""
    a, b = np.exp(log_a)[:, None], np.exp(log_b)[:, None]
    return _special.betaln(a, b + ks) - _special.betaln(a, b)
