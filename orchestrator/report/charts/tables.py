"""The figure's numbers as a table for a paper: LaTeX, Markdown, or CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from orchestrator.report.charts import rows
from orchestrator.text.frontier_words import cost_title, covered, percent, under_title
from orchestrator.text.safe import safe

Format = Literal["tex", "md", "csv"]
Cells = list[str]
USUAL_KS = (1, 10, 100)
_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
    "×": r"$\times$",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}


class Table:
    """Heads and cells as a person reads them; `data`, the same for programs, with names of columns."""

    def __init__(self, heads: Cells, data_heads: Cells) -> None:
        self.heads, self.data_heads = heads, data_heads
        self.body: list[Cells] = []
        self.data: list[list[Any]] = []


def coverage_table(document: Mapping[str, Any], ks: Sequence[int] | None) -> Table:
    """A row a model: pass@k with its band, and what so many samples cost, if that is known of any. Without `ks`: 1, 10,
    100 and the most that every model has."""
    axis, models = document["axis"], document["models"]
    known = {
        name: {point["k"]: point for point in covered(model)}
        for name, model in zip(rows.names(list(models)), models.values(), strict=True)
    }
    chosen = list(ks) if ks else _usual(known)
    is_priced = any(
        point[f"{axis}_per_problem"] is not None for points in known.values() for point in points.values()
    )
    parts = 2 if is_priced else 1
    heads = ["model", *(head for k in chosen for head in (f"pass@{k:,}", cost_title(axis))[:parts])]
    table = Table(heads, ["model", "k", "coverage", "low", "high", f"{axis}_per_problem"])
    for (name, points), alias in zip(known.items(), models, strict=True):
        line = [name]
        for k in chosen:
            point = points.get(k)
            cells = (
                ["–", "–"]
                if point is None
                else [_share(point), under_title(axis, point[f"{axis}_per_problem"])]
            )
            line += cells[:parts]
            if point is not None:
                at = (point["coverage"], point["low"], point["high"], point[f"{axis}_per_problem"])
                table.data.append([alias, k, *at])
        table.body.append(line)
    return table


def frontier_table(document: Mapping[str, Any]) -> Table:
    """A row a policy of the best buys."""
    axis = document["axis"]
    table = Table(
        ["buy, for each problem", "coverage (95% band)", cost_title(axis)],
        ["buy", "coverage", "low", "high", f"{axis}_per_problem"],
    )
    for row in document["best_buys"]:
        buy, cost = rows.bought(row["policy"]), row[f"{axis}_per_problem"]
        table.body.append([buy, _share(row), under_title(axis, cost)])
        table.data.append([buy, row["coverage"], row["low"], row["high"], cost])
    return table


def cost_table(document: Mapping[str, Any]) -> Table:
    """A row a model: what a pass costs."""
    axis = document["axis"]
    unit = "dollars per 1,000 passes" if axis == "usd" else f"{axis} per pass"
    table = Table(["model", unit, "95% band"], ["model", f"cost_of_pass_{axis}", "low", "high"])
    for row in rows.costs_of_pass(document):
        ends = [row["low"], row["high"]]
        band = " – ".join(under_title(axis, end) for end in ends)
        table.body.append([row["name"], under_title(axis, row["cost"]), band])
        table.data.append([list(document["models"])[row["m"]], row["cost"], *ends])
    return table


def written(table: Table, form: Format, title: str, said: str) -> bytes:
    """`said`: what it is of, in a comment; in CSV, which has none, in the last column."""
    if form == "csv":
        return _csv(table, said)
    return (_tex(table, title, said) if form == "tex" else _md(table, title, said)).encode()


def _usual(known: Mapping[str, Mapping[int, Any]]) -> list[int]:
    every = [set(points) for points in known.values() if points]
    if not every:
        return [1]
    some = {k for points in every for k in points}
    common = {k for k in some if all(k in points for points in every)}
    return sorted({k for k in USUAL_KS if k in some} | {max(common or some)})


def _share(point: Mapping[str, Any]) -> str:
    if point["low"] is None or point["high"] is None:
        return percent(point["coverage"])
    return f"{percent(point['coverage'])} ({100 * point['low']:.1f}–{100 * point['high']:.1f})"


def _tex(table: Table, title: str, said: str) -> str:
    lines = [f"% manyfew: {safe(said)}", "% Needs \\usepackage{booktabs}."]
    if title:
        lines += ["\\begin{table}", "\\centering", f"\\caption{{{_in_tex(title)}}}"]
    lines += [f"\\begin{{tabular}}{{l{'r' * (len(table.heads) - 1)}}}", "\\toprule"]
    lines += [" & ".join(map(_in_tex, table.heads)) + r" \\", "\\midrule"]
    lines += [" & ".join(map(_in_tex, row)) + r" \\" for row in table.body]
    lines += ["\\bottomrule", "\\end{tabular}"]
    if title:
        lines.append("\\end{table}")
    return "\n".join(lines) + "\n"


def _in_tex(text: str) -> str:
    return "".join(_TEX.get(sign, sign) for sign in safe(text))


def _md(table: Table, title: str, said: str) -> str:
    comment = (
        safe(said).replace("--", "- -").translate({ord(sign): None for sign in "<>"})
    )  # nothing that could end it
    lines = [f"<!-- manyfew: {comment} -->", ""]
    if title:
        lines += [f"**{_in_md(title)}**", ""]
    lines += [_row(table.heads), "|" + "|".join([" :--- ", *([" ---: "] * (len(table.heads) - 1))]) + "|"]
    return "\n".join([*lines, *map(_row, table.body)]) + "\n"


def _row(cells: Cells) -> str:
    return f"| {' | '.join(map(_in_md, cells))} |"


def _in_md(text: str) -> str:
    plain = re.sub(r"([\\`*_{}\[\]|#~])", r"\\\1", safe(text))
    return plain.replace("<", "&lt;").replace(">", "&gt;")


def _csv(table: Table, said: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*table.data_heads, "source"])
    writer.writerows([*row, said] for row in table.data)
    return out.getvalue().encode()
