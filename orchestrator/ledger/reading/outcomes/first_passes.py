"""Models whose problems stop at their first success, and at which trial that came."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

    from orchestrator.ledger.reading.outcomes.judged import Judged


def first_passes(
    connection: sqlite3.Connection, model: sqlite3.Row, by: Judged | None = None
) -> dict[int, int] | None:
    """By problem; None of a model that samples a fixed number of times. `by`: whose verdicts count; None: the current
    set's."""
    if not stops(connection, model):
        return None
    if by is None or (by.accept is None and (by.truth is None or by.truth.current)):
        return _firsts(connection, model["id"])
    rows = connection.execute(
        "SELECT problem_id, min(trial) AS trial FROM (SELECT problem_id, judged, "
        "row_number() OVER (PARTITION BY problem_id ORDER BY sample_index) AS trial "
        f"FROM {by.source()} WHERE judged IS NOT NULL) WHERE judged = 1 GROUP BY problem_id",
        (model["id"],),
    )
    return {row["problem_id"]: row["trial"] for row in rows}


def stops(connection: sqlite3.Connection, model: sqlite3.Row) -> bool:
    """Whether the model's problems stop at their first success: as its definition says, else as its samples do."""
    if of_policy(connection, model["id"]) == "cascade":
        return True
    if model["definition"] is not None:
        return _mode(model["definition"]) == "until_solved"
    found = connection.execute(
        "SELECT 1 FROM (SELECT problem_id, min(sample_index) AS lowest FROM sample WHERE model_id = ?1 "
        "GROUP BY problem_id) AS one JOIN sample ON sample.model_id = ?1 AND sample.problem_id = one.problem_id "
        "AND sample.sample_index = one.lowest WHERE sample.stop_rule = 'first_success' LIMIT 1",
        (model["id"],),
    ).fetchone()
    return found is not None


def of_policy(connection: sqlite3.Connection, model_id: int) -> str | None:
    """cascade, solve or narrow, where such a policy chose some of the model's draws; of several, cascade comes last,
    since estimates rest on draws that no outcome steered as soon as another one did."""
    steered = connection.execute("SELECT 1 FROM steering WHERE model_id = ? LIMIT 1", (model_id,)).fetchone()
    if steered is None:
        return None
    for rule in ("narrow", "solve", "cascade"):
        sql = "SELECT 1 FROM sample WHERE model_id = ? AND stop_rule = ? LIMIT 1"
        if connection.execute(sql, (model_id, rule)).fetchone() is not None:
            return rule
    return None


def _mode(definition: str) -> str | None:
    try:
        value: Any = json.loads(definition)
    except ValueError:
        return None
    return value.get("mode") if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _firsts(connection: sqlite3.Connection, model_id: int) -> dict[int, int]:
    """At which trial each solved problem's first pass came, counting the samples with a verdict."""
    rows = connection.execute(
        "SELECT sample.problem_id, count(*) AS trial FROM (SELECT problem_id, min(sample_index) AS lowest "
        "FROM sample WHERE model_id = ?1 AND passed = 1 GROUP BY problem_id) AS win "
        "JOIN sample ON sample.model_id = ?1 AND sample.problem_id = win.problem_id "
        # By sample_outcome, which knows `passed`: with the other index, whole rows would be read.
        "AND +sample.sample_index <= win.lowest WHERE passed IS NOT NULL GROUP BY sample.problem_id",
        (model_id,),
    )
    return {row["problem_id"]: row["trial"] for row in rows}
