"""Opening a ledger file: made anew, or checked to be one of ours, with the pragmas that durability rests on."""

from __future__ import annotations

import sqlite3
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import InputError
from orchestrator.ledger.identity import APPLICATION_ID, SCHEMA_VERSION, check

if TYPE_CHECKING:
    import aiosqlite

# WAL lets others read while a run writes. FULL syncs the WAL at every commit: a reservation is on the disk before
# the request leaves. On macOS only F_FULLFSYNC reaches the platter.
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = 1",
    "PRAGMA checkpoint_fullfsync = 1",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 10000",
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
    """Makes an empty ledger where no file, or an empty one, is. The file appears whole: schema in one transaction."""
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = resources.files("orchestrator.ledger").joinpath("schema.sql").read_text("utf-8")
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{schema}\nPRAGMA application_id = {APPLICATION_ID};\n"
            f"PRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;"
        )
    finally:
        connection.close()


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
    except (OSError, sqlite3.Error) as error:
        raise InputError(
            str(path), f"the ledger can't be opened: {error}", "name a writable local place with --db"
        ) from error


async def open_writer(path: Path) -> aiosqlite.Connection:
    """The writing connection; the caller holds the ledger's lock."""
    import aiosqlite

    connection = await aiosqlite.connect(path, isolation_level=None)
    try:
        for pragma in PRAGMAS:
            await connection.execute(pragma)
    except BaseException:
        await connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection that never checkpoints; rows by name. Raises InputError for what is no ledger."""
    check(path)
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
