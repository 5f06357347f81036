"""One writer a ledger: a lock file beside it that dies with the process that holds it.

Lock files get deleted by people who tidy up, while a run goes on. So the process that a ledger names as its writer is
also looked for where the system tells which files a process has open (Linux)."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from filelock import FileLock, Timeout

from orchestrator.errors import InputError
from orchestrator.ledger.file.folder import make_folder
from orchestrator.ledger.file.identity import ledger_version, read_only
from orchestrator.ledger.file.migrate import migrate


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
        _refuse_a_writer_without_lock(db)
        migrate(db)
    except BaseException:
        lock.release()
        raise
    return lock


def _refuse_a_writer_without_lock(db: Path) -> None:
    if _is_written(db):
        raise InputError(
            str(db),
            f"another process writes this ledger: {holder(db)}; its lock {lock_path(db).name} was removed",
            "wait for it to end, or stop it",
        )


def is_held(db: Path) -> bool:
    """Whether a living process holds the ledger."""
    if not lock_path(db).exists():
        return _is_written(db)
    lock = FileLock(lock_path(db))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return _is_written(db)


def holder(db: Path) -> str:
    """The process that holds the lock, as its run recorded itself."""
    row = _last_writer(db)
    if row is None:
        return "it has not said which"
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row[2]))
    return f"process {row[0]} on {row[1]}, since {since}"


def _last_writer(db: Path) -> tuple[int, str, float] | None:
    """(pid, host, since) of the run that has not said that it ended."""
    try:
        with closing(read_only(db)) as connection:
            return connection.execute(
                "SELECT pid, host, started_at FROM run WHERE ended_at IS NULL ORDER BY id DESC LIMIT 1"
            ).fetchone()
    except sqlite3.Error:
        return None


def _is_written(db: Path) -> bool:
    """Whether the run that has not said that it ended lives, and has the ledger open. False where nobody can tell."""
    if ledger_version(db) is None or (row := _last_writer(db)) is None:
        return False
    pid, host, _ = row
    if host != platform.node() or pid == os.getpid():
        return False
    mine = db.stat()
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it is gone, another user's, or the system tells nothing
        return False
    return any(_is_file(descriptor, mine) for descriptor in descriptors)


def _is_file(path: Path, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), file)
    except OSError:
        return False
