"""Opening a ledger file: made anew, or checked to be one of ours, with the pragmas that durability rests on."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import InputError
from orchestrator.interrupts import interrupts
from orchestrator.ledger.file.folder import make_folder, sync_folder
from orchestrator.ledger.file.identity import APPLICATION_ID, SCHEMA_VERSION, check
from orchestrator.ledger.file.trouble import trouble

if TYPE_CHECKING:
    from orchestrator.ledger.writing.connection import LedgerConnection

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

NETWORK_FILE_SYSTEMS = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb",
        "smb3",
        "smbfs",
        "afs",
        "lustre",
        "gpfs",
        "beegfs",
        "glusterfs",
        "ceph",
        "9p",
        "fuse.sshfs",
        "fuse.s3fs",
        "fuse.gcsfuse",
    ]
)


def create(path: Path) -> None:
    """Makes an empty ledger where no file, or an empty one, is. It is made beside its place and moved there when it
    is whole and synced, so that a crash leaves no ledger or a good one. The caller holds the ledger's lock."""
    path = path.resolve()
    make_folder(path.parent)
    new = path.with_name(f"{path.name}-new")
    _remove(new)  # left by a process that was killed
    try:
        _fill(new)
        # A log beside a file that is gone would be taken for the new one's. SQLite drops it in the same way.
        remove_logs(path)
        new.replace(path)
        sync_folder(path.parent)
    finally:
        _remove(new)


@contextlib.contextmanager
def made_anew(path: Path) -> Generator[None]:
    """Around all that makes a ledger where there is none: broken off, none is there."""

    def undo() -> None:
        path.unlink(missing_ok=True)
        remove_logs(path)

    try:
        with interrupts.undone(undo):
            yield
    except BaseException:
        undo()
        raise


def _fill(path: Path) -> None:
    schema = resources.files("orchestrator.ledger.file").joinpath("schema.sql").read_text("utf-8")
    connection = open_for_writing(path)
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{schema}\nPRAGMA application_id = {APPLICATION_ID};\n"
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
    refuse_network_file_system(path)
    if path.exists() and path.stat().st_size > 0:
        check(path)


def prepare(path: Path) -> None:
    """Makes the ledger where there is none, else checks that it is one. Raises InputError."""
    try:
        if not path.exists() or path.stat().st_size == 0:
            create(path)
        else:
            check(path)
    except OSError as error:
        raise InputError(
            str(path), f"the ledger can't be made: {error}", "name a writable local place with --db"
        ) from error
    except sqlite3.Error as error:
        what, remedy = trouble(error, path)
        raise InputError(str(path), f"the ledger can't be made: {what}", remedy) from error


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


async def open_writer(path: Path) -> LedgerConnection:
    """The writing connection of a run; the caller holds the ledger's lock. Raises sqlite3.Error."""
    from orchestrator.ledger.writing.connection import LedgerConnection

    connection = LedgerConnection(path)
    await connection
    try:
        for pragma in PRAGMAS:
            await connection.execute(pragma)
    except BaseException:
        await connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection that never checkpoints; rows by name. A ledger of an older schema is brought up to this
    one first. Raises InputError for what is no ledger."""
    if check(path) < SCHEMA_VERSION:
        from orchestrator.ledger.file.lock import acquire

        acquire(path).release()
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
    connection.row_factory = sqlite3.Row
    return connection


def refuse_network_file_system(path: Path) -> None:
    """WAL needs shared memory between processes, which network file systems do not give."""
    kind = _file_system(path)
    if kind in NETWORK_FILE_SYSTEMS:
        raise InputError(
            str(path),
            f"the ledger can't lie on a network file system ({kind})",
            f"name a local place, such as --db {Path.home() / path.name}",
        )


def _file_system(path: Path) -> str | None:
    """The type of the mount that holds `path`, where the system tells (Linux's /proc/mounts)."""
    try:
        mounts = Path("/proc/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    place, best, kind = str(path.resolve()), "", None
    for line in mounts:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        inside = point == "/" or place == point or place.startswith(point + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind
