"""The `manyfew` command: its table of commands, and the one place that prints errors."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from orchestrator import blas
from orchestrator.cli.output import (
    close_stdout,
    emit_json,
    error_document,
    flush_stdout,
    is_stdout_full,
    say,
    stdout_error,
)
from orchestrator.cli.quick.run import asked_run, sample
from orchestrator.cli.quick.status import asked_status, show_status
from orchestrator.errors import InputError, ManyfewError
from orchestrator.interrupts import LINE, interrupts

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = 130
RARELY = (150_000, 20, 20)
"""Importing makes many objects and no garbage: Python's usual search for it, after every 700 of them, takes a tenth of
a command's start."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits with its status."""
    gc.set_threshold(*RARELY)
    blas.use_one_thread()
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")  # a terminal that lacks a character still gets the line
    json_wanted = "--json" in given
    status = _run(given or ["--help"], json_wanted=json_wanted)
    try:
        flush_stdout()
    except InputError as error:
        status = _say(error, json_wanted=json_wanted)
    interrupts.over(status)
    sys.exit(status)


def _run(arguments: list[str], *, json_wanted: bool) -> int:
    try:
        status: Any = _answer(arguments)
    except KeyboardInterrupt:
        return _interrupted()
    except (Exception, SystemExit) as error:
        if interrupts.ends:  # a library may make another error of it
            return _interrupted()
        return _failed(error, arguments, json_wanted=json_wanted)
    if interrupts.ends and status == _INTERRUPTED:  # typer makes an exit status of it
        return _interrupted()
    return status if isinstance(status, int) else 0


def _interrupted() -> int:
    say(LINE)
    return interrupts.status


def _failed(error: Exception | SystemExit, arguments: list[str], *, json_wanted: bool) -> int:
    if isinstance(error, ManyfewError):
        return _say(error, json_wanted=json_wanted)
    if isinstance(error, SystemExit):
        if not isinstance(error.__context__, BrokenPipeError):
            raise error
        error = error.__context__  # typer's own end after a broken pipe
    if isinstance(error, BrokenPipeError):
        close_stdout()
        return 0
    if isinstance(error, OSError) and is_stdout_full():
        return _say(stdout_error(error), json_wanted=json_wanted)
    from orchestrator.cli.damaged_ledger import damaged_ledger

    if (damaged := damaged_ledger(arguments)) is not None:
        return _say(damaged, json_wanted=json_wanted)
    return _own_error(error, json_wanted=json_wanted)


def _answer(arguments: list[str]) -> Any:
    if (asked := asked_status(arguments)) is not None:
        return show_status(*asked)
    if (plain := asked_run(arguments)) is not None:
        return sample(plain)
    from orchestrator.cli import app

    return app.run_command(arguments)


def _say(error: ManyfewError, *, json_wanted: bool) -> int:
    """One line for people, and the document for programs."""
    from orchestrator.text.safe import safe  # a problem's id or a file's name may be hostile

    line = safe(" ".join(str(error).splitlines()))
    say(line + "\n" if line.startswith("manyfew") else f"manyfew: {line}\n")
    if json_wanted:
        try:
            emit_json(error_document(error))
        except OSError:  # a full stdout: the line above and the exit status still tell
            close_stdout()
    return 2 if isinstance(error, InputError) else 1


def _own_error(error: Exception, *, json_wanted: bool) -> int:
    import traceback

    say("".join(traceback.format_exception(error)))
    line = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    remedy = "what the ledger holds is safe; please report the lines above"
    return _say(ManyfewError("this is a bug in manyfew", line, remedy), json_wanted=json_wanted)
