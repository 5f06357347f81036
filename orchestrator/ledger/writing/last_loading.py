"""How long a model's own server took to load, the last time that it became ready."""

from __future__ import annotations

import sqlite3

_LAST = """
SELECT ready_at - started_at FROM server WHERE ready_at IS NOT NULL
  AND EXISTS (SELECT 1 FROM json_each(aliases) WHERE value = ?) ORDER BY id DESC LIMIT 1"""


def last_loading_s(connection: sqlite3.Connection, alias: str) -> float | None:
    """None: it never was."""
    row = connection.execute(_LAST, (alias,)).fetchone()
    return None if row is None else max(0.0, row[0])
