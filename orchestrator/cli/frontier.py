"""`manyfew frontier`: coverage against cost, fits, comparisons, the frontier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from orchestrator.ledger.outcomes import Axis


def frontier(
    db: list[Path] = typer.Argument(..., help="The ledgers.", metavar="DB…"),
    json_: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
    axis: str = typer.Option("usd", "--axis", help="Cost in usd, flops, tokens or seconds.", metavar="AXIS"),
) -> int:
    """Show coverage against cost, what to buy, and whether many cheap samples beat a few dear ones. Works while a run
    writes.

    Example: manyfew frontier runs/quickstart.db
    """
    chosen = _axis(axis)
    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.outcomes import read_outcomes
    from orchestrator.report.frontier_data import frontier_document

    document = frontier_document(read_outcomes(db, chosen), chosen)
    if json_:
        emit_json(document)
    else:
        from orchestrator.report.frontier_text import print_frontier

        print_frontier(console(), document)
    return 0


def _axis(text: str) -> Axis:
    from orchestrator.errors import InputError

    if text == "usd" or text == "tokens" or text == "seconds" or text == "flops":
        return text
    raise InputError("--axis", f"there is no axis {text!r}", "use usd, flops, tokens or seconds")
