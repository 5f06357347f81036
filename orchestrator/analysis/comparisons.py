"""The `comparisons` of the frontier's document: every pair of models on the problems that both have."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.coverage.compare import Banded, Comparison, Search, compare, search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.coverage.samples import Samples
    from orchestrator.ledger.reading.samples.outcomes import Axis, Outcomes

Searches = dict[tuple[str, tuple[str, ...]], Search | None]


def comparisons(
    axis: Axis, models: Sequence[tuple[Outcomes, Samples]], warnings: list[str]
) -> list[dict[str, Any]]:
    """Two rows a pair: against one sample of the expensive model, and against as many as it has."""
    ready = [(o, s) for o, s in models if s.problems]
    searches: Searches = {}
    found: list[dict[str, Any]] = []
    for one, other in combinations(ready, 2):
        name = f"{one[0].alias} and {other[0].alias}"
        here = set(other[0].problems)
        shared = tuple(key for key in one[0].problems if key in here)
        if not shared:
            warnings.append(f"{name}: no problem in common, so no comparison")
            continue
        pair = [(m[0].alias, _search(searches, m, shared)) for m in (one, other)]
        cheap, expensive = sorted(pair, key=lambda side: np.inf if side[1] is None else side[1].cost)
        if cheap[1] is None or expensive[1] is None:
            warnings.append(f"{name}: costs are not known on every problem in common, so no comparison")
            continue
        if len(shared) == 1:
            warnings.append(
                f"{name}: compared on one problem, where the probability says nothing about others"
            )
        for row in compare(cheap[1], expensive[1]):
            found.append(_row(axis, cheap[0], expensive[0], len(shared), row))
            warnings += _of_row(cheap[0], cheap[1], expensive[0], row)
    return found


def _search(searches: Searches, model: tuple[Outcomes, Samples], shared: tuple[str, ...]) -> Search | None:
    """Kept by model and problems: most pairs share them all."""
    outcomes, samples = model
    key = (outcomes.alias, shared)
    if key not in searches:
        place = {problem: index for index, problem in enumerate(outcomes.problems)}
        taken = samples.take(np.array([place[problem] for problem in shared], np.int64))
        searches[key] = None if np.isnan(taken.cost).any() else search(taken)
    return searches[key]


def _row(axis: Axis, cheap: str, expensive: str, problems: int, row: Comparison) -> dict[str, Any]:
    return {
        "cheap": cheap,
        "cheap_k": row.cheap_k,
        "expensive": expensive,
        "expensive_k": row.expensive_k,
        "problems": problems,
        "coverage_cheap": row.coverage_cheap,
        "coverage_expensive": row.coverage_expensive,
        f"{axis}_cheap": row.cost_cheap,
        f"{axis}_expensive": row.cost_expensive,
        "cost_ratio": row.cost_expensive / row.cost_cheap if row.cost_cheap else None,
        "probability": row.probability,
        f"{axis}_cheap_low": row.equal_coverage.low,
        f"{axis}_cheap_high": row.equal_coverage.high,
        f"equal_{axis}": _equal_cost(row),
        "price_ratio": row.price_ratio,
        "turns_at": _banded(row.turns_at),
    }


def _equal_cost(row: Comparison) -> dict[str, Any] | None:
    """Coverage for the same money."""
    found = row.equal_cost
    if found is None:
        return None
    return {
        "cheap_k": found.cheap_k,
        "capped": found.capped,
        "coverage_cheap": found.coverage.value,
        "low": found.coverage.low,
        "high": found.coverage.high,
        "gain": found.gain.value,
        "gain_low": found.gain.low,
        "gain_high": found.gain.high,
    }


def _banded(found: Banded) -> dict[str, float | None]:
    return {"value": found.value, "low": found.low, "high": found.high}


def solved_by_one(models: Sequence[tuple[Outcomes, Samples]]) -> list[dict[str, Any]]:
    """Of every pair, the problems that one of them solved in some sample and the other in none. What was sampled more
    had more chances, so both numbers of samples are given."""
    found: list[dict[str, Any]] = []
    for (one, _), (other, _) in combinations([m for m in models if m[1].problems], 2):
        counts = {key: (int(n), int(c)) for key, n, c in zip(other.problems, other.n, other.c, strict=True)}
        both = [
            (key, int(n), int(c), *counts[key])
            for key, n, c in zip(one.problems, one.n, one.c, strict=True)
            if key in counts
        ]
        if not both:
            continue
        found.append(
            {
                "models": [one.alias, other.alias],
                "problems": len(both),
                "samples": [sum(row[1] for row in both), sum(row[3] for row in both)],
                "only_first": [row[0] for row in both if row[2] and not row[4]],
                "only_second": [row[0] for row in both if row[4] and not row[2]],
                "neither": sum(not row[2] and not row[4] for row in both),
            }
        )
    return found


def _of_row(cheap: str, search_of_cheap: Search, expensive: str, row: Comparison) -> list[str]:
    """Why a value of the row is null, or means less than it seems."""
    if row.cheap_k is None:
        most = search_of_cheap.largest
        reached = f"{most:,} × {cheap} reach {search_of_cheap.at(most):.1%}"
        return [f"{reached}, less than {row.expensive_k:,} × {expensive}"]
    if not row.cost_cheap:
        return [f"{cheap} and {expensive}: {cheap} costs nothing, so there is no cost ratio"]
    if row.coverage_expensive <= 0:
        return [f"{row.expensive_k:,} × {expensive} solve nothing, so any number of {cheap} does as well"]
    return []
