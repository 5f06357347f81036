"""A ledger's sets of verdicts side by side: how many samples each calls right, and where two of them differ."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.verdict_sets.agreement import Agreement, Counts, agreement, counts
from orchestrator.ledger.verdict_sets.read import VerdictSet, read_sets


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSets:
    """Two sets, or one where there was none before."""

    now: Counts
    before: Counts | None
    agreement: Agreement


def compare_sets(path: Path, now: VerdictSet, before: VerdictSet | None) -> ComparedSets:
    """Raises InputError for what is no ledger."""
    with reading(path), closing(open_reader(path)) as connection:
        connection.execute("BEGIN")
        return ComparedSets(
            now=counts(connection, now),
            before=None if before is None else counts(connection, before),
            agreement=Agreement() if before is None else agreement(connection, now, before),
        )


def sets_document(path: Path) -> dict[str, Any]:
    """What `verdicts --json` prints. Of each pair the current set comes first, else the older one."""
    with reading(path), closing(open_reader(path)) as connection:
        connection.execute("BEGIN")
        sets = read_sets(connection)
        in_order = sorted(sets, key=lambda one: not one.current)
        return {
            "current": next((one.name for one in sets if one.current), None),
            "sets": [
                {
                    "name": one.name,
                    "kind": one.kind,
                    "version": one.version,
                    "options": dict(one.options),
                    "current": one.current,
                    **asdict(counts(connection, one)),
                }
                for one in sets
            ],
            "agreement": [
                {"this": this.name, "before": other.name, **asdict(agreement(connection, this, other))}
                for this, other in combinations(in_order, 2)
            ],
        }
