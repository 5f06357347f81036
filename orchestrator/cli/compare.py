"""`manyfew compare`: providers and models side by side."""

from __future__ import annotations

from pathlib import Path

import typer


def compare(
    db: list[Path] = typer.Argument(..., help="The ledgers.", metavar="DB…"),
    json_: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> int:
    """Show models side by side: dollars paid against the list price, tokens, latency, waste, and whether they pass
    alike.

    Example: manyfew compare runs/quickstart.db
    """
    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.sides import read_sides
    from orchestrator.report.compare_data import compare_document

    document = compare_document(read_sides(db))
    if json_:
        emit_json(document)
    else:
        from orchestrator.report.compare_text import print_compare

        print_compare(console(), document)
    return 0
