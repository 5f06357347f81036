"""What a ledger of a released schema lacks of the next, as a step each. What is new is in schema.sql in the same words:
a ledger that went through the steps is the same as a new one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

Step = Callable[[sqlite3.Connection], None]
"""Takes the ledger one version on, inside a transaction that is not its own. It commits nothing."""


def _from_1(connection: sqlite3.Connection) -> None:
    """Schema 1 is that of 0.1."""
    for statement in _SINCE_1:
        connection.execute(statement)


_SINCE_1 = (
    """CREATE TABLE writer (
  id INTEGER PRIMARY KEY,
  pid INTEGER NOT NULL, started TEXT,
  boot TEXT, host TEXT NOT NULL,
  file TEXT NOT NULL,
  since REAL NOT NULL
) STRICT""",
    "ALTER TABLE run ADD COLUMN rules INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE request ADD COLUMN raised_from_pico INTEGER",
    "ALTER TABLE failure RENAME TO failure_1",
    """CREATE TABLE failure (
  model_id INTEGER NOT NULL REFERENCES model,
  problem_id INTEGER NOT NULL REFERENCES problem,
  sample_index INTEGER NOT NULL,
  n INTEGER NOT NULL,
  run_id INTEGER REFERENCES run,
  error TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (model_id, problem_id, sample_index)
) STRICT, WITHOUT ROWID""",
    "INSERT INTO failure SELECT * FROM failure_1",
    "DROP TABLE failure_1",
)
"""New columns go to the end of their table, here as in schema.sql; a view that changed is dropped and made anew."""

STEPS: Mapping[int, Step] = {1: _from_1}
"""By the version that a step starts from; 1 is the first there was."""
