"""What two sets of verdicts say of the same samples."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from orchestrator.ledger.verdict_sets.read import VerdictSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Samples of a ledger by one set's verdict."""

    right: int
    wrong: int
    no_verdict: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Samples on which both sets have a verdict, by who says that they are right."""

    both: int = 0
    only_this: int = 0
    only_before: int = 0
    neither: int = 0


def counts(connection: sqlite3.Connection, one: VerdictSet) -> Counts:
    """Of all samples of the ledger; those that the set never judged have no verdict."""
    (samples,) = connection.execute("SELECT count(*) FROM sample").fetchone()
    if one.current:
        found = connection.execute("SELECT count(passed), coalesce(sum(passed), 0) FROM sample")
    else:
        found = connection.execute(
            "SELECT count(passed), coalesce(sum(passed), 0) FROM set_verdict WHERE set_id = ?", (one.set_id,)
        )
    judged, right = found.fetchone()
    return Counts(right=right, wrong=judged - right, no_verdict=samples - judged)


def agreement(connection: sqlite3.Connection, this: VerdictSet, before: VerdictSet) -> Agreement:
    """Each pair of verdicts once."""
    rows = connection.execute(
        f"SELECT {this.passed_sql} AS a, {before.passed_sql} AS b, count(*) FROM sample "
        "GROUP BY a, b HAVING a IS NOT NULL AND b IS NOT NULL"
    )
    found = {(a, b): count for a, b, count in rows}
    return Agreement(
        both=found.get((1, 1), 0),
        only_this=found.get((1, 0), 0),
        only_before=found.get((0, 1), 0),
        neither=found.get((0, 0), 0),
    )
