"""Samples are numbered without gaps once all of a problem's are in: what is missing below them is asked for no more,
since fewer samples are wanted now or the problem is solved, so those above move down in their order."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.reader import open_reader

# Imported samples keep the number that their file gives them.
_GAPS = """
SELECT problem_id FROM sample WHERE model_id = ? GROUP BY problem_id
HAVING max(sample_index) >= count(*)
  AND NOT EXISTS (SELECT 1 FROM sample AS s WHERE s.model_id = sample.model_id AND s.problem_id = sample.problem_id
    AND s.request_id IS NULL)"""
# A seek for each problem, against the running total.
_NONE = """
SELECT samples = (SELECT coalesce(sum((
    SELECT max(sample_index) + 1 FROM sample WHERE model_id = model.id AND problem_id = problem.id)), 0)
  FROM problem WHERE problem.sweep_id = model.sweep_id)
FROM model WHERE id = ?"""
_OPEN = "SELECT 1 FROM request WHERE model_id = ? AND state = 'reserved' AND problem_id = ?"
_SAMPLES = """
SELECT id, sample_index, request_id FROM sample WHERE model_id = ? AND problem_id = ? ORDER BY sample_index"""
_INDICES = "SELECT indices FROM request WHERE id = ?"


def gaps(path: Path, model_id: int) -> list[int]:
    """Ids of problems of which an index lacks below others. Raises InputError, sqlite3.Error."""
    with closing(open_reader(path)) as connection:
        if is_without_gaps(connection, model_id):
            return []
        return [row[0] for row in connection.execute(_GAPS, (model_id,))]


def is_without_gaps(connection: sqlite3.Connection, model_id: int) -> bool:
    """Whether each problem has as many of the model's samples as its highest index tells."""
    return bool(connection.execute(_NONE, (model_id,)).fetchone()[0])


def close_gaps(path: Path, model_id: int, problem_ids: Collection[int]) -> None:
    """Of these problems, whose samples are all in; the caller holds the ledger's lock. Raises sqlite3.Error."""
    with closing(open_for_writing(path)) as connection:  # closing without a commit rolls back
        connection.execute("BEGIN IMMEDIATE")
        for problem_id in problem_ids:
            if connection.execute(_OPEN, (model_id, problem_id)).fetchone() is None:
                _renumber(connection, model_id, problem_id)
        connection.execute("COMMIT")


def _renumber(connection: sqlite3.Connection, model_id: int, problem_id: int) -> None:
    moved: dict[int, dict[int, int]] = {}
    samples = connection.execute(_SAMPLES, (model_id, problem_id)).fetchall()
    for number, (sample_id, index, request_id) in enumerate(samples):
        moved.setdefault(request_id, {})[index] = number
        if index != number:  # downwards and in order: the place is free
            connection.execute("UPDATE sample SET sample_index = ? WHERE id = ?", (number, sample_id))
    for request_id, places in moved.items():
        (told,) = connection.execute(_INDICES, (request_id,)).fetchone()
        # One that never arrived keeps a number of its own, above all samples.
        indices = [places.get(index, len(samples) + index) for index in json.loads(told)]
        connection.execute("UPDATE request SET indices = ? WHERE id = ?", (str(indices), request_id))
