"""`manyfew figure`: the frontier as a picture for a paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from orchestrator.cli.bundles import ledgers

if TYPE_CHECKING:
    from orchestrator.report.report_file import Kind


def figure(
    db: list[Path] = typer.Argument(..., callback=ledgers, help="The ledgers.", metavar="DB…"),
    output: Path = typer.Option(
        ..., "-o", "--output", help="Write to FILE, whose ending decides: .png or .svg.", metavar="FILE"
    ),
    axis: str = typer.Option(
        "usd", "--axis", help="Measure cost in usd, flops, tokens or seconds.", metavar="AXIS"
    ),
) -> int:
    """Draw coverage against cost as a figure for a paper.

    Overwrites an earlier figure of manyfew's, never another file. Needs the extra "charts".

    Example: manyfew figure runs/quickstart.db -o figure.svg
    """
    kind = _kind(output)
    from orchestrator.report.charts.render import need_charts
    from orchestrator.report.report_file import check_target, write_report

    need_charts("manyfew figure")  # what would fail at the end fails at the start
    check_target(kind, output)
    from orchestrator.analysis.whole_document import frontier_documents
    from orchestrator.cli.output import console
    from orchestrator.cli.values import axis_named
    from orchestrator.report.charts import render
    from orchestrator.text.safe import safe

    whole = frontier_documents(db, axis_named(axis)).whole
    cited = "; ".join(of["text"] for of in whole["citation"])
    drawn = render.figure_of(whole)
    write_report(
        kind, output, render.png(drawn, cited) if kind == "png" else render.svg(drawn, cited).encode()
    )
    console(stderr=True).print(f"Figure written to {safe(str(output))}")
    return 0


def _kind(output: Path) -> Kind:
    from orchestrator.errors import InputError

    ending = output.suffix.lower()
    if ending == ".png":
        return "png"
    if ending == ".svg":
        return "svg"
    raise InputError(
        f"-o {output}", "a figure's file ends in .png or .svg", f"-o {output.with_suffix('.svg')}"
    )
