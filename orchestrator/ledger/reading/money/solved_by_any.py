"""Problems that some model solved, and what had been spent when it did."""

from __future__ import annotations

from contextlib import closing
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.samples.reward_models import NO_SCORER
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

MOST_POINTS = 200

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


def count_solved_by_any(connection: sqlite3.Connection) -> int:
    """Of all sweeps in the ledger."""
    sweeps = connection.execute("SELECT id FROM sweep").fetchall()
    return sum(len(solved_by_any(connection, row[0])) for row in sweeps)


def realised(db: Path) -> list[dict[str, Any]]:
    """Problems solved by any model against dollars spent on samples, in the order of the spending; at most MOST_POINTS
    of its steps. Raises InputError for what is no ledger."""
    with reading(db), closing(open_reader(db)) as connection:
        connection.execute("BEGIN")  # one moment for both
        (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM sample").fetchone()
        width = max(1, -(-last // MOST_POINTS))
        samplers = f"(SELECT id FROM model WHERE {NO_SCORER})"
        spent = connection.execute(
            f"SELECT (id - 1) / ?1, sum(cost_pico) FROM sample WHERE model_id IN {samplers} GROUP BY (id - 1) / ?1",
            (width,),
        ).fetchall()
        solved = connection.execute(
            f"SELECT (first - 1) / ?1, count(*) FROM (SELECT min(id) AS first FROM sample WHERE passed = 1 "
            f"AND model_id IN {samplers} GROUP BY problem_id) GROUP BY (first - 1) / ?1",
            (width,),
        ).fetchall()
    newly: dict[int, int] = {step: n for step, n in solved}  # noqa: C416 - rows, not pairs
    steps = sorted((step, pico) for step, pico in spent)
    usd = accumulate(pico or 0 for _, pico in steps)
    problems = accumulate(newly.get(step, 0) for step, _ in steps)
    return [{"usd": pico / PICO_PER_USD, "solved": n} for pico, n in zip(usd, problems, strict=True)]
