"""A writing connection to a ledger, with the pragmas that durability rests on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

# WAL lets others read while a run writes. FULL syncs the WAL at every commit: a reservation is on the disk before
# the request leaves. On macOS only F_FULLFSYNC reaches the platter.
PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = 1",
    "PRAGMA checkpoint_fullfsync = 1",
    "PRAGMA foreign_keys = ON",
)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection as durable as a run's; the caller holds the ledger's lock. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in PRAGMAS:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection
