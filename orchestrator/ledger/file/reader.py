"""A read-only connection to a ledger, while a run may be writing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from orchestrator.ledger.file.identity import check


def open_reader(path: Path) -> sqlite3.Connection:
    """Never checkpoints and never changes the ledger; rows by name. Raises InputError for what is no ledger."""
    check(path)
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
    connection.row_factory = sqlite3.Row
    return connection
