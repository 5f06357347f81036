"""The report as one HTML file: charts that answer to the reader, tables beside them, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from orchestrator.installer import install_extra
from orchestrator.report.charts import palette, printed, rows, solved, spec, spec_parts
from orchestrator.report.page import as_printed, controls, samples, tables
from orchestrator.report.page.head import head, hide, sweeps
from orchestrator.report.page.samples import Texts
from orchestrator.report.page.text import Html, element, for_script, items, name, text
from orchestrator.text.frontier_words import cost_title, gathered, routed
from orchestrator.text.solved_words import is_for_solving, together, was_steered

_START = 'window.manyfewPage(JSON.parse(document.getElementById("data").textContent));'
GENERATOR = "manyfew report"
"""By this a report is known, and may be written anew."""


def page(
    document: Mapping[str, Any], data: Mapping[str, Any], program: str, texts: Texts | None = None
) -> str:
    """`document`: the frontier's, printed results and all; `data`: report_data's of the sampled models, which stand
    first in it; `program`: Vega, from charts.draw, empty without it; `texts`: of the samples, for the file."""
    body, content = parts(document, data, texts, drawn=bool(program))
    own = scripts() + _START
    titled = ", ".join(sweeps(document, data))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="generator" content="{GENERATOR}">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy([program, own], style())}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(titled or 'manyfew', 80)}: many or few?</title><style>{style()}</style></head>"
        f"<body>{body}"
        f'<script type="application/json" id="data">{for_script(content)}</script>'
        f"<script>{program}</script><script>{own}</script></body></html>\n"
    )


def parts(
    document: Mapping[str, Any], data: Mapping[str, Any], texts: Texts | None = None, *, drawn: bool
) -> tuple[str, dict[str, Any]]:
    """The page's body, and what its script takes. `drawn`: the charting library is there."""
    data = as_printed.with_printed(data, document)
    shown = rows.names(list(document["models"]))
    body = "".join(
        [
            head(document, data),
            controls.bar(document, data, shown),
            _solved(document, drawn=drawn),
            *(_estimates(document, data, shown, drawn=drawn) if _has_estimates(document) else []),
            *([] if as_printed.alone(document) else [_spending(data, drawn=drawn)]),
            _provenance(document, data),
        ]
    )
    body += '<div id="tip" role="tooltip" hidden></div>'
    return body, _for_page(document, data, shown, texts)


def _has_estimates(document: Mapping[str, Any]) -> bool:
    """Whether anything is known of a model by itself: where outcomes chose all draws, nothing is."""
    return not was_steered(document) or any(model["coverage"] for model in document["models"].values())


def _estimates(
    document: Mapping[str, Any], data: Mapping[str, Any], shown: Sequence[str], *, drawn: bool
) -> list[str]:
    return [
        _coverage(document, data, shown, drawn=drawn),
        as_printed.section(document),
        samples.section(data),
        _numbers(document, shown),
        _comparisons(document, data, shown),
        _frontier(document, data, drawn=drawn),
        controls.what_if(data, shown),
        *([] if as_printed.alone(document) else [_spread(data, shown[: len(data["spread"])], drawn=drawn)]),
    ]


def scripts() -> str:
    """What draws `parts`, but for the charting library."""
    return _file("grid.js") + _file("page.js")


def style() -> str:
    return _variables() + _file("page.css")


def _policy(scripts: Sequence[str], style: str) -> str:
    """Nothing is loaded or sent, and nothing runs but these scripts: a hostile name that got past the escaping would
    still do nothing."""
    allowed = " ".join(_digest(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_digest(style)}; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _file(of: str) -> str:
    return files("orchestrator.report.page").joinpath(of).read_text("utf-8")


def _variables() -> str:
    light, dark = palette.css(palette.LIGHT), palette.css(palette.DARK)
    return (
        f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}"
    )


def _for_page(
    document: Mapping[str, Any], data: Mapping[str, Any], shown: Sequence[str], texts: Texts | None
) -> dict[str, Any]:
    axis, models, paints = document["axis"], document["models"], palette.variables()
    curves = rows.curves(models, axis)
    votes = rows.votes(models, axis) + rows.deliveries(models, axis) + rows.every_right(models, axis)
    points = printed.points(document)
    ends = rows.labels(curves + [row | {"cost": row["usd"]} for row in points])
    spread = rows.spread(list(models)[: len(data["spread"])], [one["points"] for one in data["spread"]])
    sampled = [
        [row for row in curves + points if row["m"] == m and row["kind"] != "beyond"]
        for m in range(len(shown))
    ]
    keep = ("k", "coverage", "low", "high", "band", "usd")
    sides = as_printed.on_frontier(document)
    return {
        "axis": axis,
        "axes": {
            key: {
                "per_sample": part["per_sample"],
                "until_solved": part["until_solved"],
                "frontier": rows.frontier(part, key),
            }
            for key, part in data["axes"].items()
        },
        "cost_axes": {key: spec_parts.cost_axis(key) for key in data["axes"]},
        "prices": data["prices"],
        "models": [
            {
                "name": alias,
                "coverage": [{key: row[key] for key in keep if key in row} for row in of],
                "on_frontier": on,
            }
            for alias, of, on in zip(shown, sampled, sides, strict=True)
        ],
        "ways": [rows.AT_ONCE, rows.UNTIL_SOLVED],
        "curves": curves + votes + points + rows.laws(models),
        "grid": samples.for_page(data, texts),
        "ends": ends,
        "spread": spread,
        "labels": spec_parts.LABELS,
        "tips": spec_parts.TIPS,
        "specs": {
            "coverage": spec.coverage_chart(curves + votes + points, ends, axis, paints) | {"datasets": {}},
            "frontier": spec.frontier_chart([], axis, paints, stops=bool(data["spread"])),
            "spread": spec.spread_chart(spread, paints) | {"datasets": {}},
            "spending": spec.spending_chart(rows.spending(data["spending"]), paints),
            **({"solved": solved.solved_chart(drawn, paints)} if (drawn := solved.rows(document)) else {}),
        },
    }


def _chart(of: str, says: str, caption: str, *, drawn: bool) -> str:
    """Without the charting library, what to install stands in its place."""
    if not drawn:
        missing = (
            f"The chart needs the charting library: {install_extra('charts')}, then write the report again."
        )
        return element("p", missing, class_="faint")
    place = element(
        "div", Html(""), id=f"chart-{of}", class_="chart needs-script", role="img", aria_label=says, hidden=""
    )
    saves = "".join(
        element("button", kind.upper(), type="button", data_save=f"{of} {kind}", aria_label=f"Save as {kind}")
        for kind in ("svg", "png", "csv")
    )
    save = element("p", Html(f"Save as {saves}"), class_="save needs-script", hidden="")
    return f"<figure>{place}<figcaption>{text(caption)}</figcaption>{save}</figure>"


def _section(title: str, *parts: str, of: str) -> str:
    return f'<section aria-labelledby="{of}"><h2 id="{of}">{text(title)}</h2>{"".join(parts)}</section>'


def _beside(chart: str, table: str) -> str:
    return f'<div class="part">{chart}<div>{table}</div></div>'


def _coverage(
    document: Mapping[str, Any], data: Mapping[str, Any], shown: Sequence[str], *, drawn: bool
) -> str:
    says = "Lines: coverage against cost a problem, one line a model. The tables hold the figures."
    caption = " ".join(_caption(document))
    return _section(
        "Coverage against cost",
        _beside(_chart("coverage", says, caption, drawn=drawn), _buys(document, data)),
        of="coverage",
    )


def _solved(document: Mapping[str, Any], *, drawn: bool) -> str:
    if not is_for_solving(document):
        return ""
    says = "Lines: problems that any model solved against dollars spent. The table holds the figures."
    caption = "In the order of the spending; all models, at the prices paid."
    if document.get("foretold"):
        caption += (
            " Dashed: what the same rule would have solved, told the spread of pass rates from the start, by draws "
            "that no outcome steered; 95% band."
        )
    return _section(
        "Solved for the money",
        element("p", together(document)),
        *([] if _has_estimates(document) else [items(gathered(_notes(document), document["models"]))]),
        _beside(_chart("solved", says, caption, drawn=drawn), tables.solved(document)),
        of="solved",
    )


def _numbers(document: Mapping[str, Any], shown: Sequence[str]) -> str:
    made = (tables.coverage(document, shown), *tables.selection(document, shown))
    return _section("Coverage in numbers", *made, of="numbers")


def _buys(document: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """The best buys of each axis. Of other models or prices they are not known here."""
    parts = [
        element("div", Html(tables.best_buys(part, axis)), data_axis=axis, hidden=hide(axis, document))
        for axis, part in data["axes"].items()
        if part.get("best_buys")
    ]
    told = (
        "Best buys are known for all models at the prices paid. The frontier below follows the models and prices "
        "that you set, for single models."
    )
    return f'<div id="buys">{"".join(parts)}{element("p", told, class_="made", hidden="")}</div>'


def _caption(document: Mapping[str, Any]) -> list[str]:
    """Of what there is to see in the chart, and of nothing else."""
    models = document["models"].values()
    said = ["Coverage: the share of problems that any of k samples solves."]
    if not as_printed.alone(document):
        said.append("Marks: k = 1, 2, 5, 10 … Bands: 95%, over problems.")
    if any(model["extrapolation"] for model in models):
        said.append(
            "Dashed: extrapolated from the pass rates of the problems; it depends on the model fitted, the more the "
            "farther."
        )
    if rows.laws(document["models"]):
        said.append("Thin dashes, against samples: the fitted law, ln(coverage) = a·k^b.")
    if any(rows.vote_points(model) for model in models):
        said.append("Dotted: how often a majority vote of the k samples, without a verifier, is right.")
    if any(rows.pick_points(model) for model in models):
        said.append("Dashed and dotted: how often the sample with the best score is right.")
    if any("delivered" in point for model in models for point in model["coverage"]):
        said.append(spec_parts.DELIVERED)
    if rows.every_right(document["models"], document["axis"]):
        said.append(spec_parts.EVERY)
    if "printed" in document:
        said.append(
            "Hollow marks: as printed, without their samples, so without a band or a line between them."
        )
    return said


def _comparisons(document: Mapping[str, Any], data: Mapping[str, Any], shown: Sequence[str]) -> str:
    parts = [
        element(
            "div",
            Html(tables.comparisons(part, axis, list(document["models"]), shown)),
            data_axis=axis,
            hidden=hide(axis, document),
        )
        for axis, part in data["axes"].items()
        if part["comparisons"]
    ]
    return _section("Many or few?", *parts, of="comparisons") if parts else ""


def _frontier(document: Mapping[str, Any], data: Mapping[str, Any], *, drawn: bool) -> str:
    says = "Two staircases: the most coverage for the money, bought at once or one by one. The table holds the figures."
    caption = (
        "A mix buys samples of two models; a cascade asks the cheap one first and the expensive one where it fails. "
        "Asking one by one needs a verifier that tells right from wrong while sampling."
    )
    parts = [
        element(
            "div",
            Html(tables.frontier(part, axis) + _routed(part, axis)),
            data_axis=axis,
            hidden=hide(axis, document),
        )
        for axis, part in data["axes"].items()
    ]
    heads = "".join(
        element("th", head, scope="col", class_={0: "words", 1: "words", 2: "cost-name"}.get(at))
        for at, head in enumerate(
            ("buy, for each problem", "how", cost_title(document["axis"]), "coverage", "95% band")
        )
    )
    made = (
        '<div id="frontier-made" class="scroll" tabindex="0" role="region" aria-label="The frontier of single models" '
        "hidden><table><caption>Of single models: mixes and cascades are known only for all models at the prices paid"
        "</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody></tbody></table></div>"
    )
    both = f'<div id="frontier-tables">{"".join(parts)}{made}</div>'
    return _section(
        "The frontier", _beside(_chart("frontier", says, caption, drawn=drawn), both), of="frontier"
    )


def _routed(part: Mapping[str, Any], axis: str) -> str:
    told = routed(part, axis)
    return "" if told is None else element("p", told, class_="faint")


def _spread(data: Mapping[str, Any], shown: Sequence[str], *, drawn: bool) -> str:
    says = "Lines: the share of samples that pass, from the hardest problem to the easiest. The table counts them."
    caption = "How hard the problems are for each model: a long tail near zero is where many samples pay."
    return _section(
        "Hard and easy problems",
        _beside(_chart("spread", says, caption, drawn=drawn), tables.spread(data, shown)),
        of="spread",
    )


def _spending(data: Mapping[str, Any], *, drawn: bool) -> str:
    says = "Bars: dollars by model and kind. The table below holds the figures."
    caption = (
        "All models, at the prices paid. Presumed: the worst case of requests whose outcome is unknown. Reserved: "
        "requests that were in flight."
    )
    return _section(
        "Spending", _chart("spending", says, caption, drawn=drawn), tables.spending(data), of="spending"
    )


def _provenance(document: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    parts = [tables.prices(data)] if not as_printed.alone(document) else []
    for one, cited in zip(data["provenance"], document["citation"], strict=True):
        versions = ", ".join(f"{key} {version}" for key, version in one["versions"].items())
        parts.append(f"<h3>{name(one['ledger']).markup}</h3>")
        parts.append(
            items(
                [
                    f"Cite: {cited['text']}",
                    f"Digest of the samples: sha256 {cited['sha256'] or 'not made (--cite makes it)'}",
                    f"Digest of the sweep file: sha256 {one['sweep_file_sha256'] or 'none: imported'}",
                    f"Runs: {one['runs']:,}",
                    f"Versions: {versions or 'not known'}",
                ]
            )
        )
    if document["warnings"]:
        parts.append("<h3>Notes</h3>" + items(_notes(document)))
    parts.append(
        '<p class="faint">Charts: Vega and Vega-Lite (BSD-3-Clause), within this file. Nothing is loaded or sent.</p>'
    )
    return _section("Where this comes from", *parts, of="provenance")


def _notes(document: Mapping[str, Any]) -> list[str]:
    """With the names as they are shown, so that a long one does not crowd out what is said of it."""
    aliases = list(document["models"])
    shown = dict(zip(aliases, rows.names(aliases), strict=True))
    long = sorted((alias for alias in aliases if len(alias) > rows.NAME), key=len, reverse=True)
    if not long:
        return document["warnings"]
    named = re.compile("|".join(map(re.escape, long)))  # the longest first: a name may begin as another one
    return [named.sub(lambda found: shown[found[0]], note) for note in document["warnings"]]
