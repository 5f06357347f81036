"""The charts, each defined once, in Vega-Lite: the page draws them in the reader's browser, PNG and SVG are made of the
same. Nothing from the data ever stands in an expression or in a field's name; data are rows alone."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.report.charts.palette import KINDS, Paint
from orchestrator.report.charts.rows import AT_ONCE, UNTIL_SOLVED, Row
from orchestrator.report.charts.spec_parts import (
    COVERAGE_TITLE,
    HEIGHT,
    HOLLOW,
    POINTED_AT,
    WHOLE_DOLLARS,
    Spec,
    chart,
    cost_axis,
    cost_field,
    curve_names,
    hover,
    layer,
    model_colour,
    model_places,
    model_shape,
    notes_of,
    only,
    share_axis,
)
from orchestrator.text.frontier_words import UNITS


def coverage_chart(rows: Sequence[Row], ends: Sequence[Row], axis: str, paint: Paint) -> Spec:
    """Coverage against cost: a curve a model with its band, a mark at every k, its name beside its end."""
    faint = min(0.17, 0.7 / max(len(model_places(rows)), 1))  # many bands over one another are mud
    sampled, beyond, voted, picked, delivered, every, law, printed = (
        f"datum.kind == '{kind}'"
        for kind in ("sampled", "beyond", "voted", "picked", "delivered", "every", "law", "printed")
    )
    x = cost_field(axis)
    y = share_axis("coverage", COVERAGE_TITLE)
    colour = model_colour(rows, paint)
    band = {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}, "color": colour}
    line = {"x": x, "y": y, "color": colour}
    return chart(
        paint,
        {
            "datasets": {"curves": list(rows), "ends": list(ends)},
            "data": {"name": "curves"},
            "transform": [{"filter": "isValid(datum.cost)"}],
            "layer": [
                layer({"type": "area", "opacity": faint}, band, f"{sampled} && isValid(datum.low)"),
                layer({"type": "area", "opacity": faint / 2}, band, f"{beyond} && isValid(datum.low)"),
                layer({"type": "line", "strokeWidth": 2}, line, sampled),
                layer({"type": "line", "strokeWidth": 1.5, "strokeDash": [5, 4]}, line, beyond),
                layer({"type": "line", "strokeWidth": 1.5, "strokeDash": [1, 3]}, line, voted),
                layer({"type": "line", "strokeWidth": 1.5, "strokeDash": [6, 2, 1, 2]}, line, picked),
                layer({"type": "line", "strokeWidth": 1.5, "strokeDash": [10, 3]}, line, delivered),
                layer({"type": "line", "strokeWidth": 1.5, "strokeDash": [2, 2]}, line, every),
                layer({"type": "line", "strokeWidth": 1, "strokeDash": [3, 2]}, line, law),
                layer(
                    {"type": "point", "filled": True, "opacity": 1},
                    line | {"shape": model_shape(rows), "size": {"value": 55}},
                    sampled,
                ),
                layer(HOLLOW, line | {"shape": model_shape(rows), "size": {"value": 75}}, printed),
                *curve_names(y, colour, model_shape(rows)),
                hover(x, y, colour),
            ],
        },
    )


def frontier_chart(rows: Sequence[Row], axis: str, paint: Paint, *, stops: bool = True) -> Spec:
    """The policies that no other beats: a staircase for each way of buying, at once only if nothing `stops`."""
    ways = [AT_ONCE, UNTIL_SOLVED][: 1 + stops]
    x, y = cost_field(axis), share_axis("coverage", "coverage")
    # No model's colour: here a colour is a way of buying.
    colours = {"domain": ways, "range": [paint.faint, paint.ink][: len(ways)]}
    legend: Spec = {
        "title": None,
        "orient": "bottom",
        "direction": "vertical",
        "labelLimit": 300,
        "symbolOpacity": 1,
    }
    way: Spec = {"field": "way", "type": "nominal"}
    colour = way | {"scale": colours, "legend": legend}
    band = {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}, "color": colour}
    point = {
        "x": x,
        "y": y,
        "color": colour,
        "shape": way
        | {"scale": {"domain": ways, "range": ["circle", "triangle-up"][: len(ways)]}, "legend": legend},
        "size": {"value": 55},
    }
    return chart(
        paint,
        {
            "datasets": {"frontier": list(rows)},
            "data": {"name": "frontier"},
            "transform": [{"filter": "isValid(datum.cost)"}],
            "layer": [
                layer(
                    {"type": "area", "opacity": 0.12, "interpolate": "step-after"}, band, "isValid(datum.low)"
                ),
                layer({"type": "line", "interpolate": "step-after", "strokeWidth": 2}, only(point, "xyc")),
                layer({"type": "point", "filled": True, "opacity": 1}, point),
                hover(x, y, colour),
            ],
        },
    )


def cost_chart(rows: Sequence[Row], axis: str, paint: Paint) -> Spec:
    """What a pass costs: a mark a model with its band."""
    places = model_places(rows)
    colour: Spec = {
        "field": "m",
        "type": "nominal",
        "scale": {"domain": places, "range": [paint.of(m) for m in places]},
        "legend": False,
    }
    title = "dollars per 1,000 passes" if axis == "usd" else f"{UNITS[axis]} per pass"
    x = cost_field(axis)
    x["axis"] = x["axis"] | {"title": title}
    y: Spec = {"field": "name", "type": "nominal", "sort": None, "axis": {"title": None, "grid": False}}
    return chart(
        paint,
        {
            "datasets": {"costs": list(rows)},
            "data": {"name": "costs"},
            "transform": [{"filter": "isValid(datum.cost)"}],
            "layer": [
                layer(
                    {"type": "rule", "strokeWidth": 2},
                    {"x": x | {"field": "low"}, "x2": {"field": "high"}, "y": y, "color": colour},
                    "isValid(datum.low) && isValid(datum.high)",
                ),
                layer(
                    {"type": "point", "filled": True, "opacity": 1},
                    {"x": x, "y": y, "color": colour, "size": {"value": 75}},
                ),
            ],
        },
    )


def spread_chart(rows: Sequence[Row], paint: Paint) -> Spec:
    """Problems from the hardest to the easiest, by how often one sample passes."""
    x = share_axis("share", "problems, hardest first")
    y = share_axis("rate", "samples that pass")
    colour = model_colour(rows, paint)
    place = {"x": x, "y": y, "color": colour}
    return chart(
        paint,
        {
            "datasets": {"spread": list(rows)},
            "data": {"name": "spread"},
            "layer": [
                layer({"type": "line", "interpolate": "step", "strokeWidth": 2}, place),
                layer(
                    {"type": "point", "filled": True, "opacity": 1},
                    place | {"shape": model_shape(rows), "size": {"value": 55}},
                    "datum.marked",
                ),
                hover(x, y, colour),
            ],
        },
    )


def spending_chart(rows: Sequence[Row], paint: Paint) -> Spec:
    """A bar a model of what its requests cost, by kind, its name above it."""
    rows = [row | {"what": KINDS[row["kind"]]} for row in rows]
    kinds = [
        kind for at, kind in enumerate(KINDS) if at == 0 or any(r["usd"] and r["kind"] == at for r in rows)
    ]
    colours = {"domain": kinds, "range": [paint.kinds[KINDS.index(kind)] for kind in kinds]}
    y: Spec = {"field": "m", "type": "ordinal", "axis": None}
    x: Spec = {
        "field": "start",
        "type": "quantitative",
        "axis": cost_axis("usd") | {"title": "dollars", "labelExpr": WHOLE_DOLLARS, "tickCount": 5},
    }
    legend = {"title": None, "orient": "top", "direction": "horizontal", "columns": 2}
    bars = {
        "x": x,
        "x2": {"field": "end"},
        "y": y,
        "color": {"field": "what", "type": "nominal", "scale": colours, "legend": legend},
        "tooltip": POINTED_AT,
    }
    name = {"y": y, "x": {"value": 0}, "text": {"field": "name", "type": "nominal"}}
    return chart(
        paint,
        {
            "datasets": {"spending": rows},
            "data": {"name": "spending"},
            "height": 46 * max(1, len(model_places(rows))),
            "layer": [
                layer({"type": "bar", "size": 14, "yOffset": 9}, bars, "datum.usd > 0"),
                layer(
                    {"type": "text", "align": "left", "baseline": "bottom", "dy": -1, "color": paint.ink},
                    name,
                    "datum.kind == 0",
                ),
            ],
        },
    )


def figure(coverage: Spec, frontier: Spec, paint: Paint) -> Spec:
    """The two that a paper needs, side by side."""
    panels = [
        {
            key: value
            for key, value in panel.items()
            if key not in ("config", "datasets", "autosize", "background", "padding")
        }
        | {"width": width, "height": HEIGHT, "title": title}
        | {"layer": [layer for layer in panel["layer"] if "params" not in layer]}  # nobody points at paper
        for panel, width, title in (
            (coverage, 400, {"text": "Coverage by model", "subtitle": notes_of(coverage)}),
            (frontier, 400, {"text": "The frontier", "subtitle": "What no other way of buying beats."}),
        )
    ]
    return {
        "datasets": coverage["datasets"] | frontier["datasets"],
        "config": coverage["config"],
        "background": paint.ground,
        "padding": 12,
        "spacing": 36,
        "hconcat": panels,
        "resolve": {"scale": {"x": "independent", "color": "independent", "shape": "independent"}},
    }
