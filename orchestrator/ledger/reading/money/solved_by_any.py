"""Problems that some model solved, and what had been spent when it did."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.samples.reward_models import NO_SCORER
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

MOST_POINTS = 200

_AT_ONCE = 50_000
"""Samples, about, whose rows are put in order at a time, in memory."""
_OF_PROBLEMS = f"model_id IN (SELECT id FROM model WHERE {NO_SCORER}) AND problem_id BETWEEN :first AND :last"
_SPENT = f"""
SELECT (id - 1) / :width, sum(cost_pico) FROM sample WHERE {_OF_PROBLEMS} GROUP BY (id - 1) / :width"""
_FIRST = f"SELECT min(id) FROM sample WHERE {_OF_PROBLEMS} AND passed = 1 GROUP BY problem_id"
_SOLVED = f"""
SELECT problem.id FROM problem WHERE sweep_id = ? AND EXISTS (
  SELECT 1 FROM model CROSS JOIN sample ON sample.model_id = model.id AND sample.problem_id = problem.id
  WHERE model.sweep_id = problem.sweep_id AND sample.passed = 1 AND {NO_SCORER})
"""


def is_steered(connection: sqlite3.Connection, sweep_id: int) -> bool:
    """Whether the last run ended a problem for all models once one had solved it."""
    row = connection.execute("SELECT policy FROM sweep WHERE id = ?", (sweep_id,)).fetchone()
    return row is not None and (row[0] or "all") in ("cascade", "solve")


def solved_by_any(connection: sqlite3.Connection, sweep_id: int) -> set[int]:
    """The problems' ids."""
    return {row[0] for row in connection.execute(_SOLVED, (sweep_id,))}


def places_solved(db: Path, sweep: str, problems: Sequence[str]) -> frozenset[int]:
    """Which of these problems' keys, by their places, some model solved. Raises InputError for what is no ledger."""
    with reading(db), closing(open_reader(db)) as connection:
        row = connection.execute("SELECT id FROM sweep WHERE name = ?", (sweep,)).fetchone()
        if row is None:
            return frozenset()
        solved = solved_by_any(connection, row[0])
        there = connection.execute("SELECT id, key FROM problem WHERE sweep_id = ?", (row[0],))
        keys = {each["key"] for each in there if each["id"] in solved}
    return frozenset(place for place, key in enumerate(problems) if key in keys)


def count_solved_by_any(connection: sqlite3.Connection, sweep_id: int | None = None) -> int:
    """Of all sweeps in the ledger, or of one. Problems that a sweep no longer has are left out."""
    sweeps = (
        [row[0] for row in connection.execute("SELECT id FROM sweep")] if sweep_id is None else [sweep_id]
    )
    return sum(_asked(connection, each, solved_by_any(connection, each)) for each in sweeps)


def _asked(connection: sqlite3.Connection, sweep_id: int, problems: set[int]) -> int:
    """How many of them the sweep has now; all where it was imported."""
    rows = connection.execute(
        "SELECT id FROM problem WHERE sweep_id = ? AND ordinal IS NOT NULL", (sweep_id,)
    )
    now = {row[0] for row in rows}
    return len(problems & now) if now else len(problems)


def realised(db: Path) -> list[dict[str, Any]]:
    """Problems solved by any model against dollars spent on samples, in the order of the spending; at most MOST_POINTS
    of its steps. Raises InputError for what is no ledger."""
    with reading(db), closing(open_reader(db)) as connection:
        connection.execute("BEGIN")  # one moment for both
        (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM sample").fetchone()
        width = max(1, -(-last // MOST_POINTS))
        connection.row_factory = None
        spent, newly = Counter[int](), Counter[int]()
        (problems,) = connection.execute("SELECT coalesce(max(id), 0) FROM problem").fetchone()
        at_once = max(1, problems * _AT_ONCE // max(last, 1))
        for first in range(1, problems + 1, at_once):
            these = {"width": width, "first": first, "last": first + at_once - 1}
            for step, pico in connection.execute(_SPENT, these):
                spent[step] += pico or 0
            newly.update((sample - 1) // width for (sample,) in connection.execute(_FIRST, these))
    steps = sorted(spent)
    usd, solved = (accumulate([of[step] for step in steps]) for of in (spent, newly))
    return [{"usd": pico / PICO_PER_USD, "solved": n} for pico, n in zip(usd, solved, strict=True)]
