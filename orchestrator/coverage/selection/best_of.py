"""Best of k by a score at many k at once: the chance that the highest score of k of a problem's samples is of a right
one. As `selection.best_of`, which counts subsets for one k."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.special import gammaln

if TYPE_CHECKING:
    from numpy.typing import NDArray


def best_of_at(
    score: NDArray[np.float64], passed: NDArray[np.bool_], ks: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Shape (ks,); 1 <= k <= samples. Ties share alike. A sample without a score has −inf: it is picked only if no
    drawn sample has one."""
    samples = len(score)
    _, group = np.unique(score, return_inverse=True)
    size = np.bincount(group)
    right = np.bincount(group, weights=passed.astype(np.float64)) / size
    up_to = np.concatenate([[0], np.cumsum(size)])
    chance = np.empty(len(ks))
    for at, k in enumerate(ks.tolist()):
        # The share of subsets whose best is among the m lowest: C(m, k) / C(samples, k), 0 where m < k.
        within = np.zeros(len(up_to))
        enough = up_to[up_to >= k].astype(np.float64)
        within[up_to >= k] = np.exp(
            gammaln(enough + 1)
            - gammaln(enough - k + 1)
            - gammaln(samples + 1.0)
            + gammaln(samples - k + 1.0)
        )
        chance[at] = np.diff(within) @ right
    return np.clip(chance, 0.0, 1.0)
