"""What a ledger holds of its budget: settled, presumed and reserved of every model but recordings."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from orchestrator.ledger.writing.rows import ModelTotals

_COUNTED = "FROM model WHERE replayed = 0 AND id NOT IN ({but})"


def held_pico(connection: sqlite3.Connection, *, but: Sequence[int] = ()) -> int:
    """In pico-dollars; without the models `but`."""
    (held,) = connection.execute(
        "SELECT coalesce(sum(settled_pico + presumed_pico + reserved_pico), 0) " + _counted(but), but
    ).fetchone()
    return held


def read_others(connection: sqlite3.Connection, but: Sequence[int]) -> ModelTotals:
    """The same by kind, with counts. Rows by name."""
    row = connection.execute(
        "SELECT coalesce(sum(settled_pico), 0) AS settled_pico, coalesce(sum(presumed_pico), 0) AS presumed_pico, "
        "coalesce(sum(reserved_pico), 0) AS reserved_pico, coalesce(sum(unused_pico), 0) AS unused_pico, "
        "coalesce(sum(requests), 0) AS requests, coalesce(sum(retries), 0) AS retries, "
        "coalesce(sum(samples), 0) AS samples " + _counted(but),
        but,
    ).fetchone()
    return totals_of(row)


def totals_of(row: sqlite3.Row) -> ModelTotals:
    """Of a row of `model`, or of a sum of such."""
    return ModelTotals(
        settled_pico=row["settled_pico"],
        presumed_pico=row["presumed_pico"],
        reserved_pico=row["reserved_pico"],
        unused_pico=row["unused_pico"],
        requests=row["requests"],
        retries=row["retries"],
        samples=row["samples"],
    )


def _counted(but: Sequence[int]) -> str:
    return _COUNTED.format(but=", ".join("?" * len(but)))
