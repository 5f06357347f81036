"""Which texts a ledger holds, by problem and digest, and which of their samples lack a verdict."""

from __future__ import annotations

import sqlite3

from orchestrator.errors import InputError
from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.ledger.reading.samples.text_key import TextKey, text_key
from orchestrator.run.verdicts.parts.lines import VerdictLine
from orchestrator.text.safe import safe

_TABLE = """
CREATE TEMP TABLE held_text (problem_id INTEGER, text_sha BLOB, sample_id INTEGER,
  PRIMARY KEY (problem_id, text_sha, sample_id)) WITHOUT ROWID"""
_LACKING = """
SELECT sample.model_id, sample.sample_index FROM temp.held_text AS held JOIN sample ON sample.id = held.sample_id
WHERE held.problem_id = ? AND held.text_sha = ? AND (sample.passed IS NULL OR sample.verifier IS NOT ?)"""


class HeldTexts:
    """In a temporary table, which takes disk, not memory; a problem's texts are read when it is first named."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._problems: dict[tuple[str, str], int] = {}
        connection.execute(_TABLE)

    def check(self, line: VerdictLine, where: str) -> TextKey:
        """Raises InputError if the ledger holds no such text."""
        problem_id = self._problem(line, where)
        key = problem_id, line.digest
        found = self._connection.execute(
            "SELECT 1 FROM temp.held_text WHERE problem_id = ? AND text_sha = ? LIMIT 1", key
        ).fetchone()
        if found is None:
            raise InputError(
                where,
                f"the ledger holds no text {line.text} of the problem {safe(line.problem, 100)}",
                "import the verdicts into the ledger that the parts were exported from",
            )
        return key

    def lacking(self, key: TextKey, verifier: str) -> list[tuple[int, int]]:
        """(model, index) of the samples of this text without a verdict."""
        return [tuple(row) for row in self._connection.execute(_LACKING, (*key, verifier))]

    def _problem(self, line: VerdictLine, where: str) -> int:
        known = self._problems.get((line.sweep, line.problem))
        if known is not None:
            return known
        found = self._connection.execute(
            "SELECT problem.id FROM problem JOIN sweep ON sweep.id = problem.sweep_id "
            "WHERE sweep.name = ? AND problem.key = ?",
            (line.sweep, line.problem),
        ).fetchone()
        if found is None:
            raise InputError(
                where,
                f"the ledger has no problem {safe(line.problem, 100)} of the sweep {safe(line.sweep, 100)}",
                "import the verdicts into the ledger that the parts were exported from",
            )
        (problem_id,) = found
        rows = self._connection.execute(
            f"SELECT id, {text_sql('sample')}, finish_reason FROM sample WHERE problem_id = ?", (problem_id,)
        )
        self._connection.executemany(
            "INSERT OR IGNORE INTO temp.held_text (problem_id, text_sha, sample_id) VALUES (?, ?, ?)",
            ((*text_key(problem_id, text, ending), sample_id) for sample_id, text, ending in rows),
        )
        self._problems[line.sweep, line.problem] = problem_id
        return problem_id
