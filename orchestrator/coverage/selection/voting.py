"""Majority vote at many k at once: the chance that the most frequent answer of k of a problem's samples is right.

Samples without an answer are drawn like any other and vote for nothing; ties share alike; if no drawn sample has an
answer, nothing is right. k = 1 and k = all are exact; between, seeded orders of the samples are drawn, whose first k
samples vote, so that one curve rises and falls with the same luck. The paper (Brown et al. 2024, section 4) picks by
vote among subsets of the samples in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.selection.subsets import SEED

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = 20_000_000
"""Samples put in order in all: a few seconds."""
FEWEST_DRAWS, MOST_DRAWS = 20, 2_000


def draws_for(samples: int) -> int:
    """Orders drawn a problem, of so many samples over all problems."""
    return min(MOST_DRAWS, max(FEWEST_DRAWS, CELLS // max(samples, 1)))


def majority_at(
    counts: NDArray[np.int64],
    right: NDArray[np.float64],
    silent: int,
    ks: NDArray[np.int64],
    draws: int,
    seed: int = SEED,
) -> NDArray[np.float64]:
    """Shape (ks,). `counts`, `right`: by answer, `right` in [0, 1]; `silent`: samples without one; ks ascending,
    1 <= k <= samples."""
    answers, samples = len(counts), int(counts.sum()) + silent
    if not right.any():
        return np.zeros(len(ks))
    if not silent and (right == 1).all():
        return np.ones(len(ks))
    label = np.repeat(np.arange(answers + 1), [*counts.tolist(), silent])  # the last label is silence
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.broadcast_to(label, (draws, samples)), axis=1)
    tally = np.zeros((draws, answers + 1), np.int64)
    row = np.arange(draws)[:, None] * (answers + 1)
    chance = np.empty(len(ks))
    done = 0
    for at, k in enumerate(ks.tolist()):
        more = (orders[:, done:k] + row).ravel()
        tally += np.bincount(more, minlength=tally.size).reshape(tally.shape)
        done = k
        chance[at] = _won(tally[:, :-1], right).mean()
    if ks[0] == 1:
        chance[0] = counts @ right / samples
    return chance


def _won(tally: NDArray[np.int64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each draw, the right answers' share of those with the most votes."""
    most = tally.max(axis=1, keepdims=True)
    tied = (tally == most) & (most > 0)
    return (tied @ right) / np.maximum(tied.sum(axis=1), 1)
