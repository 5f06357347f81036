"""Which of many differences are real, all said at once: at most 5% of tables of equal models have even one that is not.
Step-down max-t (Romano and Wolf 2005) over the same paired draws of problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEVEL = 0.05


def critical(
    groups: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.int64], float]:
    """`groups`: gaps by problem, (problems, rows) each; rows on the same problems stand in one group. Gives of every
    row, in their order: its mean in standard errors; its sign where that is said at 5% over all rows, else 0; and the
    number of standard errors that the first step asks for."""
    if not groups or not sum(group.shape[1] for group in groups):
        return np.zeros(0), np.zeros(0, np.int64), np.inf
    told = [_studentised(group) for group in groups]
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
