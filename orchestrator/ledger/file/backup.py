"""A whole copy of a ledger as it stood at one moment, while a run may be writing.

SQLite's own copying (https://www.sqlite.org/backup.html) reads the pages inside one read transaction: the writer goes
on meanwhile, since in WAL mode readers and the writer don't wait for each other, and the copy is the ledger as it was
when the copying began. The connection is read-only, so that it never checkpoints: that is the writer's alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.ledger.file.identity import check
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.file.whole_file import new_place
from orchestrator.text.command import command

PAGES_A_STEP = 2048
"""8 MB of 4 KB pages: a dozen steps a second and more, so that the count moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A backup made."""

    size_bytes: int
    samples: int
    requests_open: int
    """In flight at that moment: in the copy they are reserved, and its next run would presume them."""


def backup(
    db: Path, target: Path, on_progress: Callable[[int], None] = lambda _: None, *, ends: bool = True
) -> Copied:
    """Copies the ledger to `target`, which must not be there. `on_progress` gets the bytes copied so far; `ends`: as of
    new_place. Raises InputError: what is no ledger, a target that exists or can't be written, a copy that is not
    sound."""
    with closing(open_reader(db)) as source, new_place(target, ends=ends) as part:
        with all_or_nothing(target, "the copy can't be made"):
            _copy(source, part, on_progress)
        return _checked(db, part)


def _copy(source: sqlite3.Connection, part: Path, on_progress: Callable[[int], None]) -> None:
    source.execute("BEGIN")
    (page_bytes,) = source.execute("PRAGMA page_size").fetchone()
    source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # from here on it is one moment
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # new_place syncs the file once it is whole

        def step(_status: int, left: int, total: int) -> None:
            on_progress((total - left) * page_bytes)

        source.backup(copy, pages=PAGES_A_STEP, progress=step, sleep=0)


def _checked(db: Path, part: Path) -> Copied:
    """`immutable`: nothing is made beside the part, not even for a look."""
    remedy = f"look at it with `{command('doctor {}', db)}`"
    check(part)
    try:
        with closing(sqlite3.connect(f"{part.resolve().as_uri()}?immutable=1", uri=True)) as connection:
            (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            (samples,) = connection.execute("SELECT count(*) FROM sample").fetchone()
            (left,) = connection.execute("SELECT count(*) FROM request WHERE state = 'reserved'").fetchone()
    except sqlite3.Error as error:
        raise InputError(str(db), f"the ledger is damaged, no copy is kept: {error}", remedy) from error
    if sound != "ok":
        raise InputError(str(db), f"the ledger is damaged, no copy is kept: {sound}", remedy)
    return Copied(size_bytes=part.stat().st_size, samples=samples, requests_open=left)
