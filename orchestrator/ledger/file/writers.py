"""The row by which a process that writes a ledger is known to others, whatever name of the ledger they use and
whatever became of its lock file. A process that was killed leaves its row; the next writer finds it dead."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from orchestrator.ledger.file.identity import ledger_version, read_only
from orchestrator.ledger.file.one_name import file_of
from orchestrator.ledger.file.process import Process, lives, this_process

SCHEMA_WITH_WRITERS = 2


def add_writer(connection: sqlite3.Connection, path: Path, *, schema: str = "main") -> int:
    """The row of this process; those of processes that are gone are deleted. Inside a transaction."""
    me = this_process()
    connection.execute(f"DELETE FROM {schema}.writer")
    made = connection.execute(
        f"INSERT INTO {schema}.writer (pid, started, boot, host, file, since) VALUES (?, ?, ?, ?, ?, ?)",
        (me.pid, me.started, me.boot, me.host, file_of(path), time.time()),
    ).lastrowid
    assert made is not None
    return made


def remove_writer(path: Path, row: int) -> None:
    """Deletes the row again. Raises sqlite3.Error."""
    me = this_process()
    with closing(sqlite3.connect(path, isolation_level=None, timeout=1)) as connection:
        connection.execute(
            "DELETE FROM writer WHERE id = ? AND pid = ? AND started IS ?", (row, me.pid, me.started)
        )


def living_writer(
    connection: sqlite3.Connection, path: Path, *, schema: str = "main", but: int | None = None
) -> str | None:
    """The living process that a row other than `but` names, in words. Raises sqlite3.Error."""
    rows = connection.execute(
        f"SELECT pid, started, boot, host, since FROM {schema}.writer WHERE file = ? AND id IS NOT ? ORDER BY id DESC",
        (file_of(path), but),
    ).fetchall()
    for pid, started, boot, host, since in rows:
        if lives(Process(pid, started, boot, host)):
            return _words(pid, host, since)
    return None


def writer_of(path: Path) -> str | None:
    """The living process that writes the ledger, in words, as far as the ledger says; None if it names none."""
    version = ledger_version(path)
    if version is None:
        return None
    with suppress(sqlite3.Error, OSError), closing(read_only(path)) as connection:
        if version >= SCHEMA_WITH_WRITERS:
            return living_writer(connection, path)
        return _writer_of_0_1(connection, path)
    return None


def _writer_of_0_1(connection: sqlite3.Connection, path: Path) -> str | None:
    """Before schema 2 only runs named their process, and nothing showed whether its number had been given to another
    since: the process's open files are looked up where the system allows it (Linux)."""
    for folder in Path("/proc").glob("[0-9]*/fd"):
        pid = int(folder.parent.name)
        if pid != os.getpid() and _has_open_with_lock(folder, path):
            row = connection.execute(
                "SELECT host, started_at FROM run WHERE pid = ? AND ended_at IS NULL", (pid,)
            )
            found = row.fetchone()
            return f"process {pid}" if found is None else _words(pid, *found)
    return None


def _has_open_with_lock(folder: Path, path: Path) -> bool:
    """Whether a process has open the ledger and some lock file, as none has that only reads."""
    file, has_ledger, has_lock = path.stat(), False, False
    try:
        for descriptor in folder.iterdir():
            with suppress(OSError):
                target = str(descriptor.readlink()).removesuffix(" (deleted)")
                has_lock = has_lock or target.endswith(".lock")
                has_ledger = has_ledger or os.path.samestat(descriptor.stat(), file)
    except OSError:  # it is gone, another user's, or the system tells nothing
        return False
    return has_ledger and has_lock


def _words(pid: int, host: str, since: float) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(since))
    return f"process {pid} on {host}, since {when}"
