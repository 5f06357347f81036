"""Which of many differences are real, all said at once: at most 5% of tables of equal models have even one that is not.
Step-down max-t (Romano and Wolf 2005) over the same paired draws of problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import bootstrap
from orchestrator.coverage import clusters as of_clusters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEVEL = 0.05
_FEWEST_CLUSTERS = 6
"""Five heads in a row are chance."""


def critical(
    groups: Sequence[tuple[NDArray[np.float64], NDArray[np.int64] | None]],
) -> tuple[NDArray[np.float64], NDArray[np.int64], float]:
    """`groups`: gaps by problem, (problems, rows) each, and the problems' clusters, if they have some; rows on the same
    problems stand in one group. Gives of every row, in their order: its mean in standard errors; its sign where that is
    said at 5% over all rows, else 0; and the number of standard errors that the first step asks for."""
    if not groups or not sum(gaps.shape[1] for gaps, _ in groups):
        return np.zeros(0), np.zeros(0, np.int64), np.inf
    told = [
        _studentised(gaps) if clusters is None else _studentised_clusters(gaps, clusters)
        for gaps, clusters in groups
    ]
    seen = np.concatenate([one[0] for one in told])
    drawn = np.concatenate([one[1] for one in told], axis=1)
    said = np.zeros(len(seen), np.int64)
    first = np.inf
    left = np.ones(len(seen), bool)
    while left.any():
        limit = float(np.quantile(drawn[:, left].max(axis=1), 1 - LEVEL, method="higher"))
        first = min(first, limit)
        found = left & (np.abs(seen) > limit)
        if not found.any():
            break
        said[found] = np.sign(seen[found])
        left &= ~found
    return seen, said, first


def _studentised(gaps: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means in standard errors, (rows,), and how far draws stray from them in theirs, (draws, rows). A variance is
    never less than what one problem more that differs would make it: draws of problems that are all alike show none."""
    problems = len(gaps)
    mean, least = gaps.mean(axis=0), 1 / problems
    variance = gaps.var(axis=0) + least
    means = bootstrap.resampled_means(np.column_stack([gaps, gaps**2]))
    drawn, squares = means[:, : gaps.shape[1]], means[:, gaps.shape[1] :]
    spread = np.maximum(squares - drawn**2, 0.0) + least
    return (
        mean / np.sqrt(variance / problems),
        np.abs(drawn - mean) / np.sqrt(spread / problems),
    )


def _studentised_clusters(
    gaps: NDArray[np.float64], clusters: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same where clusters are drawn: variances are those of clusters' sums about the mean. With too few of them
    nothing can be said."""
    problems, rows = gaps.shape
    count, place = of_clusters.sizes(clusters)
    many, size = len(count), count[place].astype(np.float64)
    sums = of_clusters.summed(gaps, clusters)
    mean, least = gaps.mean(axis=0), 1 / problems**2
    spread = ((sums - mean * count[:, None]) ** 2).sum(axis=0) / problems**2 + least
    if many < _FEWEST_CLUSTERS:
        return mean / np.sqrt(spread), np.full((bootstrap.DRAWS, rows), np.inf)
    of_sums = sums[place]
    columns = [gaps, of_sums**2 / size[:, None], of_sums, size[:, None], 1 / size[:, None]]
    drawn = bootstrap.resampled_means(np.column_stack(columns), clusters=clusters)
    means, squares, cross = (drawn[:, at * rows : (at + 1) * rows] for at in range(3))
    sizes, each = drawn[:, -2:-1], drawn[:, -1:] / many
    spread_drawn = np.maximum(squares - 2 * means * cross + means**2 * sizes, 0.0) * each + least
    return mean / np.sqrt(spread), np.abs(means - mean) / np.sqrt(spread_drawn)
