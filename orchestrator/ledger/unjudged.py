"""Samples that lack a verdict of the wanted verifier, read in pieces and judged. Spends nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestrator.ledger.rows import VerdictRow

PIECE = 1000

INSERT_VERDICT = """
INSERT OR REPLACE INTO verdict (verifier, problem_id, text_sha, passed, score, answer, reason)
VALUES (?, ?, ?, ?, ?, ?, ?)"""
UPDATE_VERDICT = "UPDATE sample SET passed = ?, score = ?, answer = ?, verifier = ? WHERE id = ?"


def pieces(connection: sqlite3.Connection, verifier: str | None) -> Iterator[list[sqlite3.Row]]:
    """Samples without a verdict (verifier None), or without one of `verifier` ("kind/version"), 1,000 at a time."""
    lacks = "verifier IS NULL" if verifier is None else "(verifier IS NULL OR verifier != ?)"
    last = 0
    while True:
        rows = connection.execute(
            f"SELECT id, model_id, problem_id, sample_index, text, finish_reason FROM sample "
            f"WHERE id > ? AND {lacks} ORDER BY id LIMIT {PIECE}",
            (last,) if verifier is None else (last, verifier),
        ).fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def write(connection: sqlite3.Connection, ids: list[int], verdicts: list[VerdictRow]) -> None:
    """One piece's verdicts, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(
            INSERT_VERDICT,
            [(v.verifier, v.problem_id, v.text_sha, v.passed, v.score, v.answer, v.reason) for v in verdicts],
        )
        connection.executemany(
            UPDATE_VERDICT,
            [(v.passed, v.score, v.answer, v.verifier, i) for i, v in zip(ids, verdicts, strict=True)],
        )
    except BaseException:
        if connection.in_transaction:  # SQLite ends it itself where the disk fails
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def problem_reader(connection: sqlite3.Connection) -> Callable[[int], Mapping[str, Any]]:
    """Gives a problem's data by its id, the last one kept in memory."""
    last: dict[int, Mapping[str, Any]] = {}

    def read(problem_id: int) -> Mapping[str, Any]:
        if problem_id not in last:
            last.clear()
            (data,) = connection.execute("SELECT data FROM problem WHERE id = ?", (problem_id,)).fetchone()
            last[problem_id] = json.loads(data)
        return last[problem_id]

    return read
