"""pass@k and pass^k of problems that were sampled a fixed number of times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pass_at_k(n: NDArray[np.int64], c: NDArray[np.int64], ks: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 − C(n−c, k) / C(n, k), Chen et al. 2021 (arXiv 2107.03374), unbiased for 1 − (1 − p)^k. `n`, `c`: shape
    (problems,), 0 <= c <= n; `ks`: shape (ks,), k >= 1. Gives (problems, ks), nan if k > n: then nothing unbiased
    exists."""
    if np.any((c < 0) | (c > n)) or np.any(ks < 1):
        raise ValueError("pass@k needs 0 <= c <= n and k >= 1")
    pairs, back = np.unique(np.stack([n, c]), axis=1, return_inverse=True)
    n_of, c_of = pairs[0][:, None], pairs[1][:, None]
    table = _log_factorials(int(n.max(initial=0)))
    known, possible = ks <= n_of, ks <= n_of - c_of
    left = np.where(possible, n_of - ks, 0)
    missed = np.where(possible, n_of - c_of - ks, 0)
    log_none = (table[n_of - c_of] - table[n_of]) + (table[left] - table[missed])
    solved = np.where(possible, -np.expm1(log_none.astype(np.float64)), 1.0)
    solved = np.where(known, np.maximum(solved, 0.0), np.nan)
    return solved[back.reshape(-1)]


def all_pass(n: NDArray[np.int64], c: NDArray[np.int64], ks: NDArray[np.int64]) -> NDArray[np.float64]:
    """pass^k, the chance that all k samples pass: C(c, k) / C(n, k), unbiased for p^k. (problems, ks), nan where
    k > n."""
    return 1.0 - pass_at_k(n, n - c, ks)


def _log_factorials(largest: int) -> NDArray[np.longdouble]:
    """ln 0! … ln largest!. Extended precision, since at n = 10,000 the sums are of 80,000 and the differences
    of 1e-4."""
    table = np.zeros(largest + 1, np.longdouble)
    table[1:] = np.cumsum(np.log(np.arange(1, largest + 1, dtype=np.longdouble)))
    return table
