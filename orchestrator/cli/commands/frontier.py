"""`manyfew frontier`: coverage against cost, fits, comparisons, the frontier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.ledger.reading.samples.outcomes import Axis
    from orchestrator.report.report_file import Kind


def frontier(
    db: list[Path] = typer.Argument(..., help="The ledgers.", metavar="DB…"),
    json_: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
    axis: str = typer.Option("usd", "--axis", help="Cost in usd, flops, tokens or seconds.", metavar="AXIS"),
    html: Path | None = typer.Option(
        None,
        "--html",
        help="Write the interactive report to this file, in an earlier one's place.",
        metavar="FILE",
    ),
    png: Path | None = typer.Option(None, "--png", help="Write the figure as a picture.", metavar="FILE"),
    svg: Path | None = typer.Option(None, "--svg", help="Write the figure as SVG.", metavar="FILE"),
    cap: float | None = typer.Option(
        None,
        "--cap",
        help="Only what costs at most this a problem on average, in the axis' unit.",
        metavar="COST",
    ),
    hard_cap: float | None = typer.Option(
        None, "--hard-cap", help="Only what no problem costs more than this for.", metavar="COST"
    ),
    write_policy: int | None = typer.Option(
        None,
        "--write-policy",
        help="Write the sweep that buys this point of the frontier, counted from 1 as --json lists them.",
        metavar="N",
    ),
    output: Path | None = typer.Option(
        None, "-o", "--output", help="Where --write-policy writes.", metavar="FILE"
    ),
    cite: bool = typer.Option(
        False, "--cite", help="Digest the samples for the line to cite by, also where they are over 100,000."
    ),
) -> int:
    """Show coverage against cost, what to buy, and whether many cheap samples beat a few expensive ones. Works while a
    run writes.

    Example: manyfew frontier runs/quickstart.db

    Example: manyfew frontier runs/quickstart.db --html report.html --png figure.png
    """
    chosen = _axis(axis)
    targets: dict[Kind, Path | None] = {"html": html, "png": png, "svg": svg}
    wanted: dict[Kind, Path] = {kind: target for kind, target in targets.items() if target is not None}
    _check(wanted)
    _check_policy(write_policy, output)
    from orchestrator.analysis.policies import Cap
    from orchestrator.analysis.whole_document import frontier_documents
    from orchestrator.cli.output import console, emit_json
    from orchestrator.text.safe import safe

    allowed = Cap(_cost("--cap", cap), _cost("--hard-cap", hard_cap))
    document, whole = frontier_documents(db, chosen, allowed, always_digest=cite)
    for kind, target in wanted.items():
        _write(kind, target, document, whole, db)
    if write_policy is not None and output is not None:
        _write_policy(db, document, write_policy, output)
    if json_:
        emit_json(whole)
    else:
        _print(console(), document, whole)
        for of in document["citation"]:
            console().print(f"Cite: {of['text']}" + _undigested(of))
    for target in wanted.values():
        console(stderr=True).print(f"Report written to {safe(str(target))}")
    return 0


def _print(out: Console, sampled: dict[str, Any], whole: dict[str, Any]) -> None:
    """Printed results first, since they are few; then samples, as without any."""
    from orchestrator.report.terminal.frontier import print_frontier
    from orchestrator.report.terminal.printed import print_printed

    if "printed" in whole:
        print_printed(out, whole["printed"], whole["comparisons"])
    print_frontier(out, {**sampled, "warnings": whole["warnings"]})


def _write_policy(db: list[Path], document: dict[str, Any], number: int, output: Path) -> None:
    import shlex

    from orchestrator.cli.output import console
    from orchestrator.next_dollar.policy_sweep import write_policy
    from orchestrator.text.frontier_words import bought
    from orchestrator.text.safe import safe

    files = write_policy(db, document, number, output)
    runs = " && ".join(f"manyfew run {safe(shlex.quote(str(file)))}" for file in files)
    console(stderr=True).print(
        f"Policy {number}: {bought(document['frontier'][number - 1]['policy'])}. Next: {runs}"
    )


def _check_policy(number: int | None, output: Path | None) -> None:
    from orchestrator.errors import InputError

    if (number is None) != (output is None):
        lacking = "-o FILE" if output is None else "--write-policy N"
        raise InputError("--write-policy", "goes with -o, which says where to", f"add {lacking}")


def _check(wanted: dict[Kind, Path]) -> None:
    """What would fail at the end is said at the start."""
    from orchestrator.report.charts.render import need_charts
    from orchestrator.report.report_file import check_target

    for kind, target in wanted.items():
        need_charts(f"--{kind}")
        check_target(kind, target)


def _write(kind: Kind, target: Path, sampled: dict[str, Any], whole: dict[str, Any], db: list[Path]) -> None:
    from orchestrator.report.charts import render
    from orchestrator.report.report_file import write_report

    said = "; ".join(of["text"] for of in whole["citation"])
    if kind == "html":
        content = _page(sampled, whole, db).encode()
    elif kind == "png":
        content = render.png(render.figure_of(whole), said)
    else:
        content = render.svg(render.figure_of(whole), said).encode()
    write_report(kind, target, content)


def _page(sampled: dict[str, Any], whole: dict[str, Any], db: list[Path]) -> str:
    from orchestrator.analysis.page_data import report_data
    from orchestrator.ledger.reading.samples.outcomes import read_outcomes
    from orchestrator.ledger.reading.samples.provenance import read_provenance
    from orchestrator.report.charts.render import program
    from orchestrator.report.page.page import page

    data = report_data(sampled, lambda axis: read_outcomes(db, axis), read_provenance(db))
    return page(whole, data, program())


def _undigested(citation: dict[str, Any]) -> str:
    return "" if citation["sha256"] is not None else " (with a digest of the samples: --cite)"


def _cost(flag: str, value: float | None) -> float | None:
    from orchestrator.errors import InputError

    if value is None or 0 < value < float("inf"):
        return value
    raise InputError(flag, f"{value} is no cost", "state a number above 0")


def _axis(text: str) -> Axis:
    from orchestrator.errors import InputError

    if text == "usd" or text == "tokens" or text == "seconds" or text == "flops":
        return text
    raise InputError("--axis", f"there is no axis {text!r}", "use usd, flops, tokens or seconds")
