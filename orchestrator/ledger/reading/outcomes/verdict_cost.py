"""What verdicts cost that a model gave: a judge's, or a reward model's scores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

    from orchestrator.ledger.verdict_sets.read import VerdictSet

_SCORERS = "SELECT settled_pico, definition FROM model WHERE json_valid(definition) AND definition LIKE '%\"scorer\"%'"
_GRADED = "SELECT count(*) FROM sample WHERE passed IS NOT NULL"
_SCORED = "SELECT count(*) FROM sample WHERE score IS NOT NULL"


def verifier_pico_per_sample(connection: sqlite3.Connection, by: VerdictSet | None) -> float:
    """Settled for the verdicts of a set, and for scores, over the samples that have them; equal texts are graded once,
    so it is the mean over all models. 0 where no model was asked."""
    judges = rewards = 0
    for row in connection.execute(_SCORERS):
        scorer: dict[str, Any] = json.loads(row["definition"]).get("scorer") or {}
        if scorer.get("kind") != "judge":
            rewards += row["settled_pico"]
        elif by is not None and by.kind == "judge" and scorer.get("asked") == by.options.get("graded_by"):
            judges += row["settled_pico"]
    return _mean(connection, judges, _GRADED) + _mean(connection, rewards, _SCORED)


def _mean(connection: sqlite3.Connection, pico: int, counted: str) -> float:
    if not pico:
        return 0.0
    (samples,) = connection.execute(counted).fetchone()
    return pico / samples if samples else 0.0
