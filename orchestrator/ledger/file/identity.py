"""Whether a file is a ledger of ours. Only looks: the file stays byte for byte, and nothing is made beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from orchestrator.errors import InputError
from orchestrator.ledger.file.trouble import reading

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION_ID = 0x6D66_6577
"""PRAGMA application_id: "mfew"."""
SCHEMA_VERSION = 1
"""PRAGMA user_version: raised by every change of schema.sql since the last release, together with a step in
migrate.py."""

# https://www.sqlite.org/fileformat.html, the database header: big-endian, at these offsets.
_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_USER_VERSION = slice(60, 64)
_APPLICATION_ID = slice(68, 72)

_REMEDY = "name a ledger, such as runs/NAME.db"


def check(path: Path) -> int:
    """The ledger's schema version, this one or older. Raises InputError where `path` is missing, no SQLite database,
    another program's, or from a newer manyfew.

    It is SQLite that opens the file, since this process may have a connection to it: where another descriptor of it
    is closed, the system drops all locks that the process has on it
    (https://www.sqlite.org/howtocorrupt.html, 2.2). A program that then opens the ledger and closes it takes itself
    for the last one and removes the log that the connection goes on writing to."""
    identity, version = _without_log(path)
    if (identity != APPLICATION_ID or version < SCHEMA_VERSION) and _has_wal(path):
        identity, version = _ask_sqlite(path)
    if identity != APPLICATION_ID:
        raise InputError(str(path), "this is not a ledger: it is another program's database", _REMEDY)
    if version > SCHEMA_VERSION:
        from orchestrator.installer import upgrade

        message = f"this ledger is of schema {version}, newer than this manyfew, which knows {SCHEMA_VERSION}"
        raise InputError(str(path), message, f"install a newer manyfew: {upgrade()}")
    return version


def ledger_version(path: Path) -> int | None:
    """The schema version of a ledger; None where none lies, or what is none: saying so is another's task."""
    if not path.is_file() or path.stat().st_size == 0:
        return None
    with suppress(InputError):
        return check(path)
    return None


def refuse_other_sweep(path: Path, name: str) -> None:
    """Raises InputError for a ledger of other sweeps. Only reads; a path without a file passes."""
    if not path.exists() or path.stat().st_size == 0:
        return
    with reading(path), closing(read_only(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sweep ORDER BY id")]
    if names and name not in names:
        message = f"this is the ledger of the sweep {names[0]!r}, not of {name!r}"
        raise InputError(str(path), message, "name another ledger with --db")


def read_only(path: Path) -> sqlite3.Connection:
    """Of whatever schema it is."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)


def _without_log(path: Path) -> tuple[int, int]:
    """What the file itself says. `immutable`: nothing is locked, and nothing made beside it."""
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as connection:
            if path.stat().st_size >= _HEADER_BYTES:
                return _identity(connection)
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_CORRUPT:
            return _ask_sqlite(path)  # half of it may be in the log, or just on its way from there
    # Nothing that a connection could have open; the header tells what it is.
    header = _header(path)
    if not header.startswith(_MAGIC) or len(header) < _HEADER_BYTES:
        raise InputError(str(path), "this is not a ledger: it is no SQLite database", _REMEDY)
    return int.from_bytes(header[_APPLICATION_ID], "big"), int.from_bytes(header[_USER_VERSION], "big")


def _header(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEADER_BYTES)
    except FileNotFoundError:
        raise InputError(str(path), "there is no such file", _REMEDY) from None
    except IsADirectoryError:
        raise InputError(str(path), "this is a folder, not a ledger", _REMEDY) from None
    except OSError as error:
        raise InputError(
            str(path), f"the file can't be read: {error.strerror}", "check its permissions"
        ) from None


def _has_wal(path: Path) -> bool:
    """A killed process can leave even the header in the write-ahead log alone."""
    wal = path.with_name(path.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0


def _ask_sqlite(path: Path) -> tuple[int, int]:
    with reading(path), closing(read_only(path)) as connection:
        return _identity(connection)


def _identity(connection: sqlite3.Connection) -> tuple[int, int]:
    (identity,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return identity, version
