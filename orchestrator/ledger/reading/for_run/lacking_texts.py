"""The distinct texts that lack a verdict in a set, by problem, from a ledger that isn't changed."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.ledger.reading.for_run.unjudged import PIECE, VerdictReader
from orchestrator.ledger.reading.samples.text_key import text_key, wrong_by_ending
from orchestrator.ledger.verdict_sets.change import WantedSet, refuse_other_options
from orchestrator.ledger.verdict_sets.read import read_sets

_IN_ROW = "SELECT problem_id, id FROM sample WHERE passed IS NULL OR verifier IS NOT :verifier"
_IN_SET = """
SELECT problem_id, id FROM sample WHERE NOT EXISTS (SELECT 1 FROM set_verdict AS v WHERE v.set_id = :set
  AND v.sample_id = sample.id AND v.passed IS NOT NULL AND v.verifier = :verifier)"""


class LackingTexts:
    """`count` texts; `read` gives some of them. The connection is in one read transaction meanwhile."""

    def __init__(
        self, connection: sqlite3.Connection, known: VerdictReader, wanted: WantedSet, *, judges_all: bool
    ) -> None:
        """`judges_all`: texts that are wrong by how they ended are wanted too. Raises InputError if the set's name
        is taken."""
        self._connection = connection
        self._ids = array("q")
        for problem_id, rows in groupby(self._without_verdict(wanted), key=itemgetter(0)):
            self._add(known, problem_id, [row[1] for row in rows], judges_all=judges_all)

    @property
    def count(self) -> int:
        return len(self._ids)

    def read(self, start: int, end: int) -> Iterator[sqlite3.Row]:
        """problem_id, text and finish_reason of the texts from `start` to before `end`, those of a problem together."""
        for at in range(start, end, PIECE):
            yield from self._rows(self._ids[at : min(at + PIECE, end)])

    def _without_verdict(self, wanted: WantedSet) -> Iterator[sqlite3.Row]:
        found = next((one for one in read_sets(self._connection) if one.name == wanted.name), None)
        query, values = "SELECT problem_id, id FROM sample", dict[str, object]()
        if found is not None:
            refuse_other_options(found, wanted)
        if found is not None and found.version == wanted.version:
            query = _IN_ROW if found.current else _IN_SET
            values = {"verifier": wanted.verifier, "set": found.set_id}
        yield from self._connection.execute(f"{query} ORDER BY problem_id, id", values)

    def _add(self, known: VerdictReader, problem_id: int, ids: list[int], *, judges_all: bool) -> None:
        seen: set[bytes] = set()
        for at in range(0, len(ids), PIECE):
            for row in self._rows(ids[at : at + PIECE]):
                if not judges_all and wrong_by_ending(row["text"], row["finish_reason"]) is not None:
                    continue
                _, digest = text_key(problem_id, row["text"], row["finish_reason"])
                if digest in seen:
                    continue
                seen.add(digest)
                if known.has_any and known(problem_id, digest) is not None:
                    continue
                self._ids.append(row["id"])

    def _rows(self, ids: array[int] | list[int]) -> list[sqlite3.Row]:
        return self._connection.execute(
            f"SELECT id, problem_id, {text_sql('sample')} AS text, finish_reason FROM sample "
            f"WHERE id IN ({', '.join(map(str, ids))}) ORDER BY problem_id, id"
        ).fetchall()
