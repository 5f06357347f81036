"""`manyfew frontier` in one screen: what was spent, what to buy, many or few, what to watch out for, the chart."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.text import Text

from orchestrator.analysis.advice import advice
from orchestrator.grammar import many
from orchestrator.report.cells import fit
from orchestrator.report.short_names import short_names
from orchestrator.report.terminal.frontier import COLOURS, ascii_only, chart, in_chart, thousand
from orchestrator.report.terminal.plot import ASCII_MARKERS, MARKERS
from orchestrator.text.frontier_words import UNITS, band, for_the_same, gathered, percent
from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from orchestrator.text.solved_words import together, was_steered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

LINES = 38
"""With the citation below it, 40. Fewer if the terminal would then lose the first to the shell's next prompt."""
_BELOW = 3
"""The citation's two lines and the prompt."""
WIDEST = 100
NAME = 18
MOST_PAIRS = 3
LEAST_CHART, MOST_CHART = 5, 12
GAP = "  "
LEAST_WHAT = 24
"""Cells beside the figures from which on what to buy stands there."""
WITHOUT_END = 1 << 20
_WHAT = (
    "what to buy (up to: ends at the first right one)",
    "what to buy (up to: until one is right)",
    "what to buy",
)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Spent:
    """What the ledgers hold, in pico-dollars: `presumed` may have been billed, `replayed` was not spent,
    `imported` is what imported samples cost elsewhere, and `merged` what was paid in ledgers that were merged."""

    settled: int
    presumed: int
    replayed: int = 0
    imported: int = 0
    merged: int = 0


def print_one_screen(console: Console, document: Document, spent: Spent) -> None:
    """At most 40 lines of at most 100 columns on a terminal that has them. Elsewhere lines are as long as they are."""
    width = min(console.width, WIDEST) if console.is_terminal else None
    plain = ascii_only(console)
    names = dict(zip(document["models"], short_names(list(document["models"]), NAME), strict=True))
    if console.is_terminal:
        document = {**document, "advice": advice(_renamed(document, names))}
    top = [*_wrapped(_spent(document, spent), width), *_advice(document, width)]
    if document["best_buys"]:
        top += ["", *_buys(document, names, width, plain=plain)]
    if pairs := _pairs(document, names):
        top += ["", *pairs]
    charted = in_chart(document)
    legend = _legend(names, charted, plain=plain, width=width or WIDEST)
    most = min(LINES, console.height - _BELOW) if console.height >= LINES else LINES
    notes = _notes(document, width, most - len(top) - 1 - (LEAST_CHART + 4 + len(legend)))
    for line in [*top, *([""] if notes else []), *notes]:
        console.print(Text(line, no_wrap=True, overflow="ignore"), crop=False)
    room = most - len(top) - len(notes) - bool(notes) - len(legend) - 4
    if not charted or (room < LEAST_CHART and console.is_terminal):
        return
    console.print()
    height = max(LEAST_CHART, min(MOST_CHART, room))
    chart(console, document, height=height, width=width or WIDEST, plain=plain)
    for line in legend:
        console.print(line)


def _spent(document: Document, spent: Spent) -> str:
    models = len(document["models"])
    steered = together(document) if was_steered(document) else None
    estimated = max((m["problems"] for m in document["models"].values()), default=0)
    problems = estimated if steered is None else document["citation"][0]["problems"]
    samples = sum(m["samples"] for m in document["models"].values())
    of = f"{many(models, 'model')}, {many(problems, 'problem')}"
    what = (
        f"{many(samples, 'sample')} ({of})" if steered is None else of
    )  # the samples of estimates aren't all then
    paid = spent.settled + spent.presumed - spent.replayed
    elsewhere = spent.replayed or spent.imported or spent.merged
    nothing = what if elsewhere else f"{what}; nothing was spent here"
    said = f"{usd(paid)} spent for {what}" if paid else nothing
    if spent.imported:
        said += f"; imported samples cost {usd(spent.imported)}, not spent here"
    if spent.presumed:
        said += f"; {usd(spent.presumed)} of it may not have been billed"
    if spent.replayed:
        said += f"; {usd(spent.replayed)} of a recording, not spent"
    if spent.merged:
        said += f"; the merged ledgers paid {usd(spent.merged)}"
    return f"{said}." if steered is None else f"{said}. {steered}"


def _advice(document: Document, width: int | None) -> Iterator[str]:
    for told in document["advice"]:
        yield from _wrapped(told, width)


def _wrapped(text: str, width: int | None) -> list[str]:
    if width is None:
        return [text]
    return textwrap.wrap(text, width, subsequent_indent=GAP, break_on_hyphens=False) or [""]


def _buys(document: Document, names: Mapping[str, str], width: int | None, *, plain: bool) -> Iterator[str]:
    """One table over all models, with the numbers that --write-policy takes."""
    axis, rows = document["axis"], document["best_buys"]
    unit = "$" if axis == "usd" else UNITS[axis]
    cost = [thousand(axis, row[f"{axis}_per_problem"]) for row in rows]
    cells = [
        (str(n), percent(row["coverage"]), band(row, plain=plain), each)
        for n, (row, each) in enumerate(zip(rows, cost, strict=True), start=1)
    ]
    heads = ("", "coverage", "95% band", f"{unit} per 1,000")
    wide = [max(cell_len(head), *(cell_len(row[c]) for row in cells)) for c, head in enumerate(heads)]
    room = WITHOUT_END if width is None else width - sum(wide) - len(GAP) * len(wide)
    what = next((head for head in _WHAT if cell_len(head) <= room), _WHAT[-1])
    yield from _row((*heads, what), wide, room)
    for row, of in zip(cells, rows, strict=True):
        yield from _row((*row, _bought(of["policy"], names)), wide, room)


def _row(cells: Sequence[str], wide: Sequence[int], room: int) -> Iterator[str]:
    """What to buy is broken over lines where it doesn't fit, and stands below the figures on a narrow terminal."""
    figures = GAP.join(fit(cell, w, "right") for cell, w in zip(cells, wide, strict=False))
    if room >= LEAST_WHAT:
        first, *more = _bought_lines(cells[-1], room)
        yield f"{figures}{GAP}{first}"
        indent = cell_len(figures) + len(GAP)
    else:
        indent = wide[0] + len(GAP)
        yield figures
        below = sum(wide) + len(GAP) * (len(wide) - 1) - indent
        more = _bought_lines(cells[-1], max(LEAST_WHAT, below + room))
    yield from (f"{' ' * indent}{line}" for line in more)


def _bought_lines(what: str, width: int) -> list[str]:
    """Broken between models, not between a number and its model."""
    lines = textwrap.wrap(what.replace(" × ", "\u00a0×\u00a0"), width, break_on_hyphens=False)
    return [line.replace("\u00a0×\u00a0", " × ") for line in lines]


def _bought(policy: Mapping[str, Any], names: Mapping[str, str]) -> str:
    up_to = "" if policy["stop"] == "none" else "up to "
    then = " + " if policy["kind"] == "mix" else ", then "
    return up_to + then.join(f"{policy['samples'][alias]:,} × {names[alias]}" for alias in policy["order"])


def _pairs(document: Document, names: Mapping[str, str]) -> list[str]:
    """A line for each pair but the one that the advice is about, the decided ones first."""
    seen: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in document["comparisons"]:
        if row["cheap"] in names and row["expensive"] in names:
            seen.setdefault((row["cheap"], row["expensive"]), row)
    rows = sorted(seen.values(), key=lambda row: row["verdict"] == "open")
    if len(rows) < 2:
        return []
    lines = [
        _pair(row, names, document["axis"])
        for row in rows[: MOST_PAIRS if len(rows) <= MOST_PAIRS else MOST_PAIRS - 1]
    ]
    more = len(rows) - len(lines)
    return [*lines, *([f"and {more} more pairs: --all"] if more else [])]


def _pair(row: Mapping[str, Any], names: Mapping[str, str], axis: str) -> str:
    same = for_the_same(axis)
    many = f"{row['compared_k']:,} × {names[row['cheap']]}"
    few = f"{row['expensive_k']:,} × {names[row['expensive']]}"
    shares = percent(row["coverage_compared"]), percent(row["coverage_expensive"])
    if row["verdict"] == "cheap":
        return f"many  {many} beat {few} {same}: {shares[0]} and {shares[1]}"
    if row["verdict"] == "expensive":
        return f"few   {few} beat {many} {same}: {shares[1]} and {shares[0]}"
    return f"open  {many} or {few}: {shares[0]} and {shares[1]} ({row['open_because'] or 'too close'} needed)"


def _renamed(document: Document, names: Mapping[str, str]) -> Document:
    """With short names in place of the models' own, for sentences that fit the screen."""
    rows = [
        {
            **row,
            "cheap": names[row["cheap"]],
            "expensive": names[row["expensive"]],
            "settle": _settle(row, names),
        }
        for row in document["comparisons"]
        if row["cheap"] in names and row["expensive"] in names
    ]
    frontier = [{**row, "policy": _of(row["policy"], names)} for row in document["frontier"]]
    return {
        **document,
        "models": {names[alias]: model for alias, model in document["models"].items()},
        "comparisons": rows,
        "frontier": frontier,
        "solved_by_one": [
            {**row, "models": [names[alias] for alias in row["models"]]} for row in document["solved_by_one"]
        ],
    }


def _settle(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any] | None:
    if row["settle"] is None:
        return None
    what = row["settle"]["what"]
    for alias in (row["cheap"], row["expensive"]):
        what = what.replace(f"of {alias} per", f"of {names[alias]} per")
    return {**row["settle"], "what": what}


def _of(policy: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    samples = {names[alias]: k for alias, k in policy["samples"].items()}
    return {**policy, "order": [names[alias] for alias in policy["order"]], "samples": samples}


def _notes(document: Document, width: int | None, room: int) -> list[str]:
    """Whole warnings, as many as there is room for."""
    warnings = [safe(warning) for warning in gathered(document["warnings"], document["models"])]
    lines: list[str] = []
    for number, warning in enumerate(warnings):
        wrapped = _wrapped(f"note: {warning}", width)
        more = len(warnings) - number
        if width is not None and len(lines) + len(wrapped) + (more > 1) > max(1, room):
            return [*lines, f"note: {more} more to watch out for: add --all"]
        lines += wrapped
    return lines


def _legend(names: Mapping[str, str], charted: Sequence[str], *, plain: bool, width: int) -> list[Text]:
    markers = ASCII_MARKERS if plain else MARKERS
    lines = [Text(" " * 6)]
    for at, (alias, name) in enumerate(names.items()):
        if alias not in charted:
            continue
        entry = Text.assemble((f"{markers[at % len(markers)]} ", COLOURS[at % len(COLOURS)]), name, GAP)
        if lines[-1].cell_len + entry.cell_len > width and lines[-1].plain.strip():
            lines.append(Text(" " * 6))
        lines[-1].append_text(entry)
    return lines
