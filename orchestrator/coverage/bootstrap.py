"""Bands over problems: problems are drawn anew, their samples are not (drawing both counts the noise twice)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.special import betaincinv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

DRAWS = 2000
SEED = 20240731
LEVEL = 0.95

_CELLS = 4_000_000
"""Weights held at a time: 32 MB."""


def weights(problems: int, draws: int = DRAWS, seed: int = SEED) -> Iterator[NDArray[np.float64]]:
    """Blocks of shape (some draws, problems), `draws` in all: how often each problem was drawn, over `problems`, so
    that rows sum to 1. The same arguments give the same weights: models on the same problems are paired."""
    if draws * problems <= _CELLS:
        yield _drawn_once(problems, draws, seed)
        return
    generator = np.random.default_rng(seed)
    block = max(1, _CELLS // problems)
    for start in range(0, draws, block):
        yield _drawn(generator, problems, min(block, draws - start))


@lru_cache(maxsize=2)
def _drawn_once(problems: int, draws: int, seed: int) -> NDArray[np.float64]:
    """Kept, since every model and every k asks for the same."""
    found = _drawn(np.random.default_rng(seed), problems, draws)
    found.flags.writeable = False
    return found


def _drawn(generator: np.random.Generator, problems: int, rows: int) -> NDArray[np.float64]:
    drawn = generator.integers(0, problems, (rows, problems))
    drawn += np.arange(rows)[:, None] * problems
    return np.bincount(drawn.ravel(), minlength=rows * problems).reshape(rows, problems) / problems


def resampled_means(values: NDArray[np.float64], draws: int = DRAWS, seed: int = SEED) -> NDArray[np.float64]:
    """Means over problems in each draw. `values`: (problems, columns), finite. Gives (draws, columns)."""
    return np.concatenate([block @ values for block in weights(len(values), draws, seed)])


def quantiles(means: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 2.5% and 97.5% quantiles of each column of (draws, columns)."""
    tail = (1 - LEVEL) / 2
    found = np.quantile(means, [tail, 1 - tail], axis=0)
    return found[0], found[1]


def coverage_band(
    values: NDArray[np.float64], means: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% band of each column's mean. `values`: (problems, ks) in [0, 1]; `means`: their resampled means.
    Where less than one problem in all is solved, or unsolved, drawing the same problems again can't show what was not
    seen: there the band reaches at least as far as Clopper-Pearson's, which is nearly all of 0 to 1 for one
    problem."""
    problems = len(values)
    low, high = quantiles(means)
    solved = values.sum(axis=0)
    exact_low, exact_high = clopper_pearson(solved, problems)
    low = np.where(problems - solved < 1, np.minimum(low, exact_low), low)
    high = np.where(solved < 1, np.maximum(high, exact_high), high)
    mean = values.mean(axis=0)
    return np.clip(np.minimum(low, mean), 0.0, 1.0), np.clip(np.maximum(high, mean), 0.0, 1.0)


def clopper_pearson(
    solved: NDArray[np.float64], problems: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact binomial 95% limits (Clopper and Pearson 1934) of `solved` of `problems`; whole numbers not needed."""
    tail = (1 - LEVEL) / 2
    unsolved = np.maximum(problems - solved, 0.0)
    low = np.where(solved > 0, betaincinv(np.maximum(solved, 1e-12), unsolved + 1, tail), 0.0)
    high = np.where(unsolved > 0, betaincinv(solved + 1, np.maximum(unsolved, 1e-12), 1 - tail), 1.0)
    return low, high
