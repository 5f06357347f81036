"""`manyfew cancel`: ends the batches that are open at vendors, and books what they delivered."""

from __future__ import annotations

from pathlib import Path

import typer


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
    from contextlib import closing
    from functools import partial

    from orchestrator.cli.leaving import say_left
    from orchestrator.cli.output import console, emit_json
    from orchestrator.cli.values import default_ledger
    from orchestrator.errors import InputError
    from orchestrator.interrupts import interrupts
    from orchestrator.ledger.file.reader import open_reader
    from orchestrator.ledger.file.trouble import reading
    from orchestrator.ledger.reading.money.status import read_status
    from orchestrator.ledger.writing.batch_jobs import count_open
    from orchestrator.report.live.display import choose
    from orchestrator.run.prepare import prepare
    from orchestrator.run.run_sweep import Options, run_sweep
    from orchestrator.sending.signals import Signals
    from orchestrator.sweep.load import check_keys, load
    from orchestrator.text.safe import safe

    loaded = load(sweep)
    check_keys(loaded)
    place = db if db is not None else default_ledger(loaded.name)
    with reading(place), closing(open_reader(place)) as connection:
        before = count_open(connection)
        (budget,) = connection.execute("SELECT max(budget_pico) FROM sweep").fetchone()
    said = console(stderr=True)
    if not before:
        said.print(f"{safe(str(place))} has no open batch.", markup=False)
    else:
        if budget is None:
            raise InputError(str(place), "no run has written this ledger yet", "manyfew run SWEEP")
        signals = Signals(left=partial(say_left, db=place, json_wanted=json_))
        options = Options(db=place, budget_pico=budget, signals=signals, cancel_batches=True)
        with signals, choose("none") as display:
            result = run_sweep(prepare(loaded), options, display.update)
            interrupts.finishing()
        for line in result.warnings:
            said.print(safe(line), markup=False)
    with reading(place), closing(open_reader(place)) as connection:
        after = count_open(connection)
    ended = sum(batches for batches, _ in before.values()) - sum(batches for batches, _ in after.values())
    if before:
        said.print(
            f"{ended:,} batches ended; their results are booked. Next: manyfew status {safe(str(place))}",
            markup=False,
        )
    if json_:
        emit_json(read_status(place))
    return 1 if after else 0
