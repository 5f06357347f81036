"""Samples of one model: planned, done, failed, and the problems solved. `done` is the running total that the ledger
keeps with every sample; those of a problem are counted only if that total can't tell what is still to be asked."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from orchestrator.ledger.reading.for_run.samples_wanted import samples_wanted
from orchestrator.ledger.reading.money.solved_by_any import is_steered, solved_by_any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

# Both are seeks in an index: the highest index is its end, and a solved problem is left at its first right sample.
_PROBLEMS = """
SELECT id, key, ordinal IS NOT NULL AS asked,
  (SELECT max(sample_index) FROM sample WHERE model_id = :model AND problem_id = problem.id) AS highest,
  EXISTS (SELECT 1 FROM sample WHERE model_id = :model AND problem_id = problem.id AND passed = 1) AS solved
FROM problem WHERE sweep_id = :sweep
"""


def count_samples(
    connection: sqlite3.Connection, model: sqlite3.Row, over: Collection[int] | None = None
) -> dict[str, int]:
    """planned = done + failed + still to be asked. `over`: problems that a pass of any model has ended, where
    they are read already."""
    wanted = samples_wanted(model)
    until_solved = '"until_solved"' in (model["definition"] or "")
    if over is None:
        steered = is_steered(connection, model["sweep_id"])
        over = solved_by_any(connection, model["sweep_id"]) if steered else set[int]()
    failed = dict(
        connection.execute(
            "SELECT problem_id, sum(n) FROM failure WHERE model_id = ? GROUP BY problem_id", (model["id"],)
        ).fetchall()
    )

    @cache
    def counted(problem: int) -> int:
        return connection.execute(
            "SELECT count(*) FROM sample WHERE model_id = ? AND problem_id = ?", (model["id"], problem)
        ).fetchone()[0]

    solved = lacking = 0
    within = 0  # asked of problems none of whose samples failed or lies above what is wanted
    elsewhere: list[int] = []  # other problems that have samples
    for problem, key, asked, highest, right in connection.execute(
        _PROBLEMS, {"model": model["id"], "sweep": model["sweep_id"]}
    ):
        solved += right
        of_it = 0 if not asked or (until_solved and right) or problem in over else wanted(key)
        if of_it and problem not in failed and (highest is None or highest < of_it):
            within += of_it
            continue
        if of_it:
            lacking += max(0, of_it - failed.get(problem, 0) - counted(problem))
        if highest is not None:
            elsewhere.append(problem)
    done: int = model["samples"]
    if within:
        lacking += within - (done - sum(map(counted, elsewhere)))
    given_up = sum(failed.values())
    return {"planned": done + given_up + lacking, "done": done, "failed": given_up, "solved": solved}
