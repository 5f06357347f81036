"""Samples asked for one by one until the first success: how many that takes, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.passk import pass_at_k

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples


def attempts(samples: Samples, ks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Expected samples until the first success, at most k: (problems, ks), nan if a problem has too few.

    Of n samples with c passes: ((n + 1) − (n − k + 1) · C(n−c, k) / C(n, k)) / (c + 1), unbiased for
    (1 − (1 − p)^k) / p. Of a problem that was sampled until solved: what it took."""
    if samples.first is not None:
        first, n = samples.first[:, None], samples.n[:, None]
        taken = np.where(first > 0, np.minimum(first, ks), ks).astype(np.float64)
        return np.where((first == 0) & (ks > n), np.nan, taken)
    n, c = samples.n[:, None].astype(np.float64), samples.c[:, None].astype(np.float64)
    missed = 1.0 - pass_at_k(samples.n, samples.c, ks)
    return ((n + 1) - (n - ks + 1) * missed) / (c + 1)


def attempts_cost(samples: Samples, ks: NDArray[np.int64]) -> NDArray[np.float64]:
    """What they cost: (attempts − solved) · a failed attempt's mean cost + solved · a pass's, (problems, ks). A right
    answer may be shorter than a wrong one, and all attempts but the last are wrong."""
    taken, solved = attempts(samples, ks), samples.solved(ks)
    failed, passed = (
        samples.cost if one is None else np.where(np.isnan(one), samples.cost, one)
        for one in (samples.failed_cost, samples.passed_cost)
    )
    return (taken - solved) * failed[:, None] + solved * passed[:, None]


def one_by_one_cost(samples: Samples, ks: NDArray[np.int64]) -> NDArray[np.float64]:
    """What they cost, each asked for by itself, and verdicts on them: (problems, ks)."""
    each = np.full(samples.problems, samples.verdict_cost)
    if samples.apart is not None:
        each = each + samples.apart
    cost = attempts_cost(samples, ks)
    return cost + each[:, None] * attempts(samples, ks) if each.any() else cost
