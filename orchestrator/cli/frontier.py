"""`manyfew frontier`: coverage against cost, fits, comparisons, the frontier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from orchestrator.ledger.outcomes import Axis


def frontier(
    db: list[Path] = typer.Argument(..., help="The ledgers.", metavar="DB…"),
    json_: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
    axis: str = typer.Option("usd", "--axis", help="Cost in usd, flops, tokens or seconds.", metavar="AXIS"),
    cite: bool = typer.Option(
        False, "--cite", help="Digest the samples for the line to cite by, also where they are over 100,000."
    ),
) -> int:
    """Show coverage against cost, what to buy, and whether many cheap samples beat a few dear ones. Works while a run
    writes.

    Example: manyfew frontier runs/quickstart.db
    """
    chosen = _axis(axis)
    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.citation import cite as cited
    from orchestrator.ledger.outcomes import read_outcomes
    from orchestrator.report.citation_text import citation_document
    from orchestrator.report.frontier_data import frontier_document

    document = frontier_document(read_outcomes(db, chosen), chosen)
    document["citation"] = [citation_document(cited(path, always=cite)) for path in db]
    if json_:
        emit_json(document)
    else:
        from orchestrator.report.frontier_text import print_frontier

        print_frontier(console(), document)
        for of in document["citation"]:
            console().print(f"Cite: {of['text']}" + _undigested(of))
    return 0


def _undigested(citation: dict[str, Any]) -> str:
    return "" if citation["sha256"] is not None else " (with a digest of the samples: --cite)"


def _axis(text: str) -> Axis:
    from orchestrator.errors import InputError

    if text == "usd" or text == "tokens" or text == "seconds" or text == "flops":
        return text
    raise InputError("--axis", f"there is no axis {text!r}", "use usd, flops, tokens or seconds")
