"""The tables beside the charts: the same figures, for readers who can't see or can't hover."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from orchestrator.analysis.page_data import SPREAD_BOUNDS
from orchestrator.report.charts import printed, rows
from orchestrator.report.page.text import Content, Html, element, name, row, table
from orchestrator.text.frontier_words import amount, chance, cost_title, covered, percent, under_title
from orchestrator.text.solved_words import cells

Document = Mapping[str, Any]


def coverage(document: Document, shown: Sequence[str]) -> str:
    """A group of rows a model. The cells of cost say of which model and k, so that they follow axis and prices."""
    axis = document["axis"]
    drawn = rows.curves(document["models"], axis) + printed.points(document)
    as_printed = {one["m"] for one in drawn if one["kind"] == "printed"}
    groups: list[str] = []
    for m, alias in enumerate(shown):
        lines = [
            _curve_row(one, axis)
            for one in drawn
            if one["m"] == m and (one["kind"] != "beyond" or one["k"] > _largest(document, m))
        ]
        told = Html(name(alias).markup + (" (as printed)" if m in as_printed else ""))
        head = element("tr", Html(element("th", told, colspan=4, scope="rowgroup")))
        groups.append(element("tbody", Html(head + "".join(lines)), data_m=m))
    cost = Html(element("span", cost_title(axis), class_="cost-name"))
    heads = ["samples (k)", "coverage", "95% band", cost]
    return table("Coverage by model and number of samples; italics: extrapolated", heads, groups)


def selection(document: Document, shown: Sequence[str]) -> list[str]:
    """What a majority vote and the best score pick, beside coverage; nothing if no model has answers or scores."""
    return [
        *_chosen(document, shown, "majority vote", rows.vote_points),
        *_chosen(document, shown, "best score", rows.pick_points),
    ]


def _chosen(
    document: Document, shown: Sequence[str], what: str, points: Callable[[Document], list[rows.Row]]
) -> list[str]:
    groups: list[str] = []
    for m, (alias, model) in enumerate(zip(shown, document["models"].values(), strict=True)):
        known = {point["k"]: point["coverage"] for point in covered(model)}
        lines = [
            row([f"{one['k']:,}", percent(one["accuracy"]), rows.band(one), _covered(known, one["k"])])
            for one in points(model)
        ]
        if lines:
            head = element("tr", Html(element("th", name(alias), colspan=4, scope="rowgroup")))
            groups.append(element("tbody", Html(head + "".join(lines)), data_m=m))
    if not groups:
        return []
    heads = ["samples (k)", f"{what} right", "95% band", "coverage"]
    return [table(f"Choosing without a verifier: {what} of k samples", heads, groups)]


def _covered(known: Mapping[int, float], k: int) -> str:
    return percent(known[k]) if k in known else "–"


def _largest(document: Document, m: int) -> int:
    return covered(list(document["models"].values())[m])[-1]["k"]


def _curve_row(one: Mapping[str, Any], axis: str) -> str:
    usd = repr(one["usd"]) if one["kind"] == "printed" else None
    cost = Html(
        element("span", under_title(axis, one["cost"]), data_m=one["m"], data_k=one["k"], data_usd=usd)
    )
    share = one.get("said_coverage") or ("~" if one["kind"] == "beyond" else "") + percent(one["coverage"])
    return row(
        [f"{one['k']:,}", share, one["band"], cost], 1, class_="guess" if one["kind"] == "beyond" else None
    )


def frontier(part: Document, axis: str) -> str:
    drawn = rows.frontier(part, axis)
    points = [*part["frontier_without_stopping"], *part["frontier"]]
    body = [
        row(
            [
                name(one["buy"]),
                "at once" if one["way"] == rows.AT_ONCE else "one by one",
                under_title(axis, one["cost"]),
                percent(one["coverage"]),
                one["band"],
                under_title(axis, point[f"{axis}_per_problem_p90"]),
            ],
            2,
        )
        for one, point in zip(drawn, points, strict=False)
    ]
    heads = [
        "buy, for each problem",
        "how",
        cost_title(axis),
        "coverage",
        "95% band",
        "90% cost at most",
    ]
    return table(
        "The frontier: what no other way of buying beats", heads, [f"<tbody>{''.join(body)}</tbody>"], 2
    )


def best_buys(part: Document, axis: str) -> str:
    """With the numbers that --write-policy takes."""
    body = [
        row(
            [
                f"{number}",
                name(rows.bought(one["policy"])),
                under_title(axis, one[f"{axis}_per_problem"]),
                percent(one["coverage"]),
                rows.band(one),
            ],
            2,
        )
        for number, one in enumerate(part["best_buys"], start=1)
    ]
    heads = ["", "what to buy, for each problem", cost_title(axis), "coverage", "95% band"]
    return table(
        "Best buys (up to: ends at the first right one)", heads, [f"<tbody>{''.join(body)}</tbody>"], 2
    )


def comparisons(part: Document, axis: str, aliases: Sequence[str], shown: Sequence[str]) -> str:
    """The rows carry what the page needs to follow prices: places, k and the costs as billed."""
    place = {alias: m for m, alias in enumerate(aliases)}
    body = [_pair(one, axis, place, shown) for one in part["comparisons"]]
    heads = [
        "cheap",
        "expensive",
        "coverage",
        cost_title(axis),
        "expensive costs, times cheap",
        "verdict, and probability that cheap covers as much",
        "cheap covers for as much",
        "turns where expensive costs, times cheap",
    ]
    caption = "Many or few: how many cheap samples cover what the expensive ones do"
    return table(caption, heads, [f"<tbody>{''.join(body)}</tbody>"], 2)


def _pair(one: Mapping[str, Any], axis: str, place: Mapping[str, int], shown: Sequence[str]) -> str:
    cheap, expensive = place[one["cheap"]], place[one["expensive"]]
    costs = {side: one[f"{axis}_{side}"] for side in ("cheap", "expensive")}
    spans = [
        Html(
            element(
                "span", "–" if costs[side] is None else under_title(axis, costs[side]), class_=f"{side}-cost"
            )
        )
        for side in ("cheap", "expensive")
    ]
    many = "no number of" if one["cheap_k"] is None else f"{one['cheap_k']:,} ×"
    share = printed.as_printed if one["verdict"] is None else percent
    covers = "–" if one["coverage_cheap"] is None else share(one["coverage_cheap"])
    likely = "–" if one["probability"] is None else chance(one["probability"])
    told_as = likely if one["verdict"] is None else f"{one['verdict']} ({likely})"
    ratio = "–" if one["cost_ratio"] is None else f"{one['cost_ratio']:.3g}"
    cells: list[Content] = [
        Html(f"{many} {name(shown[cheap]).markup}"),
        Html(f"{one['expensive_k']:,} × {name(shown[expensive]).markup}"),
        f"{covers} and {share(one['coverage_expensive'])}",
        Html(f"{spans[0].markup} and {spans[1].markup}"),
        Html(element("span", ratio, class_="ratio")),
        Html(element("span", told_as, class_="likely")),
        _for_as_much(one, axis),
        _turning(one),
    ]
    told = {f"data_{side}_cost": "" if cost is None else repr(cost) for side, cost in costs.items()}
    ks = {"data_cheap_k": one["cheap_k"], "data_expensive_k": one["expensive_k"]}
    return row(cells, 2, data_cheap=cheap, data_expensive=expensive, **told, **ks)


def _for_as_much(one: Mapping[str, Any], axis: str) -> Html:
    """As billed: the page does not follow prices here, and hides it if they are changed."""
    found = one[f"equal_{axis}"]
    if found is None:
        told = "–"
    else:
        least = "≥ " if found["capped"] else ""
        told = f"{least}{percent(found['coverage_cheap'])} ({found['cheap_k']:,} ×)"
    return Html(element("span", told, class_="billed"))


def _turning(one: Mapping[str, Any]) -> str:
    found = one["turns_at"]
    if found["value"] is None:
        return "–"
    if one["verdict"] is None:
        return f"{found['value']:.3g}"
    low, high = ("…" if found[end] is None else f"{found[end]:.3g}" for end in ("low", "high"))
    return f"{found['value']:.3g} ({low} – {high})"


def spread(data: Document, shown: Sequence[str]) -> str:
    bounds = [0.0, *SPREAD_BOUNDS, 1.0]
    between = [f"{100 * low:.0f} to {100 * high:.0f}%" for low, high in pairwise(bounds)]
    body = [
        row([name(alias), *(f"{count:,}" for count in found["problems"])], 1, data_m=m)
        for m, (alias, found) in enumerate(zip(shown, data["spread"], strict=True))
    ]
    heads = ["samples that pass", "none", *between, "all"]
    return table("Problems by the share of samples that pass", heads, [f"<tbody>{''.join(body)}</tbody>"])


def solved(document: Document) -> str:
    heads, lines = cells(document)
    body = "".join(row(line, 0) for line in lines)
    return table("Problems solved by any model, by dollars spent", heads, [f"<tbody>{body}</tbody>"], 0)


def spending(data: Document) -> str:
    models = data["spending"]
    body = [
        _spent(one, alias)
        for one, alias in zip(models, rows.names([m["alias"] for m in models]), strict=True)
    ]
    heads = ["model", "used", "bought nothing", "presumed", "reserved", "requests", "retries", "samples"]
    heads += ["input tokens", "of it cached", "output tokens"]
    return table("Dollars by kind, and what they bought", heads, [f"<tbody>{''.join(body)}</tbody>"])


def _spent(one: Mapping[str, Any], alias: str) -> str:
    dollars = [amount("usd", one[f"{kind}_usd"]) for kind in ("used", "unused", "presumed", "reserved")]
    keys = ("requests", "retries", "samples", "input_tokens", "cached_tokens", "output_tokens")
    replayed = Html(name(alias).markup + " (replayed: nothing was spent)") if one["replayed"] else name(alias)
    return row([replayed, *dollars, *(f"{one[key]:,}" for key in keys)])


def prices(data: Document) -> str:
    body = [_priced(model) for one in data["provenance"] for model in one["models"]]
    heads = [
        "model",
        "provider",
        "asked for",
        "answered as",
        "price, dollars a million tokens",
        "from",
        "date",
    ]
    return table("Models and their prices", heads, [f"<tbody>{''.join(body)}</tbody>"], len(heads))


def _priced(model: Mapping[str, Any]) -> str:
    price = model["price"]
    said = (
        ["not known", "", ""]
        if price is None
        else [_rates(price), _source(price), price["date"] or "not dated"]
    )
    served = ", ".join(model["served"]) or "not said"
    cells = [
        name(model["alias"]),
        model["provider"] or "imported",
        name(model["model"] or "not known"),
        name(served),
        *said,
    ]
    return row(cells, len(cells))


def _rates(price: Mapping[str, Any]) -> str:
    if price["source"] == "gpu time":
        return price["name"]
    rates = f"input {price['input']:g}, cached {price['cached_input']:g}, output {price['output']:g}"
    return (
        rates
        + (" (more for long inputs)" if price["bands"] > 1 else "")
        + (" (batch)" if price["batch"] else "")
    )


def _source(price: Mapping[str, Any]) -> str:
    return " ".join(part for part in (price["source"], price["version"], price["name"]) if part)
