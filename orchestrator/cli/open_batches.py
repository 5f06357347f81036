"""Batches that are open at vendors, ended or awaited without anything being sent, whatever today refuses to send."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import InputError
from orchestrator.grammar import by, many
from orchestrator.text.command import command

if TYPE_CHECKING:
    from orchestrator.run.run_sweep import Result
    from orchestrator.sweep.types import Sweep
    from pricing.types import Price


def open_batches(db: Path) -> int:
    """How many there are. Raises InputError for what is no ledger."""
    from orchestrator.ledger.file.reader import open_reader
    from orchestrator.ledger.file.trouble import reading
    from orchestrator.ledger.writing.batch_jobs import count_open

    with reading(db), closing(open_reader(db)) as connection:
        return sum(batches for batches, _ in count_open(connection).values())


def book_batches(loaded: Sweep, db: Path, *, cancel: bool, json_: bool) -> Result:
    """Books what they bring, at the prices that the ledger has; `cancel` ends them first. Raises InputError."""
    from orchestrator.cli.leaving import say_left
    from orchestrator.interrupts import interrupts
    from orchestrator.report.live.display import choose
    from orchestrator.run.prepare import prepare
    from orchestrator.run.run_sweep import Options, run_sweep
    from orchestrator.sending.signals import Signals

    budget = _budget(db)
    prepared = prepare(loaded, _prices(db))
    signals = Signals(left=partial(say_left, db=db, json_wanted=json_))
    options = Options(db=db, budget_pico=budget, signals=signals, sends=False, cancel_batches=cancel)
    with signals, choose("none") as display:
        result = run_sweep(prepared, options, display.update)
        interrupts.finishing()
    return result


def book_before_refusal(sweep: Path, db: Path | None, *, json_: bool) -> list[str]:
    """A run that is refused sends nothing, but books what the batches of earlier runs bring. Gives what there is to
    say; nothing where there are none, or where it is refused for other reasons than what it would send."""
    from orchestrator.cli.values import default_ledger
    from orchestrator.sweep.load import check_keys, load

    try:
        loaded = load(sweep, sends=False)
        place = db if db is not None else default_ledger(loaded.name)
        before = open_batches(place) if place.exists() else 0
        if not before:
            return []
        check_keys(loaded)
        result = book_batches(loaded, place, cancel=False, json_=json_)
    except InputError:
        return []
    ended = before - open_batches(place)
    its = by(ended, "its", "their")
    return [f"{many(ended, 'open batch')} of earlier runs ended; {its} results are booked.", *result.warnings]


def _budget(db: Path) -> int:
    from orchestrator.ledger.file.reader import open_reader
    from orchestrator.ledger.file.trouble import reading

    with reading(db), closing(open_reader(db)) as connection:
        (budget,) = connection.execute("SELECT max(budget_pico) FROM sweep").fetchone()
    if budget is None:
        raise InputError(str(db), "no run has written this ledger yet", command("run SWEEP"))
    return budget


def _prices(db: Path) -> dict[str, Price]:
    import json

    from orchestrator.ledger.reprice import models_of
    from pricing.form import price_from_json

    return {m["alias"]: price_from_json(json.loads(m["price"])) for m in models_of(db) if m["price"]}
