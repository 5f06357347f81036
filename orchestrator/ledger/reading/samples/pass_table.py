"""How many samples of each problem passed, by model."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.samples.sampled_models import SUCH, Which, open_tuples, sampled_models

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_COUNTS = """
SELECT problem.key, count(*), coalesce(sum(s.passed), 0), count(*) - count(s.passed)
FROM sample AS s JOIN problem ON problem.id = s.problem_id WHERE s.model_id = ? AND {such} GROUP BY s.problem_id
"""


@dataclass(slots=True)
class Passes:
    """Of one problem's samples of one model."""

    samples: int = 0
    passed: int = 0
    no_verdict: int = 0


@dataclass(slots=True)
class ProblemRow:
    """One problem, with each model's passes."""

    problem: str
    models: dict[str, Passes] = field(default_factory=dict[str, Passes])

    @property
    def rate(self) -> float:
        """The mean over models of the share that passed, of samples with a verdict; above 1 where there are none."""
        judged = [(of.passed, of.samples - of.no_verdict) for of in self.models.values()]
        shares = [passed / n for passed, n in judged if n]
        return sum(shares) / len(shares) if shares else 2.0


def read_pass_table(db: Path, models: Collection[str] = (), which: Which = "all") -> list[ProblemRow]:
    """Every problem that was asked or sampled, the hardest first; with a filter, those that have such samples. Raises
    InputError for what is no ledger, and for a model that it doesn't have."""
    with reading(db), closing(open_tuples(db)) as connection:
        connection.execute("BEGIN")  # one moment for all counts
        chosen = sampled_models(connection, db, models)
        sweeps = {model.sweep_id for model in chosen}
        rows = {
            key: ProblemRow(key)
            for key, sweep in connection.execute(
                "SELECT key, sweep_id FROM problem WHERE ordinal IS NOT NULL ORDER BY ordinal"
            )
            if sweep in sweeps
        }
        for model in chosen:
            for key, *counts in connection.execute(_COUNTS.format(such=SUCH[which]), (model.id,)):
                rows.setdefault(key, ProblemRow(key)).models[model.name] = Passes(*counts)
    for row in rows.values():
        row.models = {model.name: row.models.get(model.name, Passes()) for model in chosen}
    meant = [row for row in rows.values() if which == "all" or any(of.samples for of in row.models.values())]
    return sorted(meant, key=lambda row: row.rate)


def pass_table_document(rows: list[ProblemRow]) -> dict[str, Any]:
    """What `show --json` prints without a problem."""
    return {
        "problems": [
            {
                "problem": row.problem,
                "models": {
                    name: {"passed": of.passed, "samples": of.samples, "no_verdict": of.no_verdict}
                    for name, of in row.models.items()
                },
            }
            for row in rows
        ]
    }
