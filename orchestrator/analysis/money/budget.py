"""Dollars for a number of problems, and how many of them that solves: `budget`, and `rank` at equal cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.coverage import bootstrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

Row = dict[str, Any]
_HALF = 1.959964
_JEFFREYS = 0.5


def budget(
    axis: str,
    rows: Sequence[Row],
    solved: Sequence[NDArray[np.float64]],
    problems: int,
    clusters: NDArray[np.int64] | None = None,
) -> list[Row]:
    """For each row of the frontier its cost for so many problems, the solved ones with a predictive 95% band, and what
    the next solved problem costs. `solved`: of each row, the chance of each sampled problem. So many as were sampled
    are these problems, other numbers are new ones."""
    found: list[Row] = []
    for at, (row, chances) in enumerate(zip(rows, solved, strict=True)):
        low, high = _predicted(row["coverage"], chances, problems, clusters)
        after = rows[at + 1] if at + 1 < len(rows) else None
        found.append(
            {
                axis: problems * row[f"{axis}_per_problem"],
                "solved": problems * row["coverage"],
                "low": low,
                "high": high,
                f"next_{axis}_per_solve": None
                if after is None
                else (after[f"{axis}_per_problem"] - row[f"{axis}_per_problem"])
                / (after["coverage"] - row["coverage"]),
                "policy": row["policy"],
            }
        )
    return found


def _predicted(
    coverage: float, chances: NDArray[np.float64], problems: int, clusters: NDArray[np.int64] | None
) -> tuple[float, float]:
    """Of these problems: fresh samples vary, and so do those that the chances come from. Of new ones: the share
    is uncertain as that of as many problems as the chances are worth, and each is then solved or not."""
    if problems == len(chances):
        spread = np.sqrt(2 * float((chances * (1 - chances)).sum()))
        middle = problems * coverage
        low, high = middle - _HALF * spread, middle + _HALF * spread
    else:
        generator = np.random.default_rng(bootstrap.SEED)
        worth, mean = float(bootstrap.worth(chances[:, None], clusters)[0]), float(chances.mean())
        means = generator.beta(worth * mean + _JEFFREYS, worth * (1 - mean) + _JEFFREYS, bootstrap.DRAWS)
        means += coverage - mean
        drawn = generator.binomial(problems, np.clip(means, 0.0, 1.0))
        tail = (1 - bootstrap.LEVEL) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail], method="closest_observation").tolist()
    return max(0.0, min(float(low), problems * coverage)), min(
        float(problems), max(float(high), problems * coverage)
    )


def rank(models: Mapping[str, Samples]) -> tuple[dict[str, float], float | None]:
    """How often each model covers most at equal cost, over draws of problems; ties are shared. And that cost: the most
    that every model was sampled for, and at least what one sample of the most expensive costs."""
    ready = {
        alias: one for alias, one in models.items() if one.largest_k >= 1 and not np.isnan(one.cost).any()
    }
    if not ready:
        return {}, None
    each = {alias: float(one.cost.mean()) for alias, one in ready.items()}
    money = max(max(each.values()), min(one.largest_k * each[alias] for alias, one in ready.items()))
    columns = [
        one.solved(np.array([_bought(money, each[alias], one.largest_k)]))[:, 0]
        for alias, one in ready.items()
    ]
    drawn = bootstrap.resampled_means(np.column_stack(columns), clusters=next(iter(ready.values())).cluster)
    best = drawn >= drawn.max(axis=1, keepdims=True) - 1e-12
    share = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return dict(zip(ready, share.tolist(), strict=True)), money


def _bought(money: float, each: float, largest: int) -> int:
    return largest if not each else max(1, min(largest, int(money / each * (1 + 1e-12))))
