"""The servers that the last run of a ledger has started, and what loading and idle time of theirs cost."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass

from orchestrator.progress import ServerProgress

_LAST_RUN = "SELECT * FROM server WHERE ended_at IS NULL AND run_id = (SELECT max(id) FROM run) ORDER BY id"
_STOOD = """
SELECT coalesce(sum(loading_pico), 0), coalesce(sum(idle_pico), 0) FROM lease WHERE model_id = ?"""


@dataclass(frozen=True, slots=True)
class Stood:
    """What servers of its own cost a model while no request ran on them, in pico-dollars."""

    loading_pico: int = 0
    idle_pico: int = 0


def read_servers(connection: sqlite3.Connection) -> tuple[ServerProgress, ...]:
    """Those that run now, as far as the ledger knows. Rows by name."""
    return tuple(
        ServerProgress(
            name=", ".join(json.loads(row["aliases"])),
            phase=row["phase"],
            said=row["said"],
            gpus=tuple(json.loads(row["gpus"])),
            usd_per_hour=None if row["usd_per_hour"] is None else float(row["usd_per_hour"]),
            since_s=max(0.0, time.time() - row["started_at"]),
            loading_s=None if row["ready_at"] is None else max(0.0, row["ready_at"] - row["started_at"]),
        )
        for row in connection.execute(_LAST_RUN)
    )


def stood(connection: sqlite3.Connection, model_id: int) -> Stood:
    """Of a model, over all runs."""
    return Stood(*connection.execute(_STOOD, (model_id,)).fetchone())
