"""Estimators for stopping rules that no run of manyfew uses yet: beside others in benchmarks.statistics.estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.passk import pass_at_k

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rth_success(
    n: NDArray[np.int64], c: NDArray[np.int64], r: int, ks: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Stopped at the r-th pass or at a cap: for problems that reached it (c = r, the pass at trial n) the fixed-n
    formula of n − 1 trials and r − 1 passes, and 1 from k = n on; the usual one for the rest. Shapes as pass_at_k."""
    reached = c >= r
    values = pass_at_k(np.where(reached, n - 1, n), np.where(reached, c - 1, c), ks)
    return np.where(reached[:, None] & (ks >= n[:, None]), 1.0, values)


def last_batch(
    n: NDArray[np.int64], c: NDArray[np.int64], batch: int, ks: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Stopped after the first batch that holds a pass: 0 up to the batches before it, then the fixed-n formula inside
    it; nan beyond the cap of an unsolved problem. `n`: all trials; `c`: passes, all in the last batch."""
    solved = c > 0
    inside = ks - np.where(solved, n - batch, 0)[:, None]
    within = pass_at_k(np.full_like(c, batch), np.minimum(c, batch), np.arange(1, batch + 1))
    values = np.take_along_axis(within, np.clip(inside, 1, batch) - 1, axis=1)
    values = np.where(solved[:, None] & (inside > 0), values, 0.0)
    return np.where(~solved[:, None] & (ks > n[:, None]), np.nan, values)
