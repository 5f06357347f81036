"""What is wrong with a ledger, and whose turn it is: every place that reads or writes one says it in these words."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import InputError, LedgerBroken
from orchestrator.text.command import command

TROUBLE = (sqlite3.Error, UnicodeDecodeError, json.JSONDecodeError)
"""What reading and writing a ledger can raise; the last two where a text of it was damaged."""

_PRIMARY = 0xFF
"""https://www.sqlite.org/rescode.html: the low byte of an extended result code is the primary one."""


@contextmanager
def reading(path: Path | str, *, where: str | None = None) -> Generator[None]:
    """Around all that reads the ledger at `path`. Raises InputError, which names `where`: the ledger, unless stated."""
    try:
        yield
    except TROUBLE as error:
        what, remedy = trouble(error, path)
        raise InputError(where or str(path), f"the ledger can't be read: {what}", remedy) from error


@contextmanager
def all_or_nothing(path: Path | str, failed: str = "the ledger can't be written") -> Generator[None]:
    """Around changes that leave the ledger at `path` as it was if they fail. Raises InputError; `failed` says what
    was not done."""
    try:
        yield
    except TROUBLE as error:
        what, remedy = trouble(error, path)
        raise InputError(str(path), f"{failed}: {what}", remedy) from error


@contextmanager
def writing(path: Path | str, failed: str = "the ledger could not be written") -> Generator[None]:
    """Around a run's reads and writes of the ledger at `path`, which may have sent something already. Raises
    LedgerBroken."""
    try:
        yield
    except TROUBLE as error:
        raise broken(error, path, failed) from error


@contextmanager
def after_sending() -> Generator[None]:
    """Around what opens the ledger once more at the end of a run: an InputError would say that nothing was sent."""
    try:
        yield
    except InputError as error:
        raise LedgerBroken(error.where, error.message, error.remedy) from error


def broken(error: BaseException, path: Path | str, failed: str) -> LedgerBroken:
    """For who must give the error to several that wait."""
    what, remedy = trouble(error, path)
    return LedgerBroken(str(path), f"{failed}: {what}", remedy)


def is_damage(error: BaseException) -> bool:
    """Whether what the file holds is wrong, not how it was reached."""
    return _code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} or isinstance(error, ValueError)


def is_full(error: BaseException) -> bool:
    """Whether the disk is full."""
    return _code(error) == sqlite3.SQLITE_FULL


def trouble(error: BaseException, path: Path | str) -> tuple[str, str]:
    """(what is wrong, what to do about it) of an error met on the ledger at `path`."""
    code = _code(error)
    if is_full(error):
        return "the disk is full", "free disk space, then run again: what was committed stands"
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return (
            f"another program holds it ({error})",
            "close the program that writes to it, then run again: what was committed stands",
        )
    if is_damage(error):
        return (
            f"it is damaged ({error})",
            f"look at it with `{command('doctor {}', path)}` and go on from a backup of it",
        )
    if code == sqlite3.SQLITE_CANTOPEN and not os.access(Path(path).resolve().parent, os.W_OK):
        return (
            "its last changes are in its -wal file, which can be read only in a folder that can be written",
            f"copy {path} and {path}-wal to such a folder, and read the copy",
        )
    return str(error), (
        "look at its disk (space, permissions, the system's log), then run again: what was committed stands; "
        "or name another with --db"
    )


def _code(error: BaseException) -> int:
    return (getattr(error, "sqlite_errorcode", None) or 0) & _PRIMARY
