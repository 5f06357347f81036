"""Samples that lack a verdict of the wanted verifier, and the verdicts that a ledger already has. Spends nothing."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.ledger.writing.group_commit import GroupCommit, write_quick_verdicts
from orchestrator.ledger.writing.rows import VerdictRow
from verifiers.types import Verdict

PIECE = 1000
MOST_KEPT = 4_000_000
"""Characters of problems that are kept in memory."""
Which = Literal["new", "open", "all"]
"""Samples that no verifier, or another verifier or version, has judged (new); those that no verifier could decide
(open); both, and those of other verifiers (all)."""
_LACKS: Mapping[Which, str] = {
    "new": "verifier IS NOT :verifier",
    "open": "passed IS NULL",
    "all": "(passed IS NULL OR verifier IS NOT :verifier)",
}


def pieces(connection: sqlite3.Connection, verifier: str, which: Which) -> Iterator[list[sqlite3.Row]]:
    """What lacks a verdict of `verifier` ("kind/version"), 1,000 at a time, texts and all. What is found once is not
    found again, whatever verdict it gets meanwhile."""
    # Told by an index alone: going through a million samples for the few that lack one must not read their texts.
    found = connection.execute(f"SELECT id FROM sample WHERE {_LACKS[which]}", {"verifier": verifier})
    ids = array("q", (row[0] for row in found))
    for at in range(0, len(ids), PIECE):
        some = ids[at : at + PIECE]
        yield connection.execute(
            f"SELECT model_id, problem_id, sample_index, {text_sql('sample')} AS text, finish_reason FROM sample "
            f"WHERE id IN ({', '.join(map(str, some))})"
        ).fetchall()


def write(connection: sqlite3.Connection, verdicts: list[VerdictRow], *, is_quick: bool = False) -> None:
    """In one transaction. A quick verifier's verdict is kept apart from its samples' rows only if it says more."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if is_quick:
            write_quick_verdicts(connection, verdicts)
        else:
            GroupCommit(verdicts=verdicts).write(connection)
    except BaseException:
        if connection.in_transaction:  # SQLite ends it itself where the disk fails
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def problem_reader(connection: sqlite3.Connection) -> Callable[[int], Mapping[str, Any]]:
    """Gives a problem's data by its id. The last ones are kept in memory, as many as are small together: samples come
    problem after problem, or a round of all problems after the other."""
    kept: dict[int, tuple[Mapping[str, Any], int]] = {}
    characters = 0

    def read(problem_id: int) -> Mapping[str, Any]:
        nonlocal characters
        if problem_id not in kept:
            (data,) = connection.execute("SELECT data FROM problem WHERE id = ?", (problem_id,)).fetchone()
            while kept and characters + len(data) > MOST_KEPT:
                characters -= kept.pop(next(iter(kept)))[1]
            kept[problem_id] = json.loads(data), len(data)
            characters += len(data)
        return kept[problem_id][0]

    return read


class VerdictReader:
    """The verdicts, right or wrong, that a ledger has of one verifier and version, by problem and text."""

    def __init__(self, path: Path, verifier: str) -> None:
        self._verifier = verifier
        self._connection = open_reader(path)
        self.has_any = bool(
            self._connection.execute(
                "SELECT 1 FROM verdict WHERE verifier = ? LIMIT 1", (verifier,)
            ).fetchone()
        )

    def __call__(self, problem_id: int, text_sha: bytes) -> Verdict | None:
        row = self._connection.execute(
            "SELECT passed, score, answer, reason, evidence FROM verdict "
            "WHERE verifier = ? AND problem_id = ? AND text_sha = ? AND passed IS NOT NULL",
            (self._verifier, problem_id, text_sha),
        ).fetchone()
        if row is None:
            return None
        passed, score, answer, reason, evidence = row
        return Verdict(passed=bool(passed), score=score, answer=answer, reason=reason, evidence=evidence)

    def close(self) -> None:
        self._connection.close()
