"""Why samples failed for good, by kind: how many, what their requests still hold, and the vendor's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    import sqlite3

MOST = 5
"""Kinds of one model that are told."""


def failures_of(connection: sqlite3.Connection, model_id: int) -> list[dict[str, Any]]:
    """Most samples first."""
    kinds = connection.execute(
        "SELECT error, sum(n) AS samples, max(message) AS message FROM failure WHERE model_id = ? "
        "GROUP BY error ORDER BY samples DESC, error LIMIT ?",
        (model_id, MOST),
    ).fetchall()
    return [
        {
            "error": kind["error"],
            "samples": kind["samples"],
            "presumed_usd": _presumed(connection, model_id, kind["error"]) / PICO_PER_USD,
            "message": kind["message"],
        }
        for kind in kinds
    ]


def _presumed(connection: sqlite3.Connection, model_id: int, error: str) -> int:
    """What requests that ended so still hold, in pico-dollars."""
    name, _, status = error.partition(" ")
    return connection.execute(
        "SELECT coalesce(sum(presumed_pico), 0) FROM request WHERE model_id = ? AND state = 'presumed' AND error = ? "
        "AND (? = '' OR http_status = ?)",
        (model_id, name, status, status),
    ).fetchone()[0]
