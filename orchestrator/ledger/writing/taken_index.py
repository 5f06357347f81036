"""A sample whose index is taken gets the next one that is free: a reply that was paid for is always recorded.

Indices are given out before a request leaves, and a batch is out for a day. What was imported meanwhile (by a version
that did not look at open batches), or written by another program, may have taken one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from orchestrator.ledger.writing.rows import Settlement

_THERE = """
SELECT coalesce(request_id, -agent_attempt_id) FROM sample
WHERE model_id = ? AND problem_id = ? AND sample_index = ?"""
_NEXT = """
SELECT 1 + max(
  (SELECT coalesce(max(sample_index), -1) FROM sample WHERE model_id = :model AND problem_id = :problem),
  (SELECT coalesce(max(value), -1) FROM request CROSS JOIN json_each(request.indices)
   WHERE model_id = :model AND state = 'reserved' AND problem_id = :problem))"""
_INDICES = "SELECT indices FROM request WHERE id = ?"
_SET_INDICES = "UPDATE request SET indices = ? WHERE id = ?"
_SET_INDEX = "UPDATE agent_attempt SET sample_index = ? WHERE id = ?"
_INDEX = 1
"""Where a sample's row has its index."""


def place_elsewhere(
    connection: sqlite3.Connection,
    insert: str,
    owners: Sequence[Settlement],
    rows: Sequence[tuple[Any, ...]],
) -> dict[int, dict[int, int]]:
    """`rows` are samples of which some were not written, and `owners` the outcome of each: now they are, each at the
    next free index of its problem, and their requests say so. `insert`: the statement for one of them. Gives the new
    indices by request and old index."""
    moved: dict[int, dict[int, int]] = {}
    for outcome, row in zip(owners, rows, strict=True):
        key = (outcome.model_id, row[0], row[_INDEX])
        (request_id,) = connection.execute(_THERE, key).fetchone()
        if request_id == outcome.request_id:
            continue
        (index,) = connection.execute(_NEXT, {"model": key[0], "problem": key[1]}).fetchone()
        connection.execute(insert, (*row[:_INDEX], index, *row[_INDEX + 1 :]))
        moved.setdefault(outcome.request_id, {})[row[_INDEX]] = index
    for request_id, places in moved.items():
        if request_id < 0:
            connection.executemany(_SET_INDEX, [(place, -request_id) for place in places.values()])
            continue
        (indices,) = connection.execute(_INDICES, (request_id,)).fetchone()
        told = [places.get(index, index) for index in json.loads(indices)]
        connection.execute(_SET_INDICES, (str(told), request_id))
    return moved
