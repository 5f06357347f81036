"""`manyfew compare`: providers and models side by side."""

from __future__ import annotations

from pathlib import Path

import typer

from orchestrator.cli.bundles import ledgers


def compare(
    db: list[Path] = typer.Argument(..., callback=ledgers, help="The ledgers.", metavar="DB…"),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Show providers and models side by side.

    Shows dollars paid against the list price, tokens, latency and waste, and tests whether models pass alike.

    Example: manyfew compare runs/quickstart.db
    """
    from orchestrator.analysis.whole_document import compare_whole
    from orchestrator.cli.output import console, emit_json

    document = compare_whole(db)
    if json_:
        emit_json(document)
        return 0
    from orchestrator.report.terminal.compare import print_compare
    from orchestrator.report.terminal.printed import print_printed

    if "printed" in document:
        print_printed(console(), document["printed"]["table"], document["printed"]["comparisons"])
    print_compare(console(), document)
    return 0
