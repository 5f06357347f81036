"""What the charts are put together from: axes, layers, marks, colours, notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.report.charts.palette import SHAPES, Paint
from orchestrator.report.charts.rows import Row
from orchestrator.text.frontier_words import cost_title

Spec = dict[str, Any]

TIPS: dict[str, dict[str, str]] = {
    "coverage": {
        "name": "model",
        "said_k": "samples",
        "said_coverage": "coverage",
        "band": "95% band",
        "said_cost": "costs",
    },
    "solved": {"kind": "what", "said_spent": "spent", "said_solved": "solved"},
    "frontier": {
        "buy": "buy",
        "way": "how",
        "said_coverage": "coverage",
        "band": "95% band",
        "said_cost": "costs",
    },
    "spread": {"name": "model", "said_share": "problems", "said_rate": "samples that pass"},
    "spending": {"name": "model", "what": "kind", "said_usd": "dollars"},
}
"""What a point tells, by chart and field. Figures come in words, as `said_…`; the page finds those of costs."""
POINTED_AT: Spec = {"value": True}
"""That there is something to tell: the page takes it from the point's row."""
LABELS = "labels"
"""Name of the layers with the curves' names, which a narrow page leaves out."""
HOLLOW: Spec = {"type": "point", "filled": False, "strokeWidth": 2, "opacity": 1}
"""The mark of what is printed."""
HEIGHT = 320
LABEL_WIDTH = 150
COVERAGE_TITLE = "coverage: problems that any of k samples solves"
VOTED = "Dotted: how often a majority vote of the k samples, without a verifier, is right."
PICKED = "Dashed and dotted: how often the sample with the best score is right."
DELIVERED = (
    "Long dashes: how often the first sample that the verifier accepts is right; wrong ones that pass cap it."
)
EVERY = "Short dashes: how often all k attempts are right (pass^k)."
LAW = "Thin short dashes: the fitted law, ln(coverage) = a·k^b."
PRINTED = "Hollow marks: as printed, without their samples, so without a band."
NOTE = (
    "Marks: k = 1, 2, 5, 10 … Bands: 95%, over problems. Dashed: extrapolated, depends on the model fitted."
)

TICKS = {
    "usd": "datum.value >= 1e-7 || datum.value == 0 ? format(1000 * datum.value, '$,~r') : "
    "'$' + format(1000 * datum.value, '~e')",
    "tokens": "format(datum.value, '~s')",
    "seconds": "datum.value < 1e5 ? format(datum.value, ',~r') : format(datum.value, '~e')",
    "flops": "format(datum.value, '~e')",
    "samples": "format(datum.value, ',~r')",
}

WHOLE_DOLLARS = "format(datum.value, datum.value == 0 || datum.value >= 1e-4 ? '$,~r' : '$~e')"
"""Of all that was paid, not of a problem."""


def cost_axis(axis: str) -> Spec:
    """The axis of cost; a logarithmic scale names only some of its ticks. Dollars are drawn a problem, and named for a
    thousand."""
    return {
        "title": cost_title(axis),
        "labelExpr": f"datum.label == '' ? '' : {TICKS[axis]}",
        "labelOverlap": "greedy",
        "tickCount": 6,
        "gridOpacity": {"condition": {"test": "datum.label == ''", "value": 0}, "value": 1},
    }


def notes_of(coverage: Spec) -> list[str]:
    kinds = {row["kind"] for row in coverage["datasets"]["curves"]}
    notes = (
        ("sampled", NOTE),
        ("voted", VOTED),
        ("picked", PICKED),
        ("delivered", DELIVERED),
        ("every", EVERY),
        ("law", LAW),
        ("printed", PRINTED),
    )
    return [note for kind, note in notes if kind in kinds]


def chart(paint: Paint, spec: Spec) -> Spec:
    return {
        "width": 560,
        "height": HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": 4,
        "background": None,
        "config": config(paint),
    } | spec


def layer(mark: Spec, encoding: Spec, only: str | None = None) -> Spec:
    made: Spec = {"mark": mark | {"tooltip": None} if mark["type"] != "bar" else mark, "encoding": encoding}
    return made | ({"transform": [{"filter": only}]} if only else {})


def only(encoding: Spec, first_letters: str) -> Spec:
    return {channel: value for channel, value in encoding.items() if channel[0] in first_letters}


def cost_field(axis: str) -> Spec:
    return {
        "field": "cost",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False, "padding": 8},
        "axis": cost_axis(axis),
    }


def share_axis(field: str, title: str) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": {"title": title, "format": ".0%", "tickCount": 5},
    }


def model_places(rows: Sequence[Row]) -> list[int]:
    return sorted({row["m"] for row in rows})


def model_colour(rows: Sequence[Row], paint: Paint) -> Spec:
    places = model_places(rows)
    scale = {"domain": places, "range": [paint.of(m) for m in places]}
    return {"field": "m", "type": "nominal", "scale": scale, "legend": None}


def model_shape(rows: Sequence[Row]) -> Spec:
    places = model_places(rows)
    # After eight the hues come round again; shifted, the marks still tell such a pair apart.
    shapes = [SHAPES[(m + m // len(SHAPES)) % len(SHAPES)] for m in places]
    return {"field": "m", "type": "nominal", "scale": {"domain": places, "range": shapes}, "legend": None}


def curve_names(y: Spec, colour: Spec, shape: Spec) -> list[Spec]:
    """Each curve's name to the right of the chart, with the curve's mark. No line leads there: it would look like
    data."""
    edge = {"value": "width"}
    ends: Spec = {"data": {"name": "ends"}}
    name = {
        "x": edge,
        "y": y | {"field": "at"},
        "color": colour,
        "text": {"field": "name", "type": "nominal"},
    }
    text = {"type": "text", "align": "left", "baseline": "middle", "dx": 16, "limit": LABEL_WIDTH}
    filled: Spec = {"type": "point", "filled": True, "opacity": 1}
    sign = {"x": edge, "y": name["y"], "color": colour, "shape": shape, "size": {"value": 55}}
    return [
        *(
            ends
            | {"name": f"{LABELS}-mark-{kind}"}
            | layer(mark | {"xOffset": 8}, sign, f"datum.kind {is_} 'printed'")
            for kind, mark, is_ in (("sampled", filled, "!="), ("printed", HOLLOW, "=="))
        ),
        ends | {"name": f"{LABELS}-text"} | layer(text, name),
    ]


def hover(x: Spec, y: Spec, colour: Spec) -> Spec:
    """The point nearest to the pointer, ringed, with its figures."""
    ring = {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0}
    select = {"type": "point", "on": "pointerover", "nearest": True, "clear": "pointerout"}
    return {
        "params": [{"name": "near", "select": select}],
        "mark": {"type": "point", "filled": False, "strokeWidth": 2, "size": 190},
        "encoding": {"x": x, "y": y, "color": colour, "opacity": ring, "tooltip": POINTED_AT},
    }


def config(paint: Paint) -> Spec:
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
