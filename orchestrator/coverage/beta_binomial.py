"""Pass rates over problems as a Beta distribution, fitted to the counts. The likelihood does not care whether sampling
stopped at a first pass, nor whether problems have equally many samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.special import betaln, digamma, trigamma

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOWEST, _HIGHEST = np.log(1e-4), np.log(1e6)
"""Of ln a and ln b: beyond, pass rates are all alike or all 0 and 1, and the likelihood is flat."""
_NEAR = 1e-3
_FLAT = 1e-2
"""Information below this: a standard error of 10 on ln a or ln b, so no estimate."""
_STEPS = 100
_LONGEST_STEP = 2.0


@dataclass(frozen=True, slots=True)
class BetaBinomial:
    """`log_a`, `log_b` at the maximum; `influence`: (problems, 2), by how much each problem pulls them, to first
    order (times its change of weight)."""

    log_a: float
    log_b: float
    influence: NDArray[np.float64]
    flat: bool
    """The likelihood hardly falls in some direction: one sample a problem says nothing of how rates differ."""

    @property
    def at_edge(self) -> bool:
        return self.flat or any(
            not _LOWEST + _NEAR < value < _HIGHEST - _NEAR for value in (self.log_a, self.log_b)
        )


def fit(n: NDArray[np.int64], c: NDArray[np.int64]) -> BetaBinomial | None:
    """Maximum likelihood by damped Newton steps on ln a and ln b. None if it finds no maximum."""
    pairs, back, weight = np.unique(np.stack([n, c]), axis=1, return_inverse=True, return_counts=True)
    n_of, c_of, weight = pairs[0].astype(float), pairs[1].astype(float), weight.astype(float)
    at = max(_starts(n_of, c_of, weight), key=lambda start: _likelihood(start, n_of, c_of, weight))
    value, damping = _likelihood(at, n_of, c_of, weight), 1e-3
    for _ in range(_STEPS):
        scores, hessian = _derivatives(at, n_of, c_of, weight)
        gradient = weight @ scores
        step = _newton(gradient, hessian, damping)
        to = np.clip(at + step, _LOWEST, _HIGHEST)
        reached = _likelihood(to, n_of, c_of, weight)
        if reached >= value:
            moved, at, value, damping = np.abs(to - at).max(), to, reached, damping / 10
            if moved < 1e-8:
                return _result(at, scores, hessian, back.reshape(-1))
        elif (damping := max(damping, 1e-9) * 10) > 1e12:
            return _result(at, scores, hessian, back.reshape(-1))
    return None


def _starts(
    n: NDArray[np.float64], c: NDArray[np.float64], weight: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    mean = float(np.clip((weight @ (c / n)) / weight.sum(), 1e-4, 1 - 1e-4))
    return [
        np.clip(np.log([mean * size, (1 - mean) * size]), _LOWEST, _HIGHEST)
        for size in (0.3, 1.0, 4.0, 20.0, 200.0)
    ]


def _likelihood(
    at: NDArray[np.float64], n: NDArray[np.float64], c: NDArray[np.float64], weight: NDArray[np.float64]
) -> float:
    a, b = np.exp(at)
    return float(weight @ (betaln(a + c, b + n - c) - betaln(a, b)))


def _derivatives(
    at: NDArray[np.float64], n: NDArray[np.float64], c: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By ln a and ln b: each pair's score, (pairs, 2), and the Hessian of the sum."""
    a, b = np.exp(at)
    both = digamma(a + b) - digamma(a + b + n)
    by_a = a * (digamma(a + c) - digamma(a) + both)
    by_b = b * (digamma(b + n - c) - digamma(b) + both)
    second = trigamma(a + b) - trigamma(a + b + n)
    aa = weight @ (a * a * (trigamma(a + c) - trigamma(a) + second) + by_a)
    bb = weight @ (b * b * (trigamma(b + n - c) - trigamma(b) + second) + by_b)
    ab = weight @ (a * b * second)
    return np.stack([by_a, by_b], axis=1), np.array([[aa, ab], [ab, bb]])


def _newton(
    gradient: NDArray[np.float64], hessian: NDArray[np.float64], damping: float
) -> NDArray[np.float64]:
    """Uphill whatever the curvature: the eigenvalues are made positive, and the step is kept short."""
    values, vectors = np.linalg.eigh(-hessian)
    step = vectors @ ((vectors.T @ gradient) / (np.abs(values) + damping * max(np.abs(values).max(), 1e-12)))
    return step * min(1.0, _LONGEST_STEP / max(np.abs(step).max(), 1e-300))


def _result(
    at: NDArray[np.float64],
    scores: NDArray[np.float64],
    hessian: NDArray[np.float64],
    back: NDArray[np.int64],
) -> BetaBinomial:
    flat = bool(np.linalg.eigvalsh(-hessian).min() < _FLAT)
    influence = np.asarray(np.linalg.lstsq(-hessian, scores.T, rcond=1e-10)[0].T, np.float64)
    return BetaBinomial(float(at[0]), float(at[1]), influence[back], flat)
