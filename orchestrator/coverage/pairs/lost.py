"""How far samples without a verdict, or that failed for good, could turn an answer: counted as wrong on one side, and
on the other as right as often as the problem's verdicts allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import passk, stopping
from orchestrator.coverage.special import betaincinv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

_SURE = 0.95


def solved_at_least(samples: Samples, ks: NDArray[np.int64]) -> NDArray[np.float64]:
    """The chance that k samples solve a problem if all its lost ones are wrong, (problems, ks)."""
    lost = _lost(samples)
    if samples.first is None:
        return passk.pass_at_k(_all(samples, ks), samples.c, ks)
    later = np.where(samples.first > 0, samples.first + lost, 0)
    return np.nan_to_num(stopping.first_success(later, _all(samples, ks), ks))


def solved_at_most(samples: Samples, ks: NDArray[np.int64]) -> NDArray[np.float64]:
    """The same if each lost sample is right with the upper 95% limit of its problem's rate; right where the problem has
    no verdict at all."""
    lost, rate = _lost(samples), _upper(samples.n, samples.c)
    if samples.first is None:
        n = _all(samples, ks)
        passes = np.where(samples.n > 0, samples.c + lost * rate, n)
        few = np.floor(passes).astype(np.int64)
        share = (passes - few)[:, None]
        more = np.minimum(few + 1, n)
        return (1 - share) * passk.pass_at_k(n, few, ks) + share * passk.pass_at_k(n, more, ks)
    first = np.nan_to_num(stopping.first_success(samples.first, _all(samples, ks), ks))
    return np.maximum(first, 1 - (1 - rate[:, None]) ** np.minimum(ks, lost[:, None]))


def _lost(samples: Samples) -> NDArray[np.int64]:
    return np.zeros_like(samples.n) if samples.lost is None else samples.lost


def _all(samples: Samples, ks: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.maximum(samples.n + _lost(samples), ks.max(initial=1))


def _upper(n: NDArray[np.int64], c: NDArray[np.int64]) -> NDArray[np.float64]:
    """Clopper and Pearson's one-sided limit: 1 − .05^(1/n) without a pass."""
    failed = np.maximum(n - c, 0).astype(np.float64)
    limit = betaincinv(c.astype(np.float64) + 1, np.maximum(failed, 1e-12), _SURE)
    return np.where(failed > 0, limit, 1.0)
