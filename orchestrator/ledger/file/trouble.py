"""What SQLite says when it can't go on, in words that say whose turn it is."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

TROUBLE = (sqlite3.Error, UnicodeDecodeError, json.JSONDecodeError)
"""What reading and writing a ledger can raise; the last two where a text of it was damaged."""

_PRIMARY = 0xFF
"""https://www.sqlite.org/rescode.html: the low byte of an extended result code is the primary one."""


def trouble(error: BaseException, path: Path | str) -> tuple[str, str]:
    """(what is wrong, what to do about it) of an error met on the ledger at `path`."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & _PRIMARY
    if code == sqlite3.SQLITE_FULL:
        return "the disk is full", "free disk space, then run again: what was committed stands"
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return (
            f"another program holds it ({error})",
            "close the program that writes to it, then run again: what was committed stands",
        )
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} or isinstance(error, ValueError):
        return (
            f"it is damaged ({error})",
            f"look at it with `manyfew doctor {path}` and go on from a backup of it",
        )
    return str(error), (
        "look at its disk (space, permissions, the system's log), then run again: what was committed stands; "
        "or name another with --db"
    )
