"""What the sweeps, models, problems and prompts of the ledger attached as `src` are in the new one, by their names: in
temp.sweep_of, model_of, problem_of and prompt_of. Its sets of verdicts are in temp.set_of."""

from __future__ import annotations

import sqlite3

TABLES = "".join(
    f"CREATE TEMP TABLE {table} (there INTEGER PRIMARY KEY, here INTEGER);\n"
    for table in ("sweep_of", "model_of", "problem_of", "prompt_of", "set_of")
)

_MAPS = {
    "sweep_of": "SELECT t.id, h.id FROM src_sweep AS t JOIN main.sweep AS h ON h.name = t.name",
    "model_of": """
SELECT t.id, h.id FROM src_model AS t JOIN temp.sweep_of AS w ON w.there = t.sweep_id
JOIN main.model AS h ON h.sweep_id = w.here AND h.alias = t.alias""",
    "problem_of": """
SELECT t.id, h.id FROM src_problem AS t JOIN temp.sweep_of AS w ON w.there = t.sweep_id
JOIN main.problem AS h ON h.sweep_id = w.here AND h.key = t.key""",
    "prompt_of": "SELECT t.id, h.id FROM src_prompt AS t JOIN main.prompt AS h ON h.sha256 = t.sha256",
}


def map_names(connection: sqlite3.Connection) -> None:
    """All of them, once they are in the new ledger."""
    for table, found in _MAPS.items():
        connection.execute(f"DELETE FROM temp.{table}")
        connection.execute(f"INSERT INTO temp.{table} {found}")
