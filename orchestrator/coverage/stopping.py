"""Coverage from problems that were sampled until solved. Passes over samples is biased upward there, since the last
sample is a pass by design; dropping the last draw mends it (Haldane 1945, and the Rao-Blackwell form of it for k)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def first_success(
    first: NDArray[np.int64], n: NDArray[np.int64], ks: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Stopped at the first pass: 1 if it came by the k-th trial, else 0; unbiased whatever was in flight besides,
    as long as trials are numbered by dispatch. `first`: (problems,), 0 if no pass came in the `n` trials. Gives
    (problems, ks), nan if an unsolved problem has fewer than k: it may have been solved by then."""
    solved = first[:, None] > 0
    by_then = solved & (first[:, None] <= ks)
    return np.where(~solved & (ks > n[:, None]), np.nan, by_then.astype(np.float64))


def largest_k(first: NDArray[np.int64], n: NDArray[np.int64], sure_k: int | None = None) -> int:
    """The largest k that every problem has an answer for: the fewest trials of an unsolved one; if all are solved,
    the latest first pass. Going on with the problems that got further would be fair only if stopping short had
    nothing to do with difficulty. `sure_k`: as far as draws that were cut off would have gone had nothing been solved;
    that all got further would be so only since others were solved."""
    unsolved = n[first == 0]
    largest = int(unsolved.min()) if len(unsolved) else int(first.max(initial=0))
    return largest if sure_k is None else min(largest, sure_k)
