"""`manyfew run`: samples, verifies and records; run again, it continues where it stopped."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from orchestrator.cli.notify import Notify
    from orchestrator.report.live.display import Style
    from orchestrator.run.run_sweep import Result
    from orchestrator.sweep.types import Sweep

EXIT = {"complete": 0, "incomplete": 1, "budget": 3, "provider": 4, "interrupted": 130}
SIGTERM = 15


def run(
    sweep: Path = typer.Argument(..., help="The sweep file.", metavar="SWEEP"),
    db: Path | None = typer.Option(
        None, "--db", help="Write the ledger to PATH. Default: runs/NAME.db.", metavar="PATH"
    ),
    budget: str | None = typer.Option(
        None,
        "--budget",
        help="Set the budget in dollars, a total over all runs of the ledger.",
        metavar="USD",
    ),
    only: list[str] | None = typer.Option(
        None, "--only", help="Ask this model alone; repeatable.", metavar="ALIAS"
    ),
    stop_after: str | None = typer.Option(
        None, "--stop-after", help="Stop after this time, such as 3h50m.", metavar="TIME"
    ),
    grace: str = typer.Option(
        "30s", "--grace", help="Wait this long for requests in flight after Ctrl-C.", metavar="TIME"
    ),
    progress: str | None = typer.Option(
        None,
        "--progress",
        help="Show progress live (redrawn in place, on a terminal), as lines, or none. Default: auto.",
        metavar="auto|live|lines|none",
    ),
    no_progress: bool = typer.Option(
        False, "--no-progress", help="Show only the closing summary, as --progress none does."
    ),
    notify: str | None = typer.Option(
        None,
        "--notify",
        help="Send the summary as JSON when the run ends: POST it to a URL, or run a command with it on stdin.",
        metavar="URL|COMMAND",
    ),
    json_: bool = typer.Option(
        False, "--json", help="Print one JSON document on stdout; text goes to stderr."
    ),
) -> int:
    """Sample a sweep within its budget.

    Run it again to continue where it stopped.

    Example: manyfew run runs/quickstart.toml

    Example: manyfew run runs/quickstart.toml --only gemma --notify "tee summary.json"
    """
    import sys

    from orchestrator.cli.leaving import say_left
    from orchestrator.cli.notify import Notify
    from orchestrator.cli.open_batches import book_before_refusal
    from orchestrator.cli.output import console, emit_json, error_document, send_nowhere
    from orchestrator.cli.values import default_ledger, seconds
    from orchestrator.errors import InputError, LedgerBroken
    from orchestrator.interrupts import interrupts
    from orchestrator.ledger.file.trouble import after_sending
    from orchestrator.ledger.reading.money.failures import read_failures
    from orchestrator.ledger.reading.money.status import read_status
    from orchestrator.report.live.display import choose
    from orchestrator.report.terminal.failed_samples import failure_lines
    from orchestrator.report.terminal.interrupted_attempts import interrupted_lines
    from orchestrator.report.terminal.standing import standing_line
    from orchestrator.report.terminal.summary import Ending, summary
    from orchestrator.run.prepare import prepare
    from orchestrator.run.run_sweep import Options, run_sweep
    from orchestrator.run.servers.node import sigterm_grace_s
    from orchestrator.sending.signals import Signals
    from orchestrator.sweep.load import check_keys, load
    from orchestrator.text.safe import safe

    style = _style(progress, no_progress=no_progress)
    try:
        loaded = load(sweep, budget=budget)
    except InputError:
        for line in book_before_refusal(sweep, db, json_=json_):
            console(stderr=True).print(safe(line), markup=False)
        raise
    if loaded.budget_pico is None:
        raise InputError(
            f"{sweep}: budget_usd", "the sweep has no budget", "add budget_usd = 5.0, or pass --budget 5"
        )
    chosen = _chosen(loaded, only)
    check_keys(loaded, chosen)
    tell = None if notify is None else Notify(notify, loaded)
    place = db if db is not None else default_ledger(loaded.name)
    signals = Signals(
        grace_s=seconds(grace, where="--grace"),
        stop_after_s=None if stop_after is None else seconds(stop_after, where="--stop-after"),
        left=partial(say_left, db=place, json_wanted=json_),
        sigterm_grace_s=sigterm_grace_s(loaded),
    )
    options = Options(db=place, budget_pico=loaded.budget_pico, signals=signals, only=chosen)
    prepared = prepare(loaded)
    with signals:
        try:
            with choose(style) as display:
                result = run_sweep(prepared, options, display.update)
        except LedgerBroken as error:
            _tell(tell, loaded.name, place, error_document(error))
            raise
        with after_sending():
            document, failures = read_status(options.db, chosen), read_failures(options.db)
        ending = Ending(
            status=result.status,
            reason=result.reason,
            warnings=result.warnings,
            db=options.db,
            sweep=sweep,
            before=result.at_start,
            failures=failures,
            failed_samples=failure_lines(document),
            interrupted_attempts=interrupted_lines(document),
            standing=standing_line(document),
            leftovers=result.presumed_leftovers,
            solved_by_any=document["solved_by_any"] if loaded.policy.ends_at_success else None,
        )
        try:
            console(stderr=json_).print(summary(result.progress, ending))
        except BrokenPipeError:  # nobody reads the summary: the exit status and the document still count
            send_nowhere(sys.stderr if json_ else sys.stdout)
        if json_:
            emit_json(document)
        if tell is not None:
            _tell(tell, loaded.name, place, document)
        interrupts.finishing()  # from here on a signal must not replace its exit status
    return exit_status(result)


def _style(progress: str | None, *, no_progress: bool) -> Style:
    from orchestrator.errors import InputError
    from orchestrator.report.live.display import style_named

    if progress is not None and no_progress:
        raise InputError("--progress", "can't be combined with --no-progress", "use one of them")
    return "none" if no_progress else style_named(progress or "auto")


def _chosen(sweep: Sweep, only: list[str] | None) -> frozenset[str] | None:
    from orchestrator.errors import InputError

    for alias in only or ():
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
