"""`manyfew frontier` for people: tables, the plot, the comparisons in sentences. Draws the document, computes no
statistics."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.report.charts.rows import pick_points, vote_points
from orchestrator.report.terminal.plot import ASCII_MARKERS, MARKERS, Series, plot
from orchestrator.text.comparison_words import for_as_much, sentence, turning
from orchestrator.text.frontier_words import (
    NAME,
    UNITS,
    amount,
    band,
    bought,
    counted,
    covered,
    gathered,
    percent,
    routed,
)
from orchestrator.text.safe import safe
from orchestrator.text.solved_words import cells, is_for_solving, together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

Document = dict[str, Any]

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")
_WIDEST = 120
_PARAGRAPH = 80
_HEIGHT = 16
_STEP = 0.01
_NARROW = 64
"""Columns below which a policy has no room beside its figures."""


def print_frontier(console: Console, document: Document) -> None:
    """To `console`, no wider than it is."""
    axis, models = document["axis"], document["models"]
    plain = ascii_only(console)
    if document["advice"]:
        told = textwrap.fill(
            " ".join(document["advice"]), min(console.width, _PARAGRAPH), break_on_hyphens=False
        )
        console.print(Text(told))
        console.print()
    styles = {alias: COLOURS[at % len(COLOURS)] for at, alias in enumerate(models)}
    markers = ASCII_MARKERS if plain else MARKERS
    marks = {alias: markers[at % len(markers)] for at, alias in enumerate(models)}
    for alias, model in models.items():
        console.print(_head(alias, model, axis, marks[alias], styles[alias]))
        if model["coverage"]:
            console.print(_table(model, axis, plain=plain))
            _print_vote(console, model, plain=plain)
        console.print()
    if any(model["extrapolation"] for model in models.values()):
        console.print(
            Text(
                "~ beyond what was sampled: rests on the models fitted (--json names them)",
                style="dim",
            )
        )
        console.print()
    if any("delivered" in point for model in models.values() for point in model["coverage"]):
        told = (
            "accepted: some sample of k passes the verifier that stops; delivered: the first that passes is right. "
            "Where the verifier passes wrong samples, delivered stays below coverage however many are bought."
        )
        console.print(Text(textwrap.fill(told, min(console.width, _PARAGRAPH)), style="dim"))
        console.print()
    _print_solved(console, document)
    _print_plot(console, models, axis, marks, styles, plain=plain)
    _print_comparisons(console, document, axis)
    _print_routing(console, document, axis)
    _print_lists(console, document, axis, plain=plain)
    for warning in gathered(document["warnings"], models):
        console.print(Text.assemble(("note: ", "yellow"), safe(warning)))


def _print_solved(console: Console, document: Document) -> None:
    if not is_for_solving(document):
        return
    console.print(Text(textwrap.fill(together(document), min(console.width, _PARAGRAPH))))
    heads, lines = cells(document)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    console.print(Padding(table, (0, 0, 1, 2)))


def _print_routing(console: Console, document: Document, axis: str) -> None:
    if (told := routed(document, axis)) is not None:
        console.print(Text(textwrap.fill(told, min(console.width, _PARAGRAPH)), style="dim"))
        console.print()


def ascii_only(console: Console) -> bool:
    """Where colour is not wanted or the terminal is dumb, or its encoding holds nothing else."""
    encoding = console.encoding.lower().replace("-", "")
    return (
        bool(os.environ.get("NO_COLOR"))
        or os.environ.get("TERM") == "dumb"
        or encoding not in ("utf8", "utf16")
    )


def _head(alias: str, model: Mapping[str, Any], axis: str, mark: str, style: str) -> Text:
    text = Text.assemble((f"{mark} ", style), (safe(alias, NAME), "bold"))
    counts = [f"{model[of]:,} {of if model[of] != 1 else of[:-1]}" for of in ("problems", "samples")]
    text.append(f"  {', '.join(counts)}")
    agents = "agent" in model
    if (each := model.get(f"{axis}_per_sample")) is not None:
        if axis == "usd" and not agents:
            text.append(f" ({thousand(axis, each)} per 1,000)")
        else:
            text.append(f", {counted(axis, each)} {'an attempt' if agents else 'a sample'}")
    if agents and model["agent"]["calls_per_attempt"] is not None:
        text.append(f" of {model['agent']['calls_per_attempt']:.1f} calls")
    if (each := model[f"cost_of_pass_{axis}"]) is not None:
        many = f"{thousand(axis, each)} per 1,000 passes"
        text.append(f", {many if axis == 'usd' else f'{counted(axis, each)} a pass'}")
    return text


def thousand(axis: str, each: float | None) -> str:
    """What is counted for each, for a thousand of them."""
    return amount(axis, None if each is None else 1000 * each)


def _table(model: Mapping[str, Any], axis: str, *, plain: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    imperfect = any("delivered" in point for point in model["coverage"])
    shares = ("coverage", "accepted", "delivered") if imperfect else ("coverage",)
    every = ("all k right",) if "agent" in model else ()
    unit = "$" if axis == "usd" else UNITS[axis]
    for name in ("       k", *shares, "95% band", *every, f"{unit} per 1,000"):
        table.add_column(name, justify="right", no_wrap=True)
    for point in model["coverage"]:
        cost = thousand(axis, point[f"{axis}_per_problem"])
        ends = {end: point[f"delivered_{end}" if imperfect else end] for end in ("low", "high")}
        told = ("?" if point[share] is None else percent(point[share]) for share in shares)
        right = () if not every else ("" if point["all"] is None else percent(point["all"]),)
        table.add_row(f"{point['k']:,}", *told, band(ends, plain=plain), *right, cost)
    guess = model["extrapolation"]
    for point in _some(guess["points"]) if guess else []:
        each = model["coverage"][0][f"{axis}_per_problem"]
        cost = thousand(axis, None if each is None else each * point["k"])
        told = ("", "", "") if imperfect else (band(point, plain=plain),)
        row = (f"{point['k']:,}", f"~{percent(point['coverage'])}", *told, *("" for _ in every), cost)
        table.add_row(*row, style="dim")
    return table


def _print_vote(console: Console, model: Mapping[str, Any], *, plain: bool) -> None:
    """How far choosing without a verifier falls behind."""
    for what, points in (("majority vote", vote_points(model)), ("best score", pick_points(model))):
        if not points:
            continue
        first, last = points[0], points[-1]
        told = f"{what} right: {percent(first['accuracy'])} at k = {first['k']:,}"
        if last is not first:
            told += f", {percent(last['accuracy'])} ({band(last, plain=plain)}) at k = {last['k']:,}"
        console.print(Text(told, style="dim"))


def _some(points: Sequence[Any]) -> list[Any]:
    """Of the extrapolation ten times the samples, and the farthest; ~ marks them as a guess."""
    if len(points) < 4:
        return list(points)
    return [points[len(points) // 2 - 1], points[-1]]


def _print_plot(
    console: Console,
    models: Mapping[str, Any],
    axis: str,
    marks: Mapping[str, str],
    styles: Mapping[str, str],
    *,
    plain: bool,
) -> None:
    document = {"models": models, "axis": axis}
    shown = in_chart(document)
    if not shown:
        return
    chart(console, document, height=_HEIGHT, width=min(console.width, _WIDEST), plain=plain)
    names = [Text.assemble((f"{marks[alias]} ", styles[alias]), safe(alias, NAME)) for alias in shown]
    between = (
        Text("   ") if sum(name.cell_len + 3 for name in names) + 7 <= console.width else Text("\n       ")
    )
    console.print(Text("       ") + between.join(names))
    console.print()


def in_chart(document: Mapping[str, Any]) -> list[str]:
    """The models that have a place in the chart: none if nothing is solved."""
    curves = {alias: _series(model, document["axis"]) for alias, model in document["models"].items()}
    solved = any(y for curve in curves.values() for y in curve.ys)
    return [alias for alias, curve in curves.items() if curve.xs] if solved else []


def chart(console: Console, document: Mapping[str, Any], *, height: int, width: int, plain: bool) -> None:
    """Prints coverage against cost."""
    axis = document["axis"]
    curves = {alias: _series(model, axis) for alias, model in document["models"].items()}
    rows = plot(
        list(curves.values()),
        lambda value: amount(axis, 1000 * value).removesuffix(".00"),
        width=width,
        height=height,
        ascii_only=plain,
    )
    console.print(Text(f"coverage against {UNITS[axis]} per 1,000 problems", style="bold"))
    for row in rows:
        line = Text()
        for cell in row:
            style = "" if cell.series is None else COLOURS[cell.series % len(COLOURS)]
            line.append(cell.character, style=style)
        line.rstrip()
        console.print(line)


def _series(model: Mapping[str, Any], axis: str) -> Series:
    """What has a place on a logarithmic axis: not what costs nothing."""
    points = [p for p in covered(model) if p[f"{axis}_per_problem"]]
    return Series([p[f"{axis}_per_problem"] for p in points], [p["coverage"] for p in points])


def _print_comparisons(console: Console, document: Document, axis: str) -> None:
    if not document["comparisons"]:
        return
    console.print(Text("many or few?", style="bold"))
    for row in document["comparisons"]:
        console.print(Text(f"  {sentence(row, axis)}"))
        for more in (for_as_much(row, axis), turning(row)):
            if more is not None:
                console.print(Text(f"    {more}", style="dim"))
    console.print()


def _print_lists(console: Console, document: Document, axis: str, *, plain: bool) -> None:
    """What to buy if all samples are bought at once, and if a verifier tells when to stop."""
    caps = [
        f"{amount(axis, value)} a problem {how}"
        for value, how in ((document["cap"]["average"], "on average"), (document["cap"]["hard"], "at most"))
        if value is not None
    ]
    if caps:
        console.print(Text(f"within {' and '.join(caps)}:", style="bold"))
    per = f"{UNITS[axis]} per 1,000 problems"
    head = f"the frontier: most coverage for the money, of what was sampled ({per})"
    _print_list(console, head, document["frontier_without_stopping"], axis, plain=plain)
    stopped = document["frontier"]
    if any(point["policy"]["stop"] != "none" for point in stopped):
        head = f"the frontier, asking one by one until a verifier says right ({per})"
        _print_list(console, head, stopped, axis, plain=plain)


def _worth_showing(points: Sequence[Any]) -> list[Any]:
    """Points that add at least a hundredth to the coverage, and the last: all are in --json."""
    kept: list[Any] = []
    for point in points:
        if not kept or point["coverage"] - kept[-1]["coverage"] >= _STEP or point is points[-1]:
            kept.append(point)
    return kept


def _print_list(console: Console, head: str, points: Sequence[Any], axis: str, *, plain: bool) -> None:
    if not points:
        return
    console.print(Text(head, style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=False)
    for justify in ("right", "right", "right"):
        table.add_column(justify=justify, no_wrap=True)
    table.add_column(overflow="fold")  # the one that gives way where the terminal is narrow
    narrow = console.width < _NARROW
    for point in _worth_showing(points):
        cost = thousand(axis, point[f"{axis}_per_problem"])
        policy = Text(bought(point["policy"]))
        cells = (f"  {cost}", percent(point["coverage"]), band(point, plain=plain))
        if narrow:  # what is bought goes above its figures: beside them it would be a word a line
            console.print(Padding(policy, (0, 0, 0, 2), expand=False))
            console.print(Text("   ".join(cells).rstrip()))
        else:
            table.add_row(*cells, policy)
    if not narrow:
        console.print(table)
    console.print()
