"""How long after a request an export may still be silent about it: a vendor bills what it works on until the model's
time-out, and writes it down within the hour."""

from __future__ import annotations

import sqlite3
import tomllib
from functools import cache
from typing import Any, cast

from orchestrator.sweep.timeout import timeout_s

WRITTEN_DOWN_S = 3600.0


class TimeLimits:
    """The time-outs of a ledger's requests, as the sweep files of their runs state them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._stated = cache(self._read)

    def of(self, run_id: int, alias: str, n: int, max_tokens: int) -> float:
        """Seconds that the request was given."""
        return timeout_s(self._stated(run_id).get(alias), n, max_tokens)

    def _read(self, run_id: int) -> dict[str, float]:
        """By alias, if the sweep file states one."""
        (text,) = self._connection.execute(
            "SELECT text FROM run JOIN sweep_file ON sweep_file.id = sweep_file_id WHERE run.id = ?",
            (run_id,),
        ).fetchone()
        models = cast("dict[str, dict[str, Any]]", tomllib.loads(text).get("models", {}))
        return {alias: float(keys["timeout_s"]) for alias, keys in models.items() if "timeout_s" in keys}
