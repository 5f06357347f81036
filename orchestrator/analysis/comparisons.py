"""The `comparisons` of the frontier's document: every pair of models on the problems that were asked of both."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.analysis.arrays import asked, on, unit_of
from orchestrator.analysis.verdicts import Compared, verdicts
from orchestrator.coverage import bootstrap
from orchestrator.coverage.extrapolation import tail_fit, tail_laws
from orchestrator.coverage.extrapolation.extrapolate import lacks
from orchestrator.coverage.pairs.compare import Banded, Beyond, Comparison, compare, nothing_beyond
from orchestrator.coverage.search import Search, search
from orchestrator.text.frontier_words import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples
    from orchestrator.ledger.reading.outcomes.outcomes import Axis, Outcomes


@dataclass(frozen=True, slots=True)
class _Side:
    search: Search | None
    costed: bool


@dataclass(frozen=True, slots=True)
class _Pair:
    """Aliases, the problems asked of both, and what was sampled of them there."""

    cheap: str
    expensive: str
    problems: tuple[str, ...]
    of_cheap: Search
    of_expensive: Search


_Sides = dict[tuple[str, tuple[str, ...]], _Side]


def comparisons(
    axis: Axis, models: Sequence[tuple[Outcomes, Samples]], warnings: list[str]
) -> list[dict[str, Any]]:
    """Two rows a pair: against one sample of the expensive model, and against as many as it has. Verdicts are said over
    all rows at once."""
    ready = [(o, s) for o, s in models if s.problems]
    sides: _Sides = {}
    pairs: list[_Pair] = []
    for one, other in combinations(ready, 2):
        name = f"{one[0].alias} and {other[0].alias}"
        here = set(asked(other[0]))
        shared = tuple(key for key in asked(one[0]) if key in here)
        if not shared:
            warnings.append(f"{name}: no problem in common, so no comparison")
            continue
        pair = [(m[0].alias, _side(sides, m, shared, unit_of(axis))) for m in (one, other)]
        cheap, expensive = sorted(
            pair, key=lambda side: np.inf if side[1].search is None else side[1].search.cost
        )
        if cheap[1].search is None or expensive[1].search is None:
            warnings.append(f"{name}: {_why_not(pair)}, so no comparison")
            continue
        if len(shared) == 1:
            warnings.append(
                f"{name}: compared on one problem, where the probability says nothing about others"
            )
        pairs.append(_Pair(cheap[0], expensive[0], shared, cheap[1].search, expensive[1].search))
    found = _compared(pairs)
    for row in found:
        warnings += _of_row(row)
    return [
        _row(axis, one, verdict.document(axis)) for one, verdict in zip(found, verdicts(found), strict=True)
    ]


def _compared(pairs: Sequence[_Pair]) -> list[Compared]:
    """In the order of the pairs. Those with the same cheap side come one after another, since they ask for the same
    laws beyond its samples, which take megabytes."""
    rows: dict[int, list[Compared]] = {}
    of_cheap: dict[int, list[int]] = {}
    for at, pair in enumerate(pairs):
        of_cheap.setdefault(id(pair.of_cheap), []).append(at)
    for places in of_cheap.values():
        beyond = coverage_beyond(pairs[places[0]].of_cheap.samples)
        for at in places:
            pair = pairs[at]
            rows[at] = [
                Compared(pair.cheap, pair.expensive, pair.problems, row, pair.of_cheap, pair.of_expensive)
                for row in compare(pair.of_cheap, pair.of_expensive, beyond)
            ]
    return [row for at in range(len(pairs)) for row in rows[at]]


def _side(sides: _Sides, model: tuple[Outcomes, Samples], shared: tuple[str, ...], unit: int) -> _Side:
    """Kept by model and problems: most pairs share them all."""
    outcomes, samples = model
    key = (outcomes.alias, shared)
    if key not in sides:
        taken = on(outcomes, samples, shared, unit)
        costed = not np.isnan(taken.cost).any()
        sides[key] = _Side(search(taken) if costed else None, costed)
    return sides[key]


def _why_not(pair: Sequence[tuple[str, _Side]]) -> str:
    unjudged = [alias for alias, side in pair if side.search is None and side.costed]
    if unjudged:
        return f"{unjudged[0]} has no verdict on the problems in common"
    return "costs are not known on every problem in common"


def coverage_beyond(samples: Samples) -> Beyond:
    """Coverage beyond the samples in every draw, each draw by one of the laws behind the extrapolation."""
    judged = samples.n > 0
    of = samples if judged.all() else samples.take(judged)
    made: list[Beyond] = []

    def drawn(k: int) -> NDArray[np.float64] | None:
        if k > tail_laws.FAR * of.largest_k:
            return None
        if not made:
            if lacks(of) is not None:
                made.append(nothing_beyond)
            else:
                blocks = bootstrap.weights(samples.problems, clusters=samples.cluster)
                made.append(tail_fit.fit(of).solving(block[:, judged] for block in blocks))
        return made[0](k)

    return drawn


def _row(axis: Axis, one: Compared, verdict: dict[str, Any]) -> dict[str, Any]:
    row = one.row
    return {
        "cheap": one.cheap,
        "cheap_k": row.cheap_k,
        "expensive": one.expensive,
        "expensive_k": row.expensive_k,
        "problems": len(one.problems),
        "coverage_cheap": row.coverage_cheap,
        "coverage_expensive": row.coverage_expensive,
        f"{axis}_cheap": row.cost_cheap,
        f"{axis}_expensive": row.cost_expensive,
        "cost_ratio": row.cost_expensive / row.cost_cheap if row.cost_cheap else None,
        "probability": row.probability,
        "cheap_k_low": row.cheap_k_low,
        "cheap_k_high": row.cheap_k_high,
        "sure_k": row.sure_k,
        "affordable_k": row.affordable_k,
        "compared_k": row.compared_k,
        "coverage_compared": one.search.at(row.compared_k),
        f"{axis}_compared": one.search.cost_at(row.compared_k),
        "coverage_sure": None if row.sure_k is None else one.search.at(row.sure_k),
        f"{axis}_sure": None if row.sure_k is None else one.search.cost_at(row.sure_k),
        "basis": row.basis,
        **verdict,
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


def _of_row(one: Compared) -> list[str]:
    """Why a value of the row is null, or means less than it seems."""
    row, cheap, expensive = one.row, one.cheap, one.expensive
    said: list[str] = []
    aim = f"{row.expensive_k:,} × {expensive}"
    if row.cheap_k is None:
        most = one.search.largest
        reach = "reaches" if most == 1 else "reach"
        said.append(f"{most:,} × {cheap} {reach} {percent(one.search.at(most))}, less than {aim}")
    elif not row.cost_cheap:
        said.append(f"{cheap} and {expensive}: {cheap} costs nothing, so there is no cost ratio")
    elif row.coverage_expensive <= 0:
        solves = "solves" if row.expensive_k == 1 else "solve"
        said.append(f"{aim} {solves} nothing on the problems compared, so any number of {cheap} does as well")
    if row.probability is None:
        said.append(
            f"{aim} {'costs' if row.expensive_k == 1 else 'cost'} as much as {row.affordable_k:,} × {cheap}; "
            f"{_sampled(one.search.largest)} nothing about so many, so there is no probability"
        )
    return said


def _sampled(most: int) -> str:
    return "1 was sampled, which says" if most == 1 else f"{most:,} were sampled, which say"
