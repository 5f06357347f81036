"""The chance that a rule which picks one of k samples picks a right one: k of the n samples of a problem, drawn
without replacement, so that it is unbiased for k fresh samples. (With replacement the same sample votes twice: at
n = k = 4 and one pass, best of k comes out at 0.684 instead of 1.)"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, lgamma
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 20_000
SEED = 20240731

_EXACT_SAMPLES = 1000
"""C(1000, 500) is 3e299: beyond, counts of subsets overflow a float."""
_EXACT_STEPS = 2_000_000
"""Samples × k²: up to about half a second."""


@dataclass(frozen=True, slots=True)
class Selected:
    """`chance`: of a right pick; nan if k exceeds the samples. `error`: its standard error by simulation, 0 if
    all subsets were counted."""

    chance: float
    error: float

    @property
    def exact(self) -> bool:
        return self.error == 0.0


def best_of(score: NDArray[np.float64], passed: NDArray[np.bool_], k: int) -> float:
    """The highest score of k samples picks; ties share alike. `score`, `passed`: (samples,). nan if k exceeds the
    samples. ValueError for k < 1 or a score that is not a number.

    The best of k is among those with score s in (C(samples ≤ s, k) − C(samples < s, k)) of C(n, k) subsets; within a
    tie all samples are alike, so it is right with the tie's share of passes."""
    if k < 1 or np.isnan(score).any():
        raise ValueError("best of k needs k >= 1 and scores that are numbers")
    samples = len(score)
    if k > samples:
        return float("nan")
    _, group = np.unique(score, return_inverse=True)
    size = np.bincount(group)
    right = np.bincount(group, weights=passed.astype(np.float64)) / size
    up_to = np.concatenate([[0], np.cumsum(size)])
    all_within = np.array([_log_comb(int(m), k) for m in up_to]) - _log_comb(samples, k)
    chance = np.diff(np.exp(all_within))
    return float(np.clip(chance @ right, 0.0, 1.0))


def majority(counts: NDArray[np.int64], right: NDArray[np.bool_], k: int) -> Selected:
    """The most frequent answer of k samples picks; ties share alike. `counts`: (answers,), samples that gave each
    answer; `right`: (answers,). Samples without an answer are answers of count 1 each that are not right, or left out,
    as the caller says. ValueError for k < 1 or a negative count.

    Exact for up to 1,000 samples by counting subsets; else, or if that would take long, by 20,000 seeded draws."""
    if k < 1 or (counts < 0).any():
        raise ValueError("majority of k needs k >= 1 and counts >= 0")
    samples = int(counts.sum())
    if k > samples:
        return Selected(float("nan"), 0.0)
    kept = counts > 0
    counts, right = counts[kept], right[kept]
    if samples <= _EXACT_SAMPLES and samples * k * k <= _EXACT_STEPS:
        won = sum(_won_with(top, counts, right, k) for top in range(1, min(k, int(counts.max())) + 1))
        return Selected(min(1.0, won / comb(samples, k)), 0.0)
    return _by_draws(counts, right, k)


def _won_with(top: int, counts: NDArray[np.int64], right: NDArray[np.bool_], k: int) -> float:
    """Subsets of k whose most frequent answers come `top` times each, weighted by the right ones' share of the tie.

    `ways[t, s]`: subsets of the answers so far with s samples and t answers at `top`, none above; `right_ways`: the
    same, times how many of these t are right."""
    ties = k // top
    ways = np.zeros((ties + 1, k + 1))
    ways[0, 0] = 1.0
    right_ways = np.zeros_like(ways)
    for count, is_right in zip(counts.tolist(), right.tolist(), strict=True):
        new, new_right = np.zeros_like(ways), np.zeros_like(ways)
        for taken in range(min(count, top - 1) + 1):
            new[:, taken:] += comb(count, taken) * ways[:, : k + 1 - taken]
            new_right[:, taken:] += comb(count, taken) * right_ways[:, : k + 1 - taken]
        if count >= top:
            here = right_ways[:-1, : k + 1 - top] + (ways[:-1, : k + 1 - top] if is_right else 0.0)
            new[1:, top:] += comb(count, top) * ways[:-1, : k + 1 - top]
            new_right[1:, top:] += comb(count, top) * here
        ways, right_ways = new, new_right
    return float((right_ways[1:, k] / np.arange(1, ties + 1)).sum())


def _by_draws(counts: NDArray[np.int64], right: NDArray[np.bool_], k: int) -> Selected:
    drawn = np.random.default_rng(SEED).multivariate_hypergeometric(counts, k, DRAWS)
    tied = drawn == drawn.max(axis=1, keepdims=True)
    won = (tied & right).sum(axis=1) / tied.sum(axis=1)
    spread = max(float(won.std(ddof=1)), 1 / DRAWS)
    return Selected(float(won.mean()), spread / DRAWS**0.5)


def _log_comb(n: int, k: int) -> float:
    """ln C(n, k), −inf if n < k."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) if n >= k else float("-inf")
