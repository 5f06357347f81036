"""Printed results as points to draw: in dollars alone, without a line between them or a band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.report.charts.rows import Row, names
from orchestrator.text.frontier_words import as_printed

if TYPE_CHECKING:
    from collections.abc import Mapping


def points(document: Mapping[str, Any]) -> list[Row]:
    """A row a printed number of attempts, like those of `rows.curves`; `usd` is its cost whatever the axis. None in a
    document without printed results."""
    shown = names(list(document["models"]))
    place = {alias: m for m, alias in enumerate(document["models"])}
    return [
        {
            "m": place[row["model"]],
            "name": shown[place[row["model"]]],
            "kind": "printed",
            "k": row["k"],
            "coverage": row["coverage"],
            "low": None,
            "high": None,
            "band": "–",
            "cost": {"usd": row["usd_per_problem"], "samples": row["k"]}.get(document["axis"]),
            "usd": row["usd_per_problem"],
            "said_coverage": as_printed(row["coverage"]),
        }
        for row in document.get("printed", ())
    ]
