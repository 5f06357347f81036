"""Makes a ledger if there is none, whole or not at all; what is there already is checked to be one of ours."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.interrupts import interrupts
from orchestrator.ledger.file.file_system import refuse_unfit_place
from orchestrator.ledger.file.folder import make_folder, sync_folder
from orchestrator.ledger.file.identity import APPLICATION_ID, SCHEMA_VERSION, check
from orchestrator.ledger.file.older_schema import schema_sql
from orchestrator.ledger.file.one_name import refuse_other_names, resolved
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.trouble import all_or_nothing


def create(path: Path, fill: Callable[[Path], None] | None = None) -> None:
    """Makes an empty ledger if no file, or an empty one, is. It is made beside its place and moved there when it
    is whole and synced, so that a crash leaves no ledger or a good one. `fill` writes to it before; it needs no log
    for that. The caller holds the ledger's lock."""
    path = resolved(path)
    make_folder(path.parent)
    new = path.with_name(f"{path.name}-new")
    _remove(new)  # left by a process that was killed
    try:
        _fill(new)
        if fill is not None:
            fill(new)
            open_for_writing(new).close()  # with a log from now on
        # A log beside a file that is gone would be taken for the new one's. SQLite drops it in the same way.
        remove_logs(path)
        new.replace(path)
        sync_folder(path.parent)
    finally:
        _remove(new)


@contextlib.contextmanager
def made_anew(path: Path) -> Generator[None]:
    """Around all that makes a ledger if there is none: broken off, none is there."""

    place = resolved(path)

    def undo() -> None:
        place.unlink(missing_ok=True)
        remove_logs(place)

    try:
        with interrupts.undone(undo):
            yield
    except BaseException:
        undo()
        raise


def _fill(path: Path) -> None:
    connection = open_for_writing(path)
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{schema_sql()}\nPRAGMA application_id = {APPLICATION_ID};\n"
            f"PRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;"
        )
        # What the file lacks as long as it is in the log alone would be lost by the move.
        (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise sqlite3.OperationalError("another program reads the new file")
    finally:
        connection.close()


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    remove_logs(path)


def remove_logs(path: Path) -> None:
    """What SQLite keeps beside a database that is not there, or is not to be."""
    for suffix in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def refuse_foreign(path: Path) -> None:
    """Raises InputError for a file that is no ledger, before anything is put beside it."""
    refuse_unfit_place(path)
    refuse_other_names(path)
    if path.exists() and path.stat().st_size > 0:
        check(path)


def make_or_check(path: Path) -> None:
    """Makes the ledger if there is none, otherwise checks that it is one. Raises InputError."""
    try:
        with all_or_nothing(path, "the ledger can't be made"):
            if not path.exists() or path.stat().st_size == 0:
                create(path)
            else:
                check(path)
    except OSError as error:
        raise InputError(
            str(path),
            f"the ledger can't be made: {error.strerror or error}",
            "name a writable local place with --db",
        ) from error
