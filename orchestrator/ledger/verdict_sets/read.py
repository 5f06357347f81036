"""The sets of verdicts that a ledger has, and where each one's verdicts lie."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.ledger.file.steps import FOUND_SET
from orchestrator.text.command import command
from orchestrator.text.safe import safe

IMPORTED = "imported"
"""The kind, and the name, of verdicts that came with imported samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictSet:
    """A set as the ledger keeps it."""

    set_id: int
    name: str
    kind: str
    version: str
    options: Mapping[str, Any]
    current: bool

    @property
    def verifier(self) -> str:
        """kind/version, as its verdicts say it."""
        return f"{self.kind}/{self.version}" if self.version else self.kind

    @property
    def passed_sql(self) -> str:
        """Its verdict on a row of `sample`, as an expression."""
        if self.current:
            return "sample.passed"
        return f"(SELECT v.passed FROM set_verdict AS v WHERE v.set_id = {self.set_id} AND v.sample_id = sample.id)"


def read_sets(connection: sqlite3.Connection) -> list[VerdictSet]:
    """In the order they were made. Of a ledger that is older than sets, the one that its verdicts are."""
    columns = "id, name, kind, version, options, current"
    rows = connection.execute(f"SELECT {columns} FROM verdict_set ORDER BY id").fetchall()
    if not rows:
        rows = connection.execute(
            f"SELECT 0 AS id, name, kind, version, options, 1 AS current FROM ({FOUND_SET})"
        )
    return [
        VerdictSet(
            set_id=row[0],
            name=row[1],
            kind=row[2],
            version=row[3],
            options=json.loads(row[4]),
            current=bool(row[5]),
        )
        for row in rows
    ]


def current_set(connection: sqlite3.Connection) -> VerdictSet | None:
    """None: the ledger has no verdicts."""
    return next((one for one in read_sets(connection) if one.current), None)


def named_set(connection: sqlite3.Connection, path: Path, name: str, *, where: str) -> VerdictSet:
    """Raises InputError where the ledger has no such set."""
    there = read_sets(connection)
    for one in there:
        if one.name == name:
            return one
    known = ", ".join(repr(safe(one.name, 60)) for one in there) or "none"
    raise InputError(
        where,
        f"{path} has no set of verdicts {safe(name, 60)!r}; it has: {known}",
        f"see {command('verdicts {}', path)}",
    )


def steering_sets(connection: sqlite3.Connection, model_id: int) -> set[int]:
    """The sets that stopped or chose a model's draws; empty where none did, or nobody wrote it down."""
    rows = connection.execute("SELECT set_id FROM steering WHERE model_id = ?", (model_id,))
    return {row[0] for row in rows}
