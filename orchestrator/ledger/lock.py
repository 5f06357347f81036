"""One writer a ledger: a lock file beside it that dies with the process that holds it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from filelock import FileLock, Timeout

from orchestrator.errors import InputError
from orchestrator.ledger.folder import make_folder
from orchestrator.ledger.identity import read_only
from orchestrator.ledger.migrate import migrate


def lock_path(db: Path) -> Path:
    return db.parent / f"{db.name}.lock"  # of `.` there is no with_name: that it is no ledger is told later


def acquire(db: Path) -> FileLock:
    """Holds the ledger for this process, and brings it up to this schema where it is of an older one. Raises
    InputError that names the process which holds it."""
    lock = FileLock(lock_path(db))
    try:
        make_folder(db.parent)
        # A reader of `status` holds the lock for an instant; a run holds it for hours.
        lock.acquire(timeout=1.5, poll_interval=0.05)
    except Timeout:
        raise InputError(
            str(db), f"another process writes this ledger: {holder(db)}", "wait for it to end, or stop it"
        ) from None
    except OSError as error:
        raise InputError(
            str(db), f"the ledger's lock can't be made: {error}", "name a writable local place with --db"
        ) from error
    try:
        migrate(db)
    except BaseException:
        lock.release()
        raise
    return lock


def is_held(db: Path) -> bool:
    """Whether a living process holds the ledger."""
    if not lock_path(db).exists():
        return False
    lock = FileLock(lock_path(db))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def holder(db: Path) -> str:
    """The process that holds the lock, as its run recorded itself."""
    try:
        with closing(read_only(db)) as connection:
            row = connection.execute(
                "SELECT pid, host, started_at FROM run WHERE ended_at IS NULL ORDER BY id DESC LIMIT 1"
            ).fetchone()
    except sqlite3.Error:
        row = None
    if row is None:
        return "it has not said which"
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row[2]))
    return f"process {row[0]} on {row[1]}, since {since}"
