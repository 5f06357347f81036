"""Printed results into a ledger and out of it: coverages that came without their samples."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import InputError
from orchestrator.interrupts import interrupts
from orchestrator.ledger.file.create import made_anew, make_or_check, refuse_foreign
from orchestrator.ledger.file.lock import WriterLock, acquire
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import all_or_nothing, reading
from orchestrator.ledger.importing.printed_results_file import Printed, read_aggregate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ADD = (
    "INSERT INTO aggregate (sweep, model, k, coverage, attempt_pico, problems, file, imported_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)

IMPORT_FAILED = "the import could not be written, and nothing was imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Coverage of `k` attempts a problem, as printed; `attempt_pico`: pico-dollars of one."""

    k: int
    coverage: float
    attempt_pico: int
    problems: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedModel:
    """One model of one table, its points by rising k."""

    sweep: str
    alias: str
    file: str
    points: tuple[Point, ...]


def import_aggregate(file: Path, db: Path) -> list[Printed]:
    """Every row of `file` into the ledger at `db`, which is made if there is none, or none of them. Gives the rows;
    raises InputError."""
    refuse_foreign(db)
    rows = read_aggregate(file)
    _refuse_twice(file, rows)
    with acquire(db) as lock, all_or_nothing(db, IMPORT_FAILED):
        is_new = not db.exists() or db.stat().st_size == 0
        with made_anew(db) if is_new else nullcontext():
            make_or_check(db)
            _write(file, lock, rows)
    return rows


def _write(file: Path, lock: WriterLock, rows: list[Printed]) -> None:
    with closing(open_for_writing(lock.path)) as connection:
        connection.execute("BEGIN IMMEDIATE")  # closing without a commit rolls back
        lock.claim(connection)
        for row in rows:
            _add(connection, file, lock.path, row)
        interrupts.finishing()
        connection.execute("COMMIT")


def _refuse_twice(file: Path, rows: list[Printed]) -> None:
    seen: dict[tuple[str | None, str, int], int] = {}
    for row in rows:
        earlier = seen.setdefault((row.sweep, row.model, row.k), row.line)
        if earlier != row.line:
            message = f"{row.model!r} at k = {row.k:,} is in line {earlier} already"
            raise InputError(f"{file}:{row.line}", message, "one row for a model and k")


def _add(connection: sqlite3.Connection, file: Path, db: Path, row: Printed) -> None:
    values = (row.sweep or file.stem, row.model, row.k, row.coverage, row.attempt_pico, row.problems)
    try:
        connection.execute(_ADD, (*values, file.name, time.time()))
    except sqlite3.IntegrityError:
        message = f"{db} has {row.model!r} at k = {row.k:,} of {values[0]!r} already"
        raise InputError(
            f"{file}:{row.line}", message, "nothing was imported; leave it out, or state a sweep"
        ) from None


def read_printed(paths: Iterable[Path]) -> list[PrintedModel]:
    """The printed models of one or more ledgers, in the order they came. Raises InputError for what is no ledger."""
    distinct = {path.resolve(): path for path in paths}.values()
    return [model for path in distinct for model in _read(path)]


def _read(path: Path) -> list[PrintedModel]:
    with reading(path), closing(open_reader(path)) as connection:
        rows = connection.execute("SELECT * FROM aggregate ORDER BY id").fetchall()
    names = list(dict.fromkeys((row["sweep"], row["model"], row["file"]) for row in rows))
    return [
        PrintedModel(
            sweep=sweep,
            alias=alias,
            file=file,
            points=tuple(
                Point(
                    k=r["k"], coverage=r["coverage"], attempt_pico=r["attempt_pico"], problems=r["problems"]
                )
                for r in sorted(rows, key=lambda row: row["k"])
                if (r["sweep"], r["model"], r["file"]) == (sweep, alias, file)
            ),
        )
        for sweep, alias, file in names
    ]
