"""One panel at a paper's size: the same charts as on the page, with lines, marks and letters made for print."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast, get_args

from orchestrator.report.charts import printed, rows, spec
from orchestrator.report.charts.palette import LIGHT
from orchestrator.report.charts.spec_parts import COVERAGE_TITLE, LABELS, Spec, config, notes_of
from orchestrator.report.short_names import short_names

Panel = Literal["coverage", "samples", "frontier", "cost"]
PANELS: tuple[Panel, ...] = get_args(Panel)
POINTS_PER_INCH = 72
ONE_COLUMN = 320.0
"""Points: up to this width letters are of 7 pt, else of 9."""
_CHARACTER = 0.55
"""Of the height of a letter: how wide it is on average."""
_SYMBOL = 18


class Size(NamedTuple):
    """In points."""

    width: float
    height: float


DEFAULT = Size(3.3 * POINTS_PER_INCH, 2.4 * POINTS_PER_INCH)
"""One column of a paper in two."""


def panel_of(document: Mapping[str, Any], panel: Panel, size: Size = DEFAULT, title: str = "") -> Spec:
    """`document`: the frontier's, on the axis of samples for the panel of that name."""
    if panel == "frontier":
        ways = drawable(rows.frontier(document, document["axis"]))
        stops = any(row["way"] == rows.UNTIL_SOLVED for row in ways)
        chart, shown = spec.frontier_chart(ways, document["axis"], LIGHT, stops=stops), {}
    elif panel == "cost":
        chart, shown = spec.cost_chart(rows.costs_of_pass(document), document["axis"], LIGHT), {}
    else:
        chart = coverage_of(document)
        there = dict.fromkeys(row["m"] for row in chart["datasets"]["curves"])
        shown = dict(zip(there, [list(document["models"])[m] for m in there], strict=True))
    return _printed(chart, _legend(shown, size), size, title)


def coverage_of(document: Mapping[str, Any]) -> Spec:
    """Coverage against the document's axis, with the fitted law where that is samples. What is free has no place on a
    logarithmic axis."""
    axis, models = document["axis"], document["models"]
    curves = drawable(rows.curves(models, axis))
    others = rows.votes(models, axis) + rows.deliveries(models, axis) + rows.every_right(models, axis)
    others += rows.laws(models) if axis == "samples" else []
    points = drawable(printed.points(document))
    return spec.coverage_chart(curves + drawable(others) + points, rows.labels(curves + points), axis, LIGHT)


def drawable(points: Sequence[rows.Row]) -> list[rows.Row]:
    return [point | {"cost": point["cost"] or None} for point in points]


def caption(chart: Spec) -> list[str]:
    """What the lines and marks mean, for the text below the figure."""
    return notes_of(chart) if "curves" in chart["datasets"] else []


def letters(size: Size) -> int:
    return 7 if size.width <= ONE_COLUMN else 9


def _legend(names: Mapping[int, str], size: Size) -> tuple[dict[int, str], Spec]:
    """Names by place as they are shown, and how the legend holds them. No line leads to a name: it would look like
    data."""
    letter = letters(size) * _CHARACTER
    widest = max((len(name) for name in names.values()), default=0)
    fitting = max(1, int(size.width // (min(widest, rows.NAME) * letter + _SYMBOL)))
    columns = min(len(names) or 1, max(fitting, min(3, math.ceil(len(names) / 4))))
    room = max(6, int((size.width / columns - _SYMBOL) / letter))
    shown = dict(zip(names, short_names(list(names.values()), min(room, rows.NAME)), strict=True))
    return shown, {"title": None, "orient": "top", "columns": columns, "symbolOpacity": 1, "labelLimit": 0}


def _printed(chart: Spec, legend: tuple[dict[int, str], Spec], size: Size, title: str) -> Spec:
    names, look = legend
    letter = letters(size)
    layers = [
        layer
        for layer in chart["layer"]
        if "params" not in layer and not str(layer.get("name", "")).startswith(LABELS)
    ]
    for node in _nodes(layers):
        _thinner(node, letter / 12)
        if node.get("title") == COVERAGE_TITLE:
            node["title"] = "coverage (pass@k)"  # the long one doesn't fit a small panel
        if node.get("field") == "m" and node.get("legend", "") is None:
            node["field"] = "name"
            node["scale"] = node["scale"] | {"domain": [names[m] for m in node["scale"]["domain"]]}
            node["legend"] = look if len(names) > 1 else None
    datasets = {
        name: [row | ({"name": names[row["m"]]} if row.get("m") in names else {}) for row in of]
        for name, of in chart["datasets"].items()
        if name != "ends"
    }
    made = {key: value for key, value in chart.items() if key not in ("layer", "datasets", "config")}
    return made | {
        "datasets": datasets,
        "layer": layers,
        "width": round(size.width, 2),
        "height": round(size.height, 2),
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": 2,
        "background": LIGHT.ground,
        "config": _config(letter),
        **({"title": {"text": title}} if title else {}),
    }


def _thinner(node: dict[str, Any], by: float) -> None:
    """Lines and marks as much smaller as the letters are."""
    size: Any = node.get("size")
    if isinstance(node.get("strokeWidth"), (int, float)):
        node["strokeWidth"] = round(node["strokeWidth"] * by, 2)
    if isinstance(size, (int, float)):
        node["size"] = round(size * by * by, 1)
    elif isinstance(size, dict) and "value" in size:
        node["size"] = {"value": round(cast("dict[str, float]", size)["value"] * by * by, 1)}


def _nodes(of: Any) -> list[dict[str, Any]]:
    """Every object in it, the outer first. They are of this chart alone: nothing is shared with another."""
    if isinstance(of, dict):
        node = cast("dict[str, Any]", of)
        return [node, *(inner for value in list(node.values()) for inner in _nodes(value))]
    if isinstance(of, list):
        return [inner for value in cast("list[Any]", of) for inner in _nodes(value)]
    return []


def _config(letter: int) -> Spec:
    base = config(LIGHT)
    sizes = {"labelFontSize": letter, "titleFontSize": letter}
    axis = base["axis"] | sizes | {"titlePadding": 3, "labelPadding": 2, "tickSize": 3}
    legend = (
        base["legend"]
        | sizes
        | {"symbolSize": 2.5 * letter, "rowPadding": 0, "columnPadding": 6, "offset": 2}
    )
    return base | {
        "axis": axis | {"labelColor": LIGHT.ink, "gridWidth": 0.5, "domainWidth": 0.5, "tickWidth": 0.5},
        "legend": legend | {"padding": 0, "labelOffset": 2},
        "title": base["title"] | {"fontSize": letter + 1, "offset": 3},
        "text": {"fontSize": letter},
    }
