"""Which cluster each problem is of, by the sweep file's `group_by`, as last stated."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import sqlite3


def read_clusters(connection: sqlite3.Connection, sweep_id: int) -> tuple[str | None, dict[str, str]]:
    """The field, and by problem's key its value there, as text; None where the sweep states no field. Problems that
    lack the field stand for themselves."""
    row = connection.execute(
        "SELECT text FROM sweep_file LEFT JOIN run ON run.sweep_file_id = sweep_file.id "
        "WHERE sweep_id = ? ORDER BY run.id DESC, sweep_file.id DESC LIMIT 1",
        (sweep_id,),
    ).fetchone()
    field = None if row is None else _stated(row[0])
    if field is None:
        return None, {}
    return field, dict(
        connection.execute(
            "SELECT problem.key, CAST(json_each.value AS TEXT) FROM problem, json_each(problem.data) "
            "WHERE sweep_id = ? AND json_each.key = ? AND json_each.value IS NOT NULL",
            (sweep_id, field),
        ).fetchall()
    )


def _stated(text: str) -> str | None:
    if "group_by" not in text:
        return None
    try:
        problems: Any = tomllib.loads(text).get("problems")
    except tomllib.TOMLDecodeError:
        return None
    field = cast("dict[str, Any]", problems).get("group_by") if isinstance(problems, dict) else None
    return field if isinstance(field, str) else None
