"""The frontier's document as rows to draw. A model is its place, `m`; names are shown and never looked up by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.report.short_names import short_names
from orchestrator.text.frontier_words import amount, band, bought, covered, percent

Row = dict[str, Any]
NAME = 22
"""Characters that fit beside a chart."""
AT_ONCE, UNTIL_SOLVED = "all bought at once", "one by one, until a verifier says right"
_LAW_STEPS = 40
_LABEL_GAP = 0.05
"""Of the height of the coverage axis: two names closer than this would overlap."""


def names(aliases: Sequence[str]) -> list[str]:
    """Names as they are shown: on one line, shortened in the middle, no two alike."""
    return short_names(aliases, NAME)


def curves(models: Mapping[str, Mapping[str, Any]], axis: str) -> list[Row]:
    """A row a model and k: coverage, its band, and `cost` a problem (None: not known). What is extrapolated begins at
    the last sampled point, so that the line goes on."""
    rows: list[Row] = []
    for m, (name, model) in enumerate(zip(names(list(models)), models.values(), strict=True)):
        sampled: list[Row] = covered(model)
        if not sampled or "printed" in model:
            continue
        each = sampled[0][f"{axis}_per_problem"]
        guessed: list[Row] = model["extrapolation"]["points"] if model["extrapolation"] else []
        beyond: list[Row] = [sampled[-1], *guessed] if guessed else []
        for kind, points in (("sampled", sampled), ("beyond", beyond)):
            rows += [
                {
                    "m": m,
                    "name": name,
                    "kind": kind,
                    "k": point["k"],
                    "coverage": point["coverage"],
                    "low": point["low"],
                    "high": point["high"],
                    "band": band(point),
                    "cost": None if each is None else each * point["k"],
                }
                for point in points
            ]
    return rows


def votes(models: Mapping[str, Mapping[str, Any]], axis: str) -> list[Row]:
    """A row a model and k: how often what is chosen of k samples is right, voted (by majority) or picked (by score)."""
    return [
        {
            "m": m,
            "name": name,
            "kind": kind,
            "k": point["k"],
            "coverage": point["accuracy"],
            "low": point["low"],
            "high": point["high"],
            "band": band(point),
            "cost": None if each is None else each * point["k"],
        }
        for m, (name, model) in enumerate(zip(names(list(models)), models.values(), strict=True))
        if model["coverage"] and "printed" not in model
        for each in (model["coverage"][0][f"{axis}_per_problem"],)
        for kind, points in (("voted", vote_points(model)), ("picked", pick_points(model)))
        for point in points
    ]


def deliveries(models: Mapping[str, Mapping[str, Any]], axis: str) -> list[Row]:
    """A row a model and k: how often what an imperfect verifier accepts first of k samples is right."""
    return [
        {
            "m": m,
            "name": name,
            "kind": "delivered",
            "k": point["k"],
            "coverage": point["delivered"],
            "low": point["delivered_low"],
            "high": point["delivered_high"],
            "band": band({"low": point["delivered_low"], "high": point["delivered_high"]}),
            "cost": point[f"{axis}_per_problem"],
        }
        for m, (name, model) in enumerate(zip(names(list(models)), models.values(), strict=True))
        if "printed" not in model
        for point in model["coverage"]
        if point.get("delivered") is not None
    ]


def every_right(models: Mapping[str, Mapping[str, Any]], axis: str) -> list[Row]:
    """A row a model of agents and k: how often all of k attempts are right (pass^k)."""
    return [
        {
            "m": m,
            "name": name,
            "kind": "every",
            "k": point["k"],
            "coverage": point["all"],
            "low": None,
            "high": None,
            "band": "–",
            "cost": point[f"{axis}_per_problem"],
        }
        for m, (name, model) in enumerate(zip(names(list(models)), models.values(), strict=True))
        if "agent" in model
        for point in model["coverage"]
        if point["all"] is not None
    ]


def laws(models: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """A row a model and k: the fitted power law, against samples."""
    found: list[Row] = []
    for m, (name, model) in enumerate(zip(names(list(models)), models.values(), strict=True)):
        law, sampled = model["power_law"], covered(model)
        if law is None or not sampled:
            continue
        guessed: list[Row] = model["extrapolation"]["points"] if model["extrapolation"] else []
        last = [*sampled, *guessed][-1]["k"]
        for k in sorted({round(last ** (at / _LAW_STEPS)) for at in range(_LAW_STEPS + 1)}):
            share = math.exp(law["a"] * k ** law["b"])
            found.append({"m": m, "name": name, "kind": "law", "k": k, "coverage": min(share, 1.0)})
            found[-1] |= {"low": None, "high": None, "band": "–", "cost": float(k)}
    return found


def costs_of_pass(document: Mapping[str, Any]) -> list[Row]:
    """A row a model that passed at all: dollars over passes."""
    key, models = f"cost_of_pass_{document['axis']}", document["models"]
    return [
        {"m": m, "name": name, "cost": model[key], "low": model[f"{key}_low"], "high": model[f"{key}_high"]}
        for m, (name, model) in enumerate(zip(names(list(models)), models.values(), strict=True))
        if model[key]
    ]


def vote_points(model: Mapping[str, Any]) -> list[Row]:
    """The majority vote's points; none in a document without votes."""
    selection: Mapping[str, Any] | None = model.get("selection")
    return selection["points"] if selection else []


def pick_points(model: Mapping[str, Any]) -> list[Row]:
    """The points of best of k by score; none in a document without scores."""
    best: Mapping[str, Any] | None = model.get("best_of")
    return best["points"] if best else []


def labels(rows: Sequence[Row]) -> list[Row]:
    """A row a curve that has a cost: where it ends, and `at`, the height of its name beside the chart, pushed apart
    where curves end together."""
    ends: dict[int, Row] = {}
    for row in rows:
        if row["cost"] is not None:
            ends[row["m"]] = row
    order = sorted(ends.values(), key=lambda row: row["coverage"])
    heights = _apart([row["coverage"] for row in order])
    return [
        {key: row[key] for key in ("m", "name", "kind", "coverage", "cost")} | {"at": height}
        for row, height in zip(order, heights, strict=True)
    ]


def _apart(wanted: Sequence[float]) -> list[float]:
    """Rising heights in [0, 1] at least a gap apart, as near to what is wanted as going down from the top leaves."""
    gap = min(_LABEL_GAP, 1 / max(len(wanted), 1))
    found: list[float] = []
    for height in wanted:
        found.append(max(height, found[-1] + gap) if found else height)
    top = 1.0
    for at in range(len(found) - 1, -1, -1):
        found[at] = max(0.0, min(found[at], top))
        top = found[at] - gap
    return found


def frontier(document: Mapping[str, Any], axis: str) -> list[Row]:
    """A row a policy that no other beats, in both ways of buying."""
    rows: list[Row] = []
    for way, key in ((AT_ONCE, "frontier_without_stopping"), (UNTIL_SOLVED, "frontier")):
        points = document[key]
        if way == UNTIL_SOLVED and all(point["policy"]["stop"] == "none" for point in points):
            continue
        rows += [
            {
                "way": way,
                "coverage": point["coverage"],
                "low": point["low"],
                "high": point["high"],
                "band": "–" if point["low"] is None else band(point),
                "cost": point[f"{axis}_per_problem"],
                "buy": bought(point["policy"]),
            }
            for point in points
        ]
    return rows


def spread(models: Sequence[str], quantiles: Sequence[Sequence[Sequence[float]]]) -> list[Row]:
    """A row a model and problem, or a hundredth of the problems: hardest first. Every tenth bears the mark."""
    rows: list[Row] = []
    for m, (name, points) in enumerate(zip(names(models), quantiles, strict=True)):
        every = max(1, len(points) // 8)
        rows += [
            {
                "m": m,
                "name": name,
                "share": share,
                "rate": rate,
                "marked": at % every == every // 2,
                "said_share": f"{percent(share)} are as hard",
                "said_rate": percent(rate),
            }
            for at, (share, rate) in enumerate(points)
        ]
    return rows


def spending(models: Sequence[Mapping[str, Any]]) -> list[Row]:
    """A row a model and kind of dollars, from where to where its bar goes."""
    rows: list[Row] = []
    for m, (name, model) in enumerate(zip(names([one["alias"] for one in models]), models, strict=True)):
        start = 0.0
        for kind, key in enumerate(("used_usd", "unused_usd", "presumed_usd", "reserved_usd")):
            end = start + model[key]
            rows.append(
                {"m": m, "name": name, "kind": kind, "usd": model[key], "start": start, "end": end}
                | {"said_usd": amount("usd", model[key])}
            )
            start = end
    return rows
