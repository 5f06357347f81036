"""`manyfew status`: how a ledger stands, while a run works or after."""

from __future__ import annotations

from pathlib import Path

import typer


def status(
    db: Path = typer.Argument(..., help="The ledger.", metavar="DB"),
    json_: bool = typer.Option(False, "--json", help="Print one JSON document on stdout."),
) -> int:
    """Show a ledger's samples and money, by model.

    Works while a run writes, and after.

    Example: manyfew status runs/quickstart.db
    """
    from orchestrator.cli.quick.status import show_status

    return show_status(db, json_)
