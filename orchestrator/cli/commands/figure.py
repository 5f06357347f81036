"""`manyfew figure`: a figure or a table for a paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from orchestrator.cli.bundles import ledgers

if TYPE_CHECKING:
    from orchestrator.report.charts.panels import Panel, Size
    from orchestrator.report.charts.tables import Format
    from orchestrator.report.report_file import Kind

_DOTS_PER_INCH = 300


def figure(
    db: list[Path] = typer.Argument(..., callback=ledgers, help="The ledgers.", metavar="DB…"),
    output: Path = typer.Option(
        ...,
        "-o",
        "--output",
        help="Write to FILE, whose ending decides: a picture (.pdf, .svg, .png) or a table (.tex, .md, .csv).",
        metavar="FILE",
    ),
    panel: str | None = typer.Option(
        None,
        "--panel",
        help="Show one panel: coverage (against cost), samples (coverage against k, with the fitted law), frontier, "
        "or cost (of a pass).",
        metavar="PANEL",
    ),
    axis: str | None = typer.Option(
        None, "--axis", help="Measure cost in usd, flops, tokens, seconds or samples.", metavar="AXIS"
    ),
    size: str | None = typer.Option(
        None,
        "--size",
        help="Use this size for the panel, such as 3.3x2.4in (also cm, mm, pt). Default: 3.3x2.4in.",
        metavar="WxH",
    ),
    title: str | None = typer.Option(
        None, "--title", help="Add TEXT above the panel, or into the table.", metavar="TEXT"
    ),
    k: str | None = typer.Option(
        None, "--k", help="Show pass@k for these k in a table, such as 1,10,100.", metavar="K,…"
    ),
) -> int:
    """Draw a figure, or write a table, for a paper.

    Without --panel, --size or --title a picture shows coverage and the frontier side by side. A panel has 7 pt letters
    up to 4.4 in, 9 pt above; a PDF has its fonts embedded. Overwrites an earlier figure of manyfew's, never another
    file. Pictures need the extra "charts".

    Example: manyfew figure runs/quickstart.db -o figure.pdf --panel samples

    Example: manyfew figure runs/quickstart.db -o table.tex --k 1,10,64
    """
    kind = _kind(output)
    from orchestrator.cli.values import axis_named, figure_size, whole_numbers
    from orchestrator.report.report_file import check_target

    chosen = _panel(panel)
    axis = _axis(chosen, axis)
    points = None if size is None else figure_size(size)
    ks = None if k is None else whole_numbers(k, where="--k")
    _check(kind, chosen, has_size=size is not None, has_ks=k is not None)
    if kind in ("pdf", "png", "svg"):
        from orchestrator.report.charts.render import need_charts

        need_charts("manyfew figure")  # what would fail at the end fails at the start
    check_target(kind, output)
    named = axis_named(axis)
    from orchestrator.analysis.whole_document import frontier_documents

    whole = frontier_documents(db, named).whole
    cited = "; ".join(of["text"] for of in whole["citation"])
    if kind == "tex" or kind == "md" or kind == "csv":
        _write_table(whole, kind, output, chosen, ks, title or "", cited)
    elif chosen is None and points is None and title is None:
        _write_pair(whole, kind, output, cited)
    else:
        _write_panel(whole, kind, output, chosen or "coverage", points, title or "", cited)
    return 0


def _write_pair(whole: dict[str, Any], kind: Kind, output: Path, cited: str) -> None:
    from orchestrator.report.charts import render

    drawn = render.figure_of(whole)
    if kind == "pdf":
        made = render.pdf(drawn, cited)
    else:
        made = render.png(drawn, cited) if kind == "png" else render.svg(drawn, cited).encode()
    _write(kind, output, made, "Figure")


def _write_panel(
    whole: dict[str, Any],
    kind: Kind,
    output: Path,
    panel: Panel,
    size: Size | None,
    title: str,
    cited: str,
) -> None:
    from orchestrator.cli.output import console
    from orchestrator.report.charts import render
    from orchestrator.report.charts.panels import DEFAULT, caption, panel_of
    from orchestrator.text.safe import safe

    drawn = panel_of(whole, panel, size or DEFAULT, safe(title))
    if kind == "pdf":
        made = render.pdf(drawn, cited)
    elif kind == "png":
        made = render.png(drawn, cited, dots_per_inch=_DOTS_PER_INCH)
    else:
        made = render.svg(drawn, cited, in_points=True).encode()
    _write(kind, output, made, "Figure")
    if said := caption(drawn):
        console(stderr=True).print(f"For its caption: {' '.join(said)}")


def _write_table(
    whole: dict[str, Any],
    kind: Format,
    output: Path,
    panel: Panel | None,
    ks: list[int] | None,
    title: str,
    cited: str,
) -> None:
    from orchestrator.errors import InputError
    from orchestrator.report.charts import tables

    if panel == "frontier":
        table = tables.frontier_table(whole)
    elif panel == "cost":
        table = tables.cost_table(whole)
    else:
        table = tables.coverage_table(whole, ks)
    if not table.data:
        what = "no model has coverage at such a k" if ks else "there is nothing to tell yet"
        raise InputError(str(output), what, "`frontier` shows what the ledger holds")
    _write(kind, output, tables.written(table, kind, title, cited), "Table")


def _write(kind: Kind, output: Path, content: bytes, what: str) -> None:
    from orchestrator.cli.output import console
    from orchestrator.report.report_file import write_report
    from orchestrator.text.safe import safe

    write_report(kind, output, content)
    console(stderr=True).print(f"{what} written to {safe(str(output))}")


def _kind(output: Path) -> Kind:
    from typing import cast

    from orchestrator.errors import InputError

    ending = output.suffix.lower()
    if ending in (".png", ".svg", ".pdf", ".tex", ".md", ".csv"):
        return cast("Kind", ending[1:])
    raise InputError(
        f"-o {output}",
        "the file must end in .pdf, .svg or .png for a picture, or in .tex, .md or .csv for a table",
        f"-o {output.with_suffix('.pdf')}",
    )


def _panel(name: str | None) -> Panel | None:
    from orchestrator.errors import InputError
    from orchestrator.report.charts.panels import PANELS

    for panel in PANELS:
        if name == panel:
            return panel
    if name is None:
        return None
    raise InputError(
        "--panel", f"there is no panel {name!r}", f"use {', '.join(PANELS[:-1])} or {PANELS[-1]}"
    )


def _axis(panel: Panel | None, axis: str | None) -> str:
    from orchestrator.errors import InputError

    if panel == "samples":
        if axis not in (None, "samples"):
            raise InputError("--axis", "the panel samples has an axis of its own", "leave --axis out")
        return "samples"
    return axis or "usd"


def _check(kind: Kind, panel: Panel | None, *, has_size: bool, has_ks: bool) -> None:
    from orchestrator.errors import InputError

    is_table = kind in ("tex", "md", "csv")
    if is_table and has_size:
        raise InputError("--size", "a table has no size", "leave --size out, or name a picture with -o")
    if has_ks and (not is_table or panel in ("frontier", "cost")):
        raise InputError("--k", "is of a table of coverage", "use it with -o FILE.tex, .md or .csv")
