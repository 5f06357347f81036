"""What imported samples cost, as their files state it or their tokens' price says, and what was paid in ledgers that
were merged: nobody spent it here."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading

if TYPE_CHECKING:
    from pathlib import Path

# By an index that holds the costs: of models that were never asked here, all samples are imported.
_COST = """
SELECT coalesce(sum((SELECT coalesce(sum(s.cost_pico), 0) FROM sample AS s WHERE s.model_id = model.id)), 0)
FROM model WHERE requests + merged_requests = 0 AND settled_pico + merged_settled_pico = 0"""

_MERGED = "SELECT coalesce(sum(merged_settled_pico + merged_presumed_pico), 0) FROM model WHERE replayed = 0"


def merged_pico(path: Path) -> int:
    """Settled and presumed. Raises InputError for what is no ledger."""
    with reading(path), closing(open_reader(path)) as connection:
        (pico,) = connection.execute(_MERGED).fetchone()
    return pico


def imported_pico(path: Path) -> int:
    """Raises InputError for what is no ledger."""
    with reading(path), closing(open_reader(path)) as connection:
        (pico,) = connection.execute(_COST).fetchone()
    return pico
