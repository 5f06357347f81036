"""Printed results in the documents of `frontier` and `compare`: as printed, so without bands, fits or probability."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from orchestrator.analysis.arrays import per_sample
from orchestrator.analysis.money.cost_of_pass import log_failure
from orchestrator.analysis.printed.advice import printed_advice, printed_frontier
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.ledger.importing.printed_results import Point, PrintedModel


def with_printed(document: Mapping[str, Any], printed: Sequence[PrintedModel]) -> dict[str, Any]:
    """The frontier's document with the printed models in it; the same if there are none.

    They join `models`, `comparisons` (within one table: whether two tables are of the same problems is not known),
    `advice` and, if nothing was sampled, `frontier`. `printed` has the cost table."""
    if not printed:
        return dict(document)
    axis, taken = document["axis"], document["models"]
    named = list(zip(_names(printed, taken), printed, strict=True))
    rows = comparisons(named) if axis == "usd" else []
    sampled, table = bool(taken), cost_table(named)
    chosen = document["frontier"] if sampled or axis != "usd" else printed_frontier(table)
    said = [text for text in document["warnings"] if sampled or text != NO_MODELS]
    return {
        **document,
        "models": {**taken, **{name: _model(axis, one) for name, one in named}},
        "frontier": chosen,
        "frontier_without_stopping": document["frontier_without_stopping"] if sampled else chosen,
        "comparisons": [*document["comparisons"], *rows],
        "warnings": [*said, *_warnings(axis, named, rows, sampled=sampled)],
        "advice": [*document["advice"], *printed_advice(rows)],
        "printed": table,
    }


NO_MODELS = "there are no models in the ledger"


def with_printed_table(document: Mapping[str, Any], printed: Sequence[PrintedModel]) -> dict[str, Any]:
    """The document of `compare` with `printed`: the cost table and every pair. The same if nothing is printed."""
    if not printed:
        return dict(document)
    named = list(zip(_names(printed, document["models"]), printed, strict=True))
    rows = comparisons(named)
    said = _warnings("usd", named, rows, sampled=bool(document["models"]))
    return {
        **document,
        "warnings": [*document["warnings"], *said],
        "printed": {"table": cost_table(named), "comparisons": rows},
    }


def cost_table(named: Sequence[tuple[str, PrintedModel]]) -> list[dict[str, Any]]:
    """A row a point: dollars of one attempt, of a problem and of all, and how many times the table's least that is."""
    least: dict[str, int] = {}
    for _, one in named:
        for point in one.points:
            each = point.k * point.attempt_pico
            least[one.sweep] = min(least.get(one.sweep, each), each)
    return [
        {
            "model": name,
            "sweep": one.sweep,
            "k": point.k,
            "coverage": point.coverage,
            "usd_per_attempt": point.attempt_pico / PICO_PER_USD,
            "usd_per_problem": point.k * point.attempt_pico / PICO_PER_USD,
            "problems": point.problems,
            "usd": None
            if point.problems is None
            else point.problems * point.k * point.attempt_pico / PICO_PER_USD,
            "ratio": point.k * point.attempt_pico / least[one.sweep] if least[one.sweep] else None,
        }
        for name, one in named
        for point in one.points
    ]


def comparisons(named: Sequence[tuple[str, PrintedModel]]) -> list[dict[str, Any]]:
    """Every pair of one table, against each number of attempts that the expensive model was printed with."""
    found: list[dict[str, Any]] = []
    for one, other in combinations(named, 2):
        if one[1].sweep != other[1].sweep:
            continue
        cheap, expensive = sorted((one, other), key=lambda side: side[1].points[0].attempt_pico)
        found += [_comparison(cheap, expensive, against) for against in expensive[1].points]
    return found


_NOT_PRINTED = (
    *(
        "cheap_k_low",
        "cheap_k_high",
        "sure_k",
        "affordable_k",
        "compared_k",
        "coverage_compared",
        "usd_compared",
    ),
    *("coverage_sure", "usd_sure", "basis", "verdict", "open_because", "settle", "verdict_if_none_lost"),
)
"""Of a comparison: what takes samples."""


def _comparison(
    cheap: tuple[str, PrintedModel], expensive: tuple[str, PrintedModel], against: Point
) -> dict[str, Any]:
    reached = next((point for point in cheap[1].points if point.coverage >= against.coverage), None)
    usd_expensive = against.k * against.attempt_pico
    usd_cheap = None if reached is None else reached.k * reached.attempt_pico
    each = cheap[1].points[0].attempt_pico
    same = cheap[1].points[0].problems == against.problems
    return {
        "cheap": cheap[0],
        "cheap_k": None if reached is None else reached.k,
        "expensive": expensive[0],
        "expensive_k": against.k,
        "problems": against.problems if same else None,
        "coverage_cheap": None if reached is None else reached.coverage,
        "coverage_expensive": against.coverage,
        "usd_cheap": None if usd_cheap is None else usd_cheap / PICO_PER_USD,
        "usd_expensive": usd_expensive / PICO_PER_USD,
        "cost_ratio": usd_expensive / usd_cheap if usd_cheap else None,
        "probability": None,
        **dict.fromkeys(_NOT_PRINTED),
        "usd_cheap_low": None,
        "usd_cheap_high": None,
        "equal_usd": None,
        "price_ratio": against.attempt_pico / each if each else None,
        "turns_at": {
            "value": None if reached is None else reached.k / against.k,
            "low": None,
            "high": None,
        },
    }


def _names(printed: Sequence[PrintedModel], taken: Mapping[str, Any]) -> list[str]:
    """An alias that stands for one model stays; others become ALIAS@TABLE, numbered if even that is taken."""
    aliases, used, names = [one.alias for one in printed], set(taken), list[str]()
    for one in printed:
        alone = aliases.count(one.alias) == 1 and one.alias not in taken
        base = name = one.alias if alone else f"{one.alias}@{one.sweep}"
        number = 1
        while name in used:
            number += 1
            name = f"{base}#{number}"
        used.add(name)
        names.append(name)
    return names


def _model(axis: str, one: PrintedModel) -> dict[str, Any]:
    """With the keys that a sampled model has, null if that takes samples."""
    usd = axis == "usd"
    return {
        "problems": one.points[0].problems,
        "samples": 0,
        **per_sample(axis, one.points[0].attempt_pico / PICO_PER_USD if usd else None),
        "coverage": [_point(axis, point) for point in one.points],
        "power_law": None,
        "extrapolation": None,
        f"cost_of_pass_{axis}": None,
        f"cost_of_pass_problem_mean_{axis}": None,
        f"cost_of_pass_{axis}_low": None,
        f"cost_of_pass_{axis}_high": None,
        "to_reach": [],
        "printed": one.file,
    }


def _cost(axis: str, point: Point) -> float | None:
    """What so many attempts at a problem cost: printed in dollars alone, and counted."""
    if axis == "usd":
        return point.k * point.attempt_pico / PICO_PER_USD
    return float(point.k) if axis == "samples" else None


def _point(axis: str, point: Point) -> dict[str, Any]:
    each = _cost(axis, point)
    return {
        "k": point.k,
        "coverage": point.coverage,
        "low": None,
        "high": None,
        f"{axis}_per_problem": each,
        f"{axis}_per_problem_low": None,
        f"{axis}_per_problem_high": None,
        f"log_failure_per_{axis}": log_failure(point.coverage, each),
    }


def _warnings(
    axis: str, named: Sequence[tuple[str, PrintedModel]], rows: Sequence[Mapping[str, Any]], *, sampled: bool
) -> list[str]:
    said = [
        f"{name}: as printed in {one.file}; without samples there is no band, no fit and no probability"
        for name, one in named
    ]
    if axis not in ("usd", "samples"):
        said.append(f"printed results have a cost in dollars only, none in {axis}")
    if sampled:
        said.append("printed results are not put on one frontier with samples, nor compared with them")
    elif len({one.sweep for _, one in named}) > 1:
        said.append(
            "printed results of several tables are not put on one frontier: their problems may differ"
        )
    said += [
        f"no printed number of {row['cheap']} reaches {row['expensive_k']:,} × {row['expensive']}"
        for row in rows
        if row["cheap_k"] is None
    ]
    return said
