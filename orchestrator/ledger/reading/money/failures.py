"""How requests of the last run failed, and what of their money may have been billed for nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading


class Failures(NamedTuple):
    """Requests of one model that failed alike."""

    model: str
    error: str
    times: int
    presumed_pico: int


def read_failures(path: Path) -> list[Failures]:
    """The most expensive first, then the most frequent. Raises InputError for what is no ledger."""
    with reading(path), closing(open_reader(path)) as connection:
        rows = connection.execute(
            "SELECT model.alias, error, count(*) AS times, sum(request.presumed_pico) AS presumed FROM request "
            "JOIN model ON model.id = request.model_id WHERE error IS NOT NULL AND run_id = (SELECT max(id) FROM run) "
            "GROUP BY request.model_id, error ORDER BY presumed DESC, times DESC"
        )
        return [Failures(*row) for row in rows]
