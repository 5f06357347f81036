"""The sweep that a ledger's last run asked: its file as read, its problems, and what its budget has borne."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import InputError
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.writing.held_money import held_pico

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSweep:
    """`problems`: keys, in the order that they are asked. `held_pico`: settled, presumed and reserved."""

    name: str
    text: str
    problems: tuple[str, ...]
    held_pico: int


def last_sweep(db: Path) -> LastSweep:
    """Raises InputError for what is no ledger, and for one that no run made."""
    with reading(db), closing(open_reader(db)) as connection:
        return _read(connection, db)


def _read(connection: sqlite3.Connection, db: Path) -> LastSweep:
    connection.execute("BEGIN")  # one moment of the ledger for all queries
    row = connection.execute(
        "SELECT sweep.id, sweep.name, sweep_file.text FROM run JOIN sweep_file ON sweep_file.id = run.sweep_file_id "
        "JOIN sweep ON sweep.id = sweep_file.sweep_id ORDER BY run.id DESC LIMIT 1"
    ).fetchone()
    if row is None:
        raise InputError(
            str(db), "no run made this ledger, so it has no sweep file", "write the sweep file by hand"
        )
    problems = connection.execute(
        "SELECT key FROM problem WHERE sweep_id = ? AND ordinal IS NOT NULL ORDER BY ordinal", (row["id"],)
    )
    return LastSweep(
        name=row["name"],
        text=row["text"],
        problems=tuple(r["key"] for r in problems),
        held_pico=held_pico(connection),
    )
