"""Bands over problems: problems are drawn anew, their samples are not (drawing both counts the noise twice). Where
problems are in clusters, whole clusters are drawn."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import clusters as of_clusters
from orchestrator.coverage.special import betaincinv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

DRAWS = 2000
SEED = 20240731
LEVEL = 0.95

_TINY = 1e-12
"""A variance of problems that are all alike."""
_CELLS = 4_000_000
"""Weights held at a time: 32 MB."""


def weights(
    problems: int, draws: int = DRAWS, seed: int = SEED, clusters: NDArray[np.int64] | None = None
) -> Iterator[NDArray[np.float64]]:
    """Blocks of shape (some draws, problems), `draws` in all: how often each problem was drawn, over all that were, so
    that rows sum to 1. The same arguments give the same weights: models on the same problems are paired. `clusters`:
    which one each problem is of; None: problems are drawn by themselves."""
    if clusters is not None:
        count, place = of_clusters.sizes(clusters)
        for block in weights(len(count), draws, seed):
            drawn = block / (block @ count)[:, None]
            step = max(1, _CELLS // problems)
            for start in range(0, len(drawn), step):
                yield drawn[start : start + step][:, place]
        return
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


def resampled_means(
    values: NDArray[np.float64],
    draws: int = DRAWS,
    seed: int = SEED,
    clusters: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Means over problems in each draw. `values`: (problems, columns), finite. Gives (draws, columns)."""
    return np.concatenate([block @ values for block in weights(len(values), draws, seed, clusters)])


def quantiles(means: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 2.5% and 97.5% quantiles of each column of (draws, columns)."""
    tail = (1 - LEVEL) / 2
    found = np.quantile(means, [tail, 1 - tail], axis=0)
    return found[0], found[1]


def coverage_band(
    values: NDArray[np.float64], means: NDArray[np.float64], clusters: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% band of each column's mean. `values`: (problems, ks) in [0, 1]; `means`: their resampled means. The widest of
    the quantiles of `means`, which are too narrow with few problems or where few are solved; Jeffreys' limits for as
    many problems as the values' variance makes them worth, as Korn and Graubard (1998) do with Clopper and Pearson's,
    which are wider than they need to be (as many as there are, if none varies); and, where less than one problem in all
    is solved, or unsolved, Clopper and Pearson's for the problems themselves: what was not seen has no variance."""
    problems = len(values)
    low, high = quantiles(means)
    mean, solved = values.mean(axis=0), values.sum(axis=0)
    alike = worth(values, clusters)
    worth_low, worth_high = jeffreys(mean * alike, alike)
    varies = (alike != problems) | ((mean > 0) & (mean < 1))
    low = np.where(varies, np.minimum(low, worth_low), low)
    high = np.where(varies, np.maximum(high, worth_high), high)
    exact_low, exact_high = clopper_pearson(solved, problems)
    low = np.where(problems - solved < 1, np.minimum(low, exact_low), low)
    high = np.where(solved < 1, np.maximum(high, exact_high), high)
    return np.clip(np.minimum(low, mean), 0.0, 1.0), np.clip(np.maximum(high, mean), 0.0, 1.0)


def worth(values: NDArray[np.float64], clusters: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """How many problems that are solved or not, nothing between, would vary as much."""
    problems, mean = len(values), values.mean(axis=0)
    if clusters is None:
        spread, units = values.var(axis=0) / max(problems - 1, 1), float(problems)
    else:
        spread, units = of_clusters.variance(values, clusters), of_clusters.effective(clusters)
    alike = spread <= _TINY
    found = mean * (1 - mean) / np.where(alike, 1.0, spread)
    return np.where(alike, problems, np.maximum(found * _few_units(units), 1.0))


def _few_units(units: float) -> float:
    """(z / t)², Student's t by Cornish and Fisher: the variance itself is uncertain."""
    if units < 3:
        return 1.0
    z, df = 1.959964, units - 1
    t = z + (z**3 + z) / (4 * df) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)
    return (z / t) ** 2


def jeffreys(
    solved: NDArray[np.float64], problems: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% limits by the prior Beta(1/2, 1/2), which hold on average (Brown, Cai and DasGupta 2001); whole numbers not
    needed."""
    tail, unsolved = (1 - LEVEL) / 2, np.maximum(problems - solved, 0.0)
    low, high = (betaincinv(solved + 0.5, unsolved + 0.5, share) for share in (tail, 1 - tail))
    return np.where(solved > 0, low, 0.0), np.where(unsolved > 0, high, 1.0)


def clopper_pearson(
    solved: NDArray[np.float64], problems: NDArray[np.float64] | int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact binomial 95% limits (Clopper and Pearson 1934) of `solved` of `problems`; whole numbers not needed."""
    tail = (1 - LEVEL) / 2
    unsolved = np.maximum(problems - solved, 0.0)
    low = np.where(solved > 0, betaincinv(np.maximum(solved, 1e-12), unsolved + 1, tail), 0.0)
    high = np.where(unsolved > 0, betaincinv(solved + 1, np.maximum(unsolved, 1e-12), 1 - tail), 1.0)
    return low, high
