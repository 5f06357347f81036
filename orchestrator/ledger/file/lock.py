"""One writer a ledger: a lock file beside its own place, which dies with the process that holds it, and a row in the
ledger itself, since lock files get deleted by people who tidy up."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from orchestrator.errors import InputError
from orchestrator.interrupts import interrupts
from orchestrator.ledger.file.folder import make_folder
from orchestrator.ledger.file.migrate import migrate
from orchestrator.ledger.file.one_name import file_of, refuse_other_names, resolved
from orchestrator.ledger.file.writers import add_writer, living_writer, remove_writer, writer_of

_REMEDY = "wait for it to end, or stop it"
_WAITS_S = 1.5
"""Who looks at a ledger holds the lock for an instant; a run holds it for hours."""


class WriterLock:
    """This process may write the ledger at `path`. Whoever writes takes one, and claims the ledger in the transaction
    that begins the work. Use as a context manager, or release it."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        self.path = path
        self._lock = lock
        self._row: int | None = None
        self._file: str | None = None
        self._undone = interrupts.undone(self._remove_unused)

    def claim(self, connection: sqlite3.Connection, *, schema: str = "main") -> None:
        """Names this process in the ledger as the one that writes it; the caller has begun a transaction with BEGIN
        IMMEDIATE, and commits it. Raises InputError that names another living process."""
        other = living_writer(connection, self.path, schema=schema, but=self._row)
        if other is not None:
            raise _taken(self.path, other, without_lock=True)
        self._row = add_writer(connection, self.path, schema=schema)
        self._file = file_of(self.path)

    def release(self) -> None:
        """The row goes, then the lock. Where the row can't go it stays as a dead process's would."""
        try:
            with suppress(sqlite3.Error, OSError):
                if self._row is not None and file_of(self.path) == self._file:
                    remove_writer(self.path, self._row)
        finally:
            self._remove_unused()
            self._lock.release()

    def _remove_unused(self) -> None:
        """A ledger that was not made after all leaves no lock file either. It goes while it is still held."""
        with suppress(OSError):
            if self._lock.is_locked and not self.path.exists():
                lock_path(self.path).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self._undone.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._undone.__exit__(None, None, None)
        self.release()


def acquire(db: Path) -> WriterLock:
    """Holds the ledger for this process, and brings it up to this schema if it is of an older one. Raises
    InputError: another process holds it, it has several names, no lock can be made."""
    refuse_other_names(db)
    lock = FileLock(lock_path(db))
    try:
        make_folder(lock_path(db).parent)
        lock.acquire(timeout=_WAITS_S, poll_interval=0.05)
    except Timeout:
        raise _taken(db, holder(db), without_lock=False) from None
    except OSError as error:
        remedy = (
            "copy it to a folder that can be written"
            if db.exists()
            else "name a writable local place with --db"
        )
        raise InputError(
            str(db), f"the ledger's lock can't be made: {error.strerror or error}", remedy
        ) from error
    try:
        other = writer_of(db)
        if other is not None:
            raise _taken(db, other, without_lock=True)
        migrate(db)
    except BaseException:
        lock.release()
        raise
    return WriterLock(db, lock)


def lock_path(db: Path) -> Path:
    """Beside the ledger's own place, so that it is the same one by every symbolic link."""
    place = resolved(db)
    return (
        place.parent / f"{place.name}.lock"
    )  # of `/` there is no with_name: that it is no ledger is told later


def is_held(db: Path) -> bool:
    """Whether a living process holds the ledger."""
    return writer_of(db) is not None or _is_locked(lock_path(db))


def holder(db: Path) -> str:
    """The process that holds the ledger, as it named itself there."""
    return writer_of(db) or "unknown process"


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def _taken(db: Path, who: str, *, without_lock: bool) -> InputError:
    free = (
        f"; {lock_path(db).name} was removed, or it uses another name of the ledger" if without_lock else ""
    )
    return InputError(str(db), f"another process writes this ledger: {who}{free}", _REMEDY)
