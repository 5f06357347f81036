"""How requests of the last run failed, and what of their money may have been billed for nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading

_REFUSED = (
    "state = 'presumed' AND error IN ('RateLimited', 'Overloaded', 'Loading', 'Undone', 'TooManySamples', "
    "'BadRequest', 'Stopped', 'NotSent')"
)
"""Usually free, but not where a 200 said so."""
_KIND = (
    "CASE WHEN error = 'Lost' AND http_status >= 300 THEN 'Lost ' || http_status "
    f"WHEN {_REFUSED} THEN error || ' presumed' ELSE error END"
)
"""A server that answered with an error didn't lose the connection."""


class Failures(NamedTuple):
    """Requests of one model that failed alike."""

    model: str
    error: str
    times: int
    presumed_pico: int


def error_counts(connection: sqlite3.Connection, model_id: int) -> dict[str, int]:
    """Failed requests of a model by kind, those of merged ledgers too."""
    found: dict[str, int] = dict(
        connection.execute(
            f"SELECT CASE WHEN {_REFUSED} THEN error || ' presumed' ELSE error END AS kind, count(*) "
            "FROM any_request WHERE model_id = ? AND error IS NOT NULL GROUP BY kind",
            (model_id,),
        ).fetchall()
    )
    if found.get("Lost"):
        answered: dict[str, int] = dict(
            connection.execute(
                f"SELECT {_KIND} AS kind, count(*) FROM request "
                "WHERE model_id = ? AND kind LIKE 'Lost %' GROUP BY kind",
                (model_id,),
            ).fetchall()
        )
        found["Lost"] -= sum(answered.values())
        found.update(answered)
    return {kind: count for kind, count in found.items() if count}


def read_failures(path: Path) -> list[Failures]:
    """The most expensive first, then the most frequent. Raises InputError for what is no ledger."""
    with reading(path), closing(open_reader(path)) as connection:
        rows = connection.execute(
            f"SELECT model.alias, {_KIND} AS kind, count(*) AS times, sum(request.presumed_pico) AS presumed "
            "FROM request JOIN model ON model.id = request.model_id "
            "WHERE error IS NOT NULL AND run_id = (SELECT max(id) FROM run) "
            "GROUP BY request.model_id, kind ORDER BY presumed DESC, times DESC"
        )
        return [Failures(*row) for row in rows]
