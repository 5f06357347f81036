"""A ledger of an older schema becomes one of this manyfew's: a copy of it is put beside it, then every step it lacks is
done in one transaction together with the record of it (PRAGMA user_version). A failure leaves the ledger as it was.

A change of schema.sql after a release raises SCHEMA_VERSION and comes with a step from the version before (steps.py),
and with ledgers that the released program made, in tests/orchestrator/ledger/released/.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.ledger.file.identity import SCHEMA_VERSION, keeps_texts_once, ledger_version, looked_at
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.steps import KEPT_ONCE, STEPS, Step
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.file.whole_file import new_place

_SPARE_BYTES = 16 << 20


def migrate(path: Path, steps: Mapping[int, Step] = STEPS, version: int = SCHEMA_VERSION) -> Path | None:
    """Brings the ledger up to `version`; returns the copy's path, or None if there was nothing to do. The caller
    holds the lock, so that no older manyfew writes meanwhile. Raises InputError."""
    old = ledger_version(path)
    if old is None or old >= version:
        if old == SCHEMA_VERSION:
            _make_whole(path)
        return None
    lacking = [number for number in range(old, version) if number not in steps]
    if lacking:
        message = f"this ledger is of schema {old}, from which nothing leads to {version}"
        raise InputError(str(path), message, "no released manyfew wrote it: name another ledger")
    _refuse_without_room(path, old, version)
    failed = f"this ledger of schema {old} can't be brought to {version}, and is as it was"
    with all_or_nothing(path, failed), closing(open_for_writing(path)) as connection:
        copy = _copied(connection, path, old)
        _step(connection, [steps[number] for number in range(old, version)], old, version)
    sys.stderr.write(f"{path}: brought from schema {old} to {version}; as it was: {copy}\n")
    return copy


def _make_whole(path: Path) -> None:
    """Of this schema, which is of no release yet: what the first ledgers of it lack is added to them."""
    with looked_at(path) as connection:
        if keeps_texts_once(connection):
            return
    failed = "this ledger can't be brought up to date, and is as it was"
    with all_or_nothing(path, failed), closing(open_for_writing(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in KEPT_ONCE:
            connection.execute(statement)
        connection.execute("COMMIT")


def _refuse_without_room(path: Path, old: int, version: int) -> None:
    """For the copy, and for what the steps write."""
    needed = _SPARE_BYTES + sum(
        place.stat().st_size for place in (path, path.with_name(f"{path.name}-wal")) if place.exists()
    )
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise InputError(
            str(path),
            f"this ledger of schema {old} can't be brought to {version}: a copy of it takes {needed >> 20:,} MB of "
            f"disk, and {free >> 20:,} MB are free",
            "free disk space, or move the ledger to another disk; reading commands take it as it is",
        )


def _step(connection: sqlite3.Connection, steps: list[Step], old: int, version: int) -> None:
    # Rows may refer to a table that a step makes anew; what refers to nothing at the end is found below.
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone() != (old,):
        raise sqlite3.OperationalError("another process has changed it meanwhile")
    for step in steps:
        step(connection)
    lost = connection.execute("PRAGMA foreign_key_check").fetchone()
    if lost is not None:
        raise sqlite3.IntegrityError(f"a row of {lost[0]} would refer to none of {lost[2]}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute("COMMIT")  # where this is not reached, closing rolls back


def _copied(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """NAME.schema-1.db beside it, or with a number if an attempt before left one."""
    number = 1
    while True:
        count = "" if number == 1 else f"-{number}"
        target = path.with_name(f"{path.stem}.schema-{version}{count}{path.suffix}")
        if not target.exists():
            break
        number += 1
    with new_place(target, ends=False) as part, closing(sqlite3.connect(part)) as copy:
        connection.backup(copy)
    return target
