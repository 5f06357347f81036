"""The charts, each defined once, in Vega-Lite: the page draws them in the reader's browser, PNG and SVG are made of the
same. Nothing from the data ever stands in an expression or in a field's name; data are rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.report.charts.palette import KINDS, SHAPES, Paint
from orchestrator.report.charts.rows import AT_ONCE, UNTIL_SOLVED, Row
from orchestrator.text.frontier_words import UNITS

Spec = dict[str, Any]

TIPS: dict[str, dict[str, str]] = {
    "coverage": {
        "name": "model",
        "said_k": "samples",
        "said_coverage": "coverage",
        "band": "95% band",
        "said_cost": "a problem",
    },
    "frontier": {
        "buy": "buy",
        "way": "how",
        "said_coverage": "coverage",
        "band": "95% band",
        "said_cost": "a problem",
    },
    "spread": {"name": "model", "said_share": "problems", "said_rate": "samples that pass"},
    "spending": {"name": "model", "what": "kind", "said_usd": "dollars"},
}
"""What a point tells, by chart and field. Figures come in words, as `said_…`; the page finds those of costs."""
_POINTED_AT: Spec = {"value": True}
"""That there is something to tell: the page takes it from the point's row."""
LABELS = "labels"
"""Name of the layers with the curves' names, which a narrow page leaves out."""
HOLLOW: Spec = {"type": "point", "filled": False, "strokeWidth": 2, "opacity": 1}
"""The mark of what is printed."""
_HEIGHT = 320
_LABEL_WIDTH = 150
_VOTED = "Dotted: how often a majority vote of the k samples, without a verifier, is right."
_PICKED = "Dashed and dotted: how often the sample with the best score is right."
_PRINTED = "Hollow marks: as printed, without their samples, so without a band."
_NOTE = (
    "Marks: k = 1, 2, 5, 10 … Bands: 95%, over problems. Dashed: extrapolated, depends on the model fitted."
)

_TICKS = {
    "usd": "datum.value >= 1e-4 || datum.value == 0 ? format(datum.value, '$,~r') : '$' + format(datum.value, '~e')",
    "tokens": "format(datum.value, '~s')",
    "seconds": "datum.value < 1e5 ? format(datum.value, ',~r') : format(datum.value, '~e')",
    "flops": "format(datum.value, '~e')",
}


def cost_axis(axis: str) -> Spec:
    """The axis of cost; a logarithmic scale names only some of its ticks."""
    return {
        "title": f"{UNITS[axis]} a problem",
        "labelExpr": f"datum.label == '' ? '' : {_TICKS[axis]}",
        "labelOverlap": "greedy",
        "tickCount": 6,
        "gridOpacity": {"condition": {"test": "datum.label == ''", "value": 0}, "value": 1},
    }


def coverage_chart(rows: Sequence[Row], ends: Sequence[Row], axis: str, paint: Paint) -> Spec:
    """Coverage against cost: a curve a model with its band, a mark at every k, its name beside its end."""
    faint = min(0.17, 0.7 / max(len(_places(rows)), 1))  # many bands over one another are mud
    sampled, beyond, voted, picked, printed = (
        f"datum.kind == '{kind}'" for kind in ("sampled", "beyond", "voted", "picked", "printed")
    )
    x = _cost(axis)
    y = _share("coverage", "coverage: problems that any of k samples solves")
    colour = _colour(rows, paint)
    band = {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}, "color": colour}
    line = {"x": x, "y": y, "color": colour}
    return _chart(
        paint,
        {
            "datasets": {"curves": list(rows), "ends": list(ends)},
            "data": {"name": "curves"},
            "transform": [{"filter": "isValid(datum.cost)"}],
            "layer": [
                _layer({"type": "area", "opacity": faint}, band, f"{sampled} && isValid(datum.low)"),
                _layer({"type": "area", "opacity": faint / 2}, band, f"{beyond} && isValid(datum.low)"),
                _layer({"type": "line", "strokeWidth": 2}, line, sampled),
                _layer({"type": "line", "strokeWidth": 1.5, "strokeDash": [5, 4]}, line, beyond),
                _layer({"type": "line", "strokeWidth": 1.5, "strokeDash": [1, 3]}, line, voted),
                _layer({"type": "line", "strokeWidth": 1.5, "strokeDash": [6, 2, 1, 2]}, line, picked),
                _layer(
                    {"type": "point", "filled": True, "opacity": 1},
                    line | {"shape": _shape(rows), "size": {"value": 55}},
                    sampled,
                ),
                _layer(HOLLOW, line | {"shape": _shape(rows), "size": {"value": 75}}, printed),
                *_names(x, y, colour, _shape(rows)),
                _hover(x, y, colour),
            ],
        },
    )


def frontier_chart(rows: Sequence[Row], axis: str, paint: Paint, *, stops: bool = True) -> Spec:
    """The policies that no other beats: a staircase for each way of buying, at once only where nothing `stops`."""
    ways = [AT_ONCE, UNTIL_SOLVED][: 1 + stops]
    x, y = _cost(axis), _share("coverage", "coverage")
    colours = {"domain": ways, "range": [paint.ink, paint.series[3]][: len(ways)]}
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
    return _chart(
        paint,
        {
            "datasets": {"frontier": list(rows)},
            "data": {"name": "frontier"},
            "transform": [{"filter": "isValid(datum.cost)"}],
            "layer": [
                _layer(
                    {"type": "area", "opacity": 0.12, "interpolate": "step-after"}, band, "isValid(datum.low)"
                ),
                _layer({"type": "line", "interpolate": "step-after", "strokeWidth": 2}, _only(point, "xyc")),
                _layer({"type": "point", "filled": True, "opacity": 1}, point),
                _hover(x, y, colour),
            ],
        },
    )


def spread_chart(rows: Sequence[Row], paint: Paint) -> Spec:
    """Problems from the hardest to the easiest, by how often one sample passes."""
    x = _share("share", "problems, hardest first")
    y = _share("rate", "samples that pass")
    colour = _colour(rows, paint)
    place = {"x": x, "y": y, "color": colour}
    return _chart(
        paint,
        {
            "datasets": {"spread": list(rows)},
            "data": {"name": "spread"},
            "layer": [
                _layer({"type": "line", "interpolate": "step", "strokeWidth": 2}, place),
                _layer(
                    {"type": "point", "filled": True, "opacity": 1},
                    place | {"shape": _shape(rows), "size": {"value": 55}},
                    "datum.marked",
                ),
                _hover(x, y, colour),
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
        "axis": cost_axis("usd") | {"title": "dollars", "tickCount": 5},
    }
    legend = {"title": None, "orient": "top", "direction": "horizontal", "columns": 2}
    bars = {
        "x": x,
        "x2": {"field": "end"},
        "y": y,
        "color": {"field": "what", "type": "nominal", "scale": colours, "legend": legend},
        "tooltip": _POINTED_AT,
    }
    name = {"y": y, "x": {"value": 0}, "text": {"field": "name", "type": "nominal"}}
    return _chart(
        paint,
        {
            "datasets": {"spending": rows},
            "data": {"name": "spending"},
            "height": 46 * max(1, len(_places(rows))),
            "layer": [
                _layer({"type": "bar", "size": 14, "yOffset": 9}, bars, "datum.usd > 0"),
                _layer(
                    {"type": "text", "align": "left", "baseline": "bottom", "dy": -1, "color": paint.ink},
                    name,
                    "datum.kind == 0",
                ),
            ],
        },
    )


def _notes(coverage: Spec) -> list[str]:
    kinds = {row["kind"] for row in coverage["datasets"]["curves"]}
    notes = (("sampled", _NOTE), ("voted", _VOTED), ("picked", _PICKED), ("printed", _PRINTED))
    return [note for kind, note in notes if kind in kinds]


def figure(coverage: Spec, frontier: Spec, paint: Paint) -> Spec:
    """The two that a paper needs, side by side."""
    panels = [
        {
            key: value
            for key, value in panel.items()
            if key not in ("config", "datasets", "autosize", "background", "padding")
        }
        | {"width": width, "height": _HEIGHT, "title": title}
        | {"layer": [layer for layer in panel["layer"] if "params" not in layer]}  # nobody points at paper
        for panel, width, title in (
            (coverage, 400, {"text": "Coverage by model", "subtitle": _notes(coverage)}),
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


def _chart(paint: Paint, spec: Spec) -> Spec:
    return {
        "width": 560,
        "height": _HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": 4,
        "background": None,
        "config": _config(paint),
    } | spec


def _layer(mark: Spec, encoding: Spec, only: str | None = None) -> Spec:
    made: Spec = {"mark": mark | {"tooltip": None} if mark["type"] != "bar" else mark, "encoding": encoding}
    return made | ({"transform": [{"filter": only}]} if only else {})


def _only(encoding: Spec, first_letters: str) -> Spec:
    return {channel: value for channel, value in encoding.items() if channel[0] in first_letters}


def _cost(axis: str) -> Spec:
    return {
        "field": "cost",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False, "padding": 8},
        "axis": cost_axis(axis),
    }


def _share(field: str, title: str) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": {"title": title, "format": ".0%", "tickCount": 5},
    }


def _places(rows: Sequence[Row]) -> list[int]:
    return sorted({row["m"] for row in rows})


def _colour(rows: Sequence[Row], paint: Paint) -> Spec:
    places = _places(rows)
    scale = {"domain": places, "range": [paint.of(m) for m in places]}
    return {"field": "m", "type": "nominal", "scale": scale, "legend": None}


def _shape(rows: Sequence[Row]) -> Spec:
    places = _places(rows)
    # After eight the hues come round again; shifted, the marks still tell such a pair apart.
    shapes = [SHAPES[(m + m // len(SHAPES)) % len(SHAPES)] for m in places]
    return {"field": "m", "type": "nominal", "scale": {"domain": places, "range": shapes}, "legend": None}


def _names(x: Spec, y: Spec, colour: Spec, shape: Spec) -> list[Spec]:
    """Each curve's name to the right of the chart, and a thin line from the curve's end to it."""
    edge = {"value": "width"}
    ends: Spec = {"data": {"name": "ends"}}
    leader = {"x": x, "x2": edge, "y": y, "y2": {"field": "at"}, "color": colour}
    name = {
        "x": edge,
        "y": y | {"field": "at"},
        "color": colour,
        "text": {"field": "name", "type": "nominal"},
    }
    text = {"type": "text", "align": "left", "baseline": "middle", "dx": 16, "limit": _LABEL_WIDTH}
    filled: Spec = {"type": "point", "filled": True, "opacity": 1}
    sign = {"x": edge, "y": name["y"], "color": colour, "shape": shape, "size": {"value": 55}}
    return [
        ends
        | {"name": f"{LABELS}-line"}
        | _layer({"type": "rule", "strokeWidth": 1, "opacity": 0.4}, leader),
        *(
            ends
            | {"name": f"{LABELS}-mark-{kind}"}
            | _layer(mark | {"xOffset": 8}, sign, f"datum.kind {is_} 'printed'")
            for kind, mark, is_ in (("sampled", filled, "!="), ("printed", HOLLOW, "=="))
        ),
        ends | {"name": f"{LABELS}-text"} | _layer(text, name),
    ]


def _hover(x: Spec, y: Spec, colour: Spec) -> Spec:
    """The point nearest to the pointer, ringed, with its figures."""
    ring = {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0}
    select = {"type": "point", "on": "pointerover", "nearest": True, "clear": "pointerout"}
    return {
        "params": [{"name": "near", "select": select}],
        "mark": {"type": "point", "filled": False, "strokeWidth": 2, "size": 190},
        "encoding": {"x": x, "y": y, "color": colour, "opacity": ring, "tooltip": _POINTED_AT},
    }


def _config(paint: Paint) -> Spec:
    text = {"labelColor": paint.faint, "titleColor": paint.ink, "labelFontSize": 12, "titleFontSize": 12}
    return {
        "font": "system-ui, 'Liberation Sans', Arial, Helvetica, sans-serif",
        "view": {"stroke": None},
        "axis": text
        | {
            "titleFontWeight": "normal",
            "gridColor": paint.line,
            "domainColor": paint.faint,
            "tickColor": paint.faint,
            "titlePadding": 8,
        },
        "legend": {"labelColor": paint.ink, "labelFontSize": 12, "symbolSize": 70},
        "title": {
            "color": paint.ink,
            "subtitleColor": paint.faint,
            "anchor": "start",
            "fontSize": 14,
            "subtitleFontSize": 11,
            "offset": 10,
        },
        "text": {"fontSize": 12},
    }
