"""`manyfew cancel`: ends the batches that are open at vendors, and books what they delivered."""

from __future__ import annotations

from pathlib import Path

import typer

from orchestrator.grammar import by, many
from orchestrator.text.command import command


def cancel(
    sweep: Path = typer.Argument(..., help="The sweep file.", metavar="SWEEP"),
    db: Path | None = typer.Option(
        None, "--db", help="Use the ledger at PATH. Default: runs/NAME.db.", metavar="PATH"
    ),
    json_: bool = typer.Option(
        False, "--json", help="Print one JSON document on stdout; text goes to stderr."
    ),
) -> int:
    """End the batches that are open at vendors.

    Results that they deliver by then are booked; the rest is free. Sends no new requests.

    Example: manyfew cancel sweep.toml
    """
    from orchestrator.cli.open_batches import book_batches, open_batches
    from orchestrator.cli.output import console, emit_json
    from orchestrator.cli.values import default_ledger
    from orchestrator.ledger.reading.money.status import read_status
    from orchestrator.sweep.load import check_keys, load
    from orchestrator.text.safe import safe

    loaded = load(sweep, sends=False)
    check_keys(loaded)
    place = db if db is not None else default_ledger(loaded.name)
    before = open_batches(place)
    said = console(stderr=True)
    if not before:
        said.print(f"{safe(str(place))} has no open batch.", markup=False)
        after = 0
    else:
        result = book_batches(loaded, place, cancel=True, json_=json_)
        for line in result.warnings:
            said.print(safe(line), markup=False)
        after = open_batches(place)
        ended = (
            f"{many(before - after, 'batch')} ended; {by(before - after, 'its', 'their')} results are booked"
        )
        said.print(f"{ended}. Next: {command('status {}', place)}", markup=False)
    if json_:
        emit_json(read_status(place))
    return 1 if after else 0
