"""`manyfew verdicts`: the sets of verdicts of a ledger, and which of them is current."""

from __future__ import annotations

from pathlib import Path

import typer


def verdicts(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    use: str | None = typer.Option(
        None, "--use", help="Make this set current: frontier, status and exports speak of it.", metavar="NAME"
    ),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Show the sets of verdicts and where they differ.

    A set holds one verifier's verdicts on the samples; `verify` makes them. With --use, makes one current. Deletes
    nothing.

    Example: manyfew verdicts runs/quickstart.db

    Example: manyfew verdicts runs/quickstart.db --use numeric
    """
    from orchestrator.cli.output import console, emit_json
    from orchestrator.ledger.reading.compared_sets import sets_document
    from orchestrator.report.terminal.verdict_sets import print_sets

    if use is not None:
        from orchestrator.ledger.verdict_sets.use import use_set

        use_set(db, use)
    document = sets_document(db)
    if json_:
        emit_json(document)
    else:
        print_sets(console(), db, document)
    return 0
