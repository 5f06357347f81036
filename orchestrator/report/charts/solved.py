"""The chart of problems solved by any model against dollars spent, with what was foretold beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.report.charts.spec_parts import WHOLE_DOLLARS, Spec, chart, hover, layer
from orchestrator.text.frontier_words import amount
from orchestrator.text.solved_words import is_for_solving

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.report.charts.palette import Paint
    from orchestrator.report.charts.rows import Row

REALISED, FORETOLD = "realised", "predicted"
MOST_POINTS = 300


def rows(document: Mapping[str, Any]) -> list[Row]:
    """None where no policy chose who was asked."""
    if not is_for_solving(document):
        return []
    realised: Sequence[Mapping[str, Any]] = document["realised"]
    foretold: Sequence[Mapping[str, Any]] = document.get("foretold") or []
    every = max(1, len(realised) // MOST_POINTS)
    kept = [*realised[: len(realised) - 1 : every], realised[-1]]
    found = [_row(REALISED, point) for point in kept]
    return found + [_row(FORETOLD, point) for point in foretold]


def _row(kind: str, point: Mapping[str, Any]) -> Row:
    band = {"low": point["low"], "high": point["high"]} if kind == FORETOLD else {}
    solved = f"{point['solved']:,.0f}" + (f" ({point['low']:.0f}–{point['high']:.0f})" if band else "")
    said = {"said_spent": amount("usd", point["usd"]), "said_solved": solved}
    return {"kind": kind, "spent": point["usd"], "solved": point["solved"], **band, **said}


def solved_chart(drawn: list[Row], paint: Paint) -> Spec:
    """Dollars are logarithmic where nothing was free: most is solved for the first of them."""
    is_log = all(row["spent"] > 0 for row in drawn)
    x: Spec = {
        "field": "spent",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False, "padding": 8} if is_log else {"zero": True},
        "axis": {
            "title": "dollars spent",
            "labelExpr": f"datum.label == '' ? '' : {WHOLE_DOLLARS}",
            "labelOverlap": "greedy",
            "tickCount": 6,
        },
    }
    y: Spec = {"field": "solved", "type": "quantitative", "axis": {"title": "problems solved by any model"}}
    colours = {"domain": [REALISED, FORETOLD], "range": [paint.of(0), paint.of(1)]}
    several = any(row["kind"] == FORETOLD for row in drawn)
    legend = {"title": None, "orient": "top", "symbolOpacity": 1, "symbolType": "stroke"} if several else None
    colour: Spec = {"field": "kind", "type": "nominal", "scale": colours, "legend": legend}
    place = {"x": x, "y": y, "color": colour}
    is_foretold = f"datum.kind == '{FORETOLD}'"
    return chart(
        paint,
        {
            "datasets": {"solved": drawn},
            "data": {"name": "solved"},
            "layer": [
                layer(
                    {"type": "area", "opacity": 0.15},
                    place | {"y": y | {"field": "low"}, "y2": {"field": "high"}},
                    is_foretold,
                ),
                layer({"type": "line", "strokeWidth": 1.5, "strokeDash": [5, 4]}, place, is_foretold),
                layer(
                    {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
                    place,
                    f"datum.kind == '{REALISED}'",
                ),
                hover(x, y, colour),
            ],
        },
    )
