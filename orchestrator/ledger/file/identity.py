"""Whether a file is a ledger of ours. Only looks: the file stays byte for byte, and nothing is made beside it."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from orchestrator.errors import InputError
from orchestrator.ledger.file.one_name import resolved
from orchestrator.ledger.file.trouble import reading

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION_ID = 0x6D66_6577
"""PRAGMA application_id: "mfew"."""
SCHEMA_VERSION = 2
"""PRAGMA user_version: raised by every change of schema.sql since the last release, together with a step in
steps.py."""

_HEADER_BYTES = 100
"""https://www.sqlite.org/fileformat.html: every database begins with a header of this size."""

_REMEDY = "name a ledger, such as runs/NAME.db"


def check(path: Path) -> int:
    """The ledger's schema version, this one or older. Raises InputError if `path` is missing, no SQLite database,
    another program's, or from a newer manyfew.

    It is SQLite that opens the file, since this process may have a connection to it: if another descriptor of it
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


def is_database(path: Path) -> bool:
    """Whether SQLite takes the file for one of its databases, whoever's it is."""
    try:
        _without_log(path)
    except InputError:
        return False
    return True


def ledger_version(path: Path) -> int | None:
    """The schema version of a ledger; None if none lies, or what is none: saying so is another's task."""
    if not path.is_file() or path.stat().st_size == 0:
        return None
    with suppress(InputError):
        return check(path)
    return None


def refuse_other_sweep(path: Path, name: str) -> None:
    """Raises InputError for a ledger of other sweeps. Only reads; a path without a file passes."""
    if not path.exists() or path.stat().st_size == 0:
        return
    with looked_at(path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sweep ORDER BY id")]
    if names and name not in names:
        message = f"this is the ledger of the sweep {names[0]!r}, not of {name!r}"
        raise InputError(str(path), message, "name another ledger with --db")


def keeps_texts_once(connection: sqlite3.Connection) -> bool:
    """Whether a ledger of this schema is whole: the first that were made of it lack what this takes."""
    return any(row[1] == "text_of" for row in connection.execute("PRAGMA main.table_info(sample)"))


@contextmanager
def looked_at(path: Path) -> Generator[sqlite3.Connection]:
    """For a look at a ledger of whatever schema. A reader of one at rest would leave an empty log beside it. Raises
    InputError."""
    with reading(path), closing(read_only(path) if _has_wal(path) else _at_rest(path)) as connection:
        yield connection


def read_only(path: Path) -> sqlite3.Connection:
    """Of whatever schema it is."""
    return sqlite3.connect(read_only_address(path), uri=True, timeout=10)


def read_only_address(path: Path) -> str:
    """To open or attach it so. SQLite reads beside a log by way of files that it makes there; a ledger at rest in a
    folder that can't be written (a mount, an archive, another user's) is read without them."""
    if _lies_alone(path) and not os.access(resolved(path).parent, os.W_OK):
        return _at_rest_address(path)
    return f"{resolved(path).as_uri()}?mode=ro"


def _at_rest(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(_at_rest_address(path), uri=True)


def _at_rest_address(path: Path) -> str:
    """To what the file itself says, whatever its log does. Nothing is locked, and nothing made beside it."""
    return f"{resolved(path).as_uri()}?mode=ro&immutable=1"


def _without_log(path: Path) -> tuple[int, int]:
    """What the file itself says."""
    _refuse_unreadable(path)
    try:
        with closing(_at_rest(path)) as connection:
            return _identity(connection)
    except sqlite3.Error as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            return _ask_sqlite(path)  # half of it may be in the log, or just on its way from there
    raise _no_database(path)


def _no_database(path: Path) -> InputError:
    """A sweep file is what is given most often in a ledger's place."""
    if path.suffix == ".toml":
        remedy = "name the ledger that `run` wrote: runs/NAME.db, where NAME is the file's `name`"
        return InputError(str(path), "this is a sweep file, not a ledger", remedy)
    return InputError(str(path), "this is not a ledger: it is not a SQLite database", _REMEDY)


def _refuse_unreadable(path: Path) -> None:
    """Nothing but SQLite ever opens a ledger; what kind of file it is can be seen without that."""
    try:
        found = resolved(path).stat()
    except FileNotFoundError:
        raise InputError(str(path), "there is no such file", _REMEDY) from None
    except OSError as error:
        raise _unreadable(path, error.strerror) from None
    if stat.S_ISDIR(found.st_mode):
        raise InputError(str(path), "this is a folder, not a ledger", _REMEDY)
    if not stat.S_ISREG(found.st_mode) or found.st_size < _HEADER_BYTES:
        raise _no_database(path)
    if not os.access(path, os.R_OK):
        raise _unreadable(path, os.strerror(errno.EACCES))


def _unreadable(path: Path, why: str | None) -> InputError:
    return InputError(str(path), f"the file can't be read: {why}", "check its permissions")


def _has_wal(path: Path) -> bool:
    """A killed process can leave even the header in the write-ahead log alone."""
    place = resolved(path)
    wal = place.with_name(place.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0


def _lies_alone(path: Path) -> bool:
    """Whether neither a log nor its index lies beside it, as where no program has it open."""
    place = resolved(path)
    return not any(place.with_name(place.name + end).exists() for end in ("-wal", "-shm"))


def _ask_sqlite(path: Path) -> tuple[int, int]:
    with reading(path), closing(read_only(path)) as connection:
        return _identity(connection)


def _identity(connection: sqlite3.Connection) -> tuple[int, int]:
    (identity,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return identity, version
