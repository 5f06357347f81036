"""Printed results on the page: their table, and what the other parts have to know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.analysis.printed.advice import printed_frontier
from orchestrator.report.charts.rows import names
from orchestrator.report.page.text import element, name, row, table
from orchestrator.text.frontier_words import amount, as_printed

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_PRICES: dict[str, Any] = {
    "tokens": False,
    "usd_per_mtok": None,
    "per_sample": None,
    "until_solved": None,
    "printed": True,
}


def with_printed(data: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with a place for each printed model after the sampled ones: dollars an attempt, nothing on other axes."""
    if "printed" not in document:
        return dict(data)
    models = document["models"]
    added = [alias for alias, model in models.items() if "printed" in model]
    sampled = len(models) - len(added)
    axes: dict[str, dict[str, Any]] = {
        key: {
            **part,
            "per_sample": [*part["per_sample"], *([None] * len(added))],
            "until_solved": [*part["until_solved"], *([[]] * len(added))],
        }
        for key, part in data["axes"].items()
    }
    axes["usd"] = _dollars(axes.get("usd") or _unknown(sampled, len(added)), document, added)
    prices = data["prices"]
    if len(prices) == sampled:
        prices = [*prices, *([_NO_PRICES] * len(added))]
    return {**data, "axes": axes, "prices": prices}


def _unknown(sampled: int, added: int) -> dict[str, Any]:
    return {
        "per_sample": [None] * (sampled + added),
        "until_solved": [[] for _ in range(sampled + added)],
        "frontier": [],
        "frontier_without_stopping": [],
        "comparisons": [],
        "best_buys": [],
    }


def _dollars(part: dict[str, Any], document: Mapping[str, Any], added: list[str]) -> dict[str, Any]:
    each = {row["model"]: row["usd_per_attempt"] for row in reversed(document["printed"])}
    made = {**part, "per_sample": [*part["per_sample"][: -len(added)], *(each[alias] for alias in added)]}
    if alone(document):
        made["frontier"] = made["frontier_without_stopping"] = printed_frontier(document["printed"])
    if document["axis"] == "usd":
        made["comparisons"] = document["comparisons"]
    return made


def alone(document: Mapping[str, Any]) -> bool:
    """Whether nothing else was sampled that could be shown."""
    return "printed" in document and all("printed" in model for model in document["models"].values())


def on_frontier(document: Mapping[str, Any]) -> list[bool]:
    """For each model whether it has a place on one frontier with the others: printed ones only if nothing was
    sampled and all are of one table, since problems may differ."""
    models = document["models"].values()
    one = len({row["sweep"] for row in document.get("printed", ())}) == 1
    return ["printed" not in model or (alone(document) and one) for model in models]


def section(document: Mapping[str, Any]) -> str:
    """The cost table as printed; nothing if nothing is."""
    printed = document.get("printed")
    if not printed:
        return ""
    shown = dict(zip(document["models"], names(list(document["models"])), strict=True))
    body = [
        row(
            [
                name(shown[one["model"]]),
                f"{one['k']:,}",
                as_printed(one["coverage"]),
                amount("usd", one["usd_per_attempt"]),
                amount("usd", one["usd_per_problem"]),
                "?" if one["usd"] is None else f"${one['usd']:,.2f}",
                "?" if one["ratio"] is None else f"{one['ratio']:.1f} ×",
                name(document["models"][one["model"]]["printed"]),
            ]
        )
        for one in printed
    ]
    heads = ["model", "attempts", "coverage", "an attempt", "a problem", "in all", "times the least", "file"]
    caption = "Dollars by model, at the costs as printed; each table is compared within itself only"
    made = table(caption, heads, [f"<tbody>{''.join(body)}</tbody>"])
    title = element("h2", "As printed", id="as-printed")
    return f'<section aria-labelledby="as-printed">{title}{made}</section>'
