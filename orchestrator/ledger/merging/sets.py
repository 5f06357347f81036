"""The sets of verdicts of ledgers to merge: the same verifier's are one set, and the current ones must be."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

from orchestrator.errors import InputError
from orchestrator.ledger.file.steps import FOUND_SET
from orchestrator.ledger.merging.source import MergeSource
from orchestrator.text.command import command
from orchestrator.text.safe import safe

_THERE = "SELECT id, name, kind, version, options, current FROM {0}verdict_set ORDER BY id"
# Of a ledger that is older than sets.
_FOUND = FOUND_SET.replace("FROM sample", "FROM src_sample").replace("FROM sweep", "FROM src_sweep")
_FOUND_THERE = f"SELECT 0, name, kind, version, options, 1 FROM ({_FOUND})"


def add_sets(connection: sqlite3.Connection, source: MergeSource) -> None:
    """The sets of the ledger attached as `src` become sets here. Raises InputError where its current one is another
    than that of the ledgers before."""
    here = {_same(row): row for row in connection.execute(_THERE.format("main.")).fetchall()}
    current = next((row for row in here.values() if row[5]), None)
    for row in _there(connection):
        if row[5] and current is not None and _same(row) != _same(current):
            raise InputError(
                f"{source.path}: verdicts",
                f"its current set of verdicts is {_words(row)}, and that of the ledgers before is {_words(current)}",
                f"make them alike: {command('verify {} --verifier KIND', source.path)}, or "
                + command("verdicts {} --use NAME", source.path),
            )
        if _same(row) in here:
            continue
        connection.execute(
            "INSERT INTO main.verdict_set (name, kind, version, options, current, made_at) VALUES (?, ?, ?, ?, ?, ?)",
            (_free(connection, row[1]), *row[2:], time.time()),
        )
        here = {_same(one): one for one in connection.execute(_THERE.format("main.")).fetchall()}
        current = next((one for one in here.values() if one[5]), None)


def map_sets(connection: sqlite3.Connection) -> None:
    """Fills temp.set_of for the ledger attached as `src`."""
    here = {_same(row): row[0] for row in connection.execute(_THERE.format("main.")).fetchall()}
    connection.execute("DELETE FROM temp.set_of")
    connection.executemany(
        "INSERT INTO temp.set_of VALUES (?, ?)",
        [(row[0], here[_same(row)]) for row in _there(connection)],
    )


def _there(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(_THERE.format("src_")).fetchall() or connection.execute(_FOUND_THERE).fetchall()


def _same(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Equal for sets whose verdicts are one verifier's."""
    return (row[2], row[3], json.dumps(json.loads(row[4]), sort_keys=True))


def _words(row: tuple[Any, ...]) -> str:
    return f"{safe(row[1], 60)!r} ({safe(row[2], 40)} {safe(row[3], 60)})"


def _free(connection: sqlite3.Connection, name: str) -> str:
    taken = {row[0] for row in connection.execute("SELECT name FROM main.verdict_set")}
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}~{number}"
    return free
