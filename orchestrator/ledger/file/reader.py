"""A read-only connection to a ledger, while a run may be writing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from orchestrator.ledger.file.identity import SCHEMA_VERSION, check, keeps_texts_once, read_only
from orchestrator.ledger.file.older_schema import read_as_current
from orchestrator.ledger.file.trouble import reading


def open_reader(path: Path) -> sqlite3.Connection:
    """Never checkpoints and never changes the ledger; rows by name. One of an older schema reads as one of this. Raises
    InputError for what is no ledger."""
    version = check(path)
    connection = read_only(path)
    connection.row_factory = sqlite3.Row
    if version == SCHEMA_VERSION and _is_whole(connection):
        return connection
    try:
        with reading(path):
            read_as_current(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_whole(connection: sqlite3.Connection) -> bool:
    try:
        return keeps_texts_once(connection)
    except sqlite3.Error:  # what reads next fails as well, and says so in the words of its caller
        return True
