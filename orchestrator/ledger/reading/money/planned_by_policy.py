"""What the last run's policy still asks for: it may leave samples that the counts alone take for planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.moment import planned_at

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

_LAST = """
SELECT said, status FROM moment JOIN run ON run.id = run_id
WHERE run_id = (SELECT max(id) FROM run) AND (SELECT count(*) FROM sweep) = 1"""


def planned_by_policy(
    connection: sqlite3.Connection, solved_by_any: int | None, *, running: bool
) -> Mapping[str, int]:
    """By alias; empty where no policy steered the last run, or verdicts have changed since: then `solved_by_any` is
    another than the run's. A run at work, or one that was killed, may be a moment behind its ledger."""
    row = connection.execute(_LAST).fetchone()
    if row is None:
        return {}
    at_work = running or row["status"] == "running"
    return planned_at(row["said"], None if at_work else solved_by_any)


def planned_as_said(counts: dict[str, int], planned: int | None) -> dict[str, int]:
    """The counts of a model, with what the run says is planned, if it does."""
    if planned is None:
        return counts
    return {**counts, "planned": max(planned, counts["done"] + counts["failed"])}
