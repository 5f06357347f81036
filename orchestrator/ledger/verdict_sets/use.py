"""Another of a ledger's sets of verdicts becomes the current one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from orchestrator.ledger.file.identity import check
from orchestrator.ledger.file.lock import acquire
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.verdict_sets.change import make_current
from orchestrator.ledger.verdict_sets.read import named_set


def use_set(path: Path, name: str) -> None:
    """Raises InputError for a set that the ledger doesn't have, and while another process writes the ledger."""
    check(path)
    with acquire(path) as lock, all_or_nothing(path), closing(open_for_writing(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        lock.claim(connection)
        make_current(connection, named_set(connection, path, name, where="--use").set_id)
        connection.execute("COMMIT")
