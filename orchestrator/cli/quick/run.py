"""`manyfew run` from its flags to its exit status, and its command line as it is nearly always typed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.cli.quick.beside import imported_beside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from orchestrator.cli.notify import Notify
    from orchestrator.progress import Progress
    from orchestrator.report.live.display import Style
    from orchestrator.run.run_sweep import Options, Result
    from orchestrator.sweep.types import Sweep

EXIT = {"complete": 0, "incomplete": 1, "budget": 3, "provider": 4, "interrupted": 130}
SIGTERM = 15
VALUES = {
    "--db": "db",
    "--budget": "budget",
    "--only": "only",
    "--stop-after": "stop_after",
    "--grace": "grace",
    "--progress": "progress",
    "--notify": "notify",
}
"""Flags that take a value, and the fields of what is asked."""
SWITCHES = {"--no-progress": "no_progress", "--json": "json"}


OF_THE_END = (
    "orchestrator.ledger.reading.money.failures",
    "orchestrator.ledger.reading.money.status",
    "orchestrator.report.terminal.failed_samples",
    "orchestrator.report.terminal.interrupted_attempts",
    "orchestrator.report.terminal.standing",
    "orchestrator.report.terminal.summary",
)
"""Modules that a run needs when it has ended."""


class Asked(NamedTuple):
    """What the command line says."""

    sweep: Path
    db: Path | None = None
    budget: str | None = None
    only: Sequence[str] = ()
    stop_after: str | None = None
    grace: str = "30s"
    progress: str | None = None
    no_progress: bool = False
    notify: str | None = None
    json: bool = False


def asked_run(arguments: Sequence[str]) -> Asked | None:
    """None for any command line but the plain ones: typer then handles it, its errors and its help."""
    if not arguments or arguments[0] != "run":
        return None
    found: dict[str, Any] = {}
    only: list[str] = []
    words = iter(arguments[1:])
    for word in words:
        name, is_joined, value = word.partition("=")
        if name in VALUES:
            value = value if is_joined else next(words, "")
            if not value or value.startswith("-"):
                return None
            if name == "--only":
                only.append(value)
                continue
            field, said = VALUES[name], Path(value) if name == "--db" else value
        elif word in SWITCHES:
            field, said = SWITCHES[word], True
        elif word and not word.startswith("-"):
            field, said = "sweep", Path(word)
        else:
            return None
        if field in found:
            return None
        found[field] = said
    return Asked(**found, only=only) if "sweep" in found else None


def sample(asked: Asked) -> int:
    """Runs a sweep file. Returns the exit status; raises InputError or LedgerBroken."""
    from orchestrator.cli.leaving import say_left
    from orchestrator.cli.notify import Notify
    from orchestrator.cli.open_batches import book_before_refusal
    from orchestrator.cli.output import console, error_document
    from orchestrator.cli.values import default_ledger, seconds
    from orchestrator.errors import InputError, LedgerBroken
    from orchestrator.interrupts import interrupts
    from orchestrator.report.live.display import choose
    from orchestrator.run.prepare import prepare
    from orchestrator.run.run_sweep import Options, run_sweep
    from orchestrator.run.servers.node import sigterm_grace_s
    from orchestrator.sending.signals import Signals
    from orchestrator.sweep.load import check_keys, load
    from orchestrator.text.safe import safe

    style = _style(asked.progress, no_progress=asked.no_progress)
    try:
        loaded = load(asked.sweep, budget=asked.budget)
    except InputError:
        for line in book_before_refusal(asked.sweep, asked.db, json_=asked.json):
            console(stderr=True).print(safe(line), markup=False)
        raise
    if loaded.budget_pico is None:
        raise InputError(
            f"{asked.sweep}: budget_usd",
            "the sweep has no budget",
            "add budget_usd = 5.0, or pass --budget 5",
        )
    chosen = _chosen(loaded, asked.only)
    check_keys(loaded, chosen)
    tell = None if asked.notify is None else Notify(asked.notify, loaded)
    place = asked.db if asked.db is not None else default_ledger(loaded.name)
    signals = Signals(
        grace_s=seconds(asked.grace, where="--grace"),
        stop_after_s=None if asked.stop_after is None else seconds(asked.stop_after, where="--stop-after"),
        left=partial(say_left, db=place, json_wanted=asked.json),
        sigterm_grace_s=sigterm_grace_s(loaded),
    )
    options = Options(db=place, budget_pico=loaded.budget_pico, signals=signals, only=chosen)
    prepared = prepare(loaded)
    with signals:
        try:
            with choose(style) as display, imported_beside(*OF_THE_END) as soon:

                def show(progress: Progress) -> None:
                    soon()
                    display.update(progress)

                result = run_sweep(prepared, options, show)
        except LedgerBroken as error:
            _tell(tell, loaded.name, place, error_document(error))
            raise
        _tell_of(result, asked, loaded, options, tell)
        interrupts.finishing()  # from here on a signal must not replace its exit status
    return exit_status(result)


def _tell_of(result: Result, asked: Asked, loaded: Sweep, options: Options, tell: Notify | None) -> None:
    """The summary, and the document for programs."""
    from orchestrator.cli.output import console, emit_json, send_nowhere
    from orchestrator.ledger.file.trouble import after_sending
    from orchestrator.ledger.reading.money.failures import read_failures
    from orchestrator.ledger.reading.money.status import read_status
    from orchestrator.report.terminal.failed_samples import failure_lines
    from orchestrator.report.terminal.interrupted_attempts import interrupted_lines
    from orchestrator.report.terminal.standing import standing_line
    from orchestrator.report.terminal.summary import Ending, summary

    with after_sending():
        document, failures = read_status(options.db, options.only), read_failures(options.db)
    ending = Ending(
        status=result.status,
        reason=result.reason,
        warnings=result.warnings,
        db=options.db,
        sweep=asked.sweep,
        before=result.at_start,
        failures=failures,
        failed_samples=failure_lines(document),
        interrupted_attempts=interrupted_lines(document),
        standing=standing_line(document),
        leftovers=result.presumed_leftovers,
        solved_by_any=document["solved_by_any"] if loaded.policy.ends_at_success else None,
    )
    try:
        console(stderr=asked.json).print(summary(result.progress, ending))
    except BrokenPipeError:  # nobody reads the summary: the exit status and the document still count
        send_nowhere(sys.stderr if asked.json else sys.stdout)
    if asked.json:
        emit_json(document)
    if tell is not None:
        _tell(tell, loaded.name, options.db, document)


def _style(progress: str | None, *, no_progress: bool) -> Style:
    from orchestrator.errors import InputError
    from orchestrator.report.live.display import style_named

    if progress is not None and no_progress:
        raise InputError("--progress", "can't be combined with --no-progress", "use one of them")
    return "none" if no_progress else style_named(progress or "auto")


def _chosen(sweep: Sweep, only: Sequence[str]) -> frozenset[str] | None:
    from orchestrator.errors import InputError

    for alias in only:
        if alias not in sweep.models:
            message = f"{sweep.path} has no model {alias!r}"
            raise InputError("--only", message, f"use {' or '.join(sweep.models)}")
    return frozenset(only) if only else None


def _tell(tell: Notify | None, sweep: str, db: Path, document: Mapping[str, Any]) -> None:
    from orchestrator.cli.output import say
    from orchestrator.text.safe import safe

    if tell is None:
        return
    trouble = tell({"sweep": sweep, "db": str(db), **document})
    if trouble is not None:
        say(f"warning: --notify: {safe(trouble)}\n")


def exit_status(result: Result) -> int:
    """The contract's exit status of a result."""
    if result.status == "interrupted" and result.signal == SIGTERM:
        return 128 + SIGTERM
    return EXIT[result.status]
