"""A ledger written straight by its schema, with the outcomes that a test wants."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.ledger.file.create import create

USD = 10**12


@dataclass
class Made:
    """One model. `passed`: by problem, one of 1, 0 or None (no verdict) a sample. `cost_pico`: of every sample, by
    problem, or by sample."""

    passed: Mapping[str, Sequence[int | None]]
    cost_pico: int | Mapping[str, int | Sequence[int]] = USD // 1000
    mode: str = "uniform"
    definition: dict[str, Any] | None = field(default_factory=lambda: {"model": "m"})
    stop_rule: str | None = None
    tokens: tuple[int | None, int | None] = (10, 20)
    latency_s: float | None = 0.5
    unused_pico: int = 0
    presumed_pico: int = 0

    def cost(self, problem: str, index: int) -> int:
        cost = self.cost_pico if isinstance(self.cost_pico, int) else self.cost_pico[problem]
        return cost if isinstance(cost, int) else cost[index]


def counted(n: int, c: int) -> list[int]:
    """`n` samples, the last `c` of them right."""
    return [0] * (n - c) + [1] * c


def make_ledger(
    path: Path, models: Mapping[str, Made], *, sweep: str = "test", asked: Sequence[str] = ()
) -> Path:
    """Writes the ledger and gives its path; `asked` are problems of the plan, sampled or not."""
    create(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        keys = list(dict.fromkeys([*asked, *(key for made in models.values() for key in made.passed)]))
        connection.execute("INSERT INTO sweep (id, name, budget_pico) VALUES (1, ?, ?)", (sweep, USD))
        connection.executemany(
            "INSERT INTO problem (id, sweep_id, ordinal, key, data) VALUES (?, 1, ?, ?, '{}')",
            [(at + 1, at, key) for at, key in enumerate(keys)],
        )
        for number, (alias, made) in enumerate(models.items(), start=1):
            _model(connection, number, alias, made, {key: at + 1 for at, key in enumerate(keys)})
    return path


def _model(
    connection: sqlite3.Connection, number: int, alias: str, made: Made, ids: Mapping[str, int]
) -> None:
    definition = None if made.definition is None else json.dumps(made.definition | {"mode": made.mode})
    rows = [
        (number, ids[key], index, made.cost(key, index), *made.tokens, made.latency_s, passed, _rule(made))
        for key, verdicts in made.passed.items()
        for index, passed in enumerate(verdicts)
    ]
    settled = sum(row[3] for row in rows) + made.unused_pico
    connection.execute(
        "INSERT INTO model (id, sweep_id, alias, provider, name, definition, settled_pico, presumed_pico, unused_pico, "
        "samples) VALUES (?, 1, ?, 'openai', 'm', ?, ?, ?, ?, ?)",
        (number, alias, definition, settled, made.presumed_pico, made.unused_pico, len(rows)),
    )
    connection.executemany(
        "INSERT INTO sample (model_id, problem_id, sample_index, text, cost_pico, cost_basis, prompt_tokens, "
        "completion_tokens, latency_s, passed, stop_rule, created_at) "
        "VALUES (?, ?, ?, 'x', ?, 'usage', ?, ?, ?, ?, ?, 0)",
        rows,
    )


def _rule(made: Made) -> str:
    return made.stop_rule or ("first_success" if made.mode == "until_solved" else "none")


def steer(path: Path, *statements: str) -> None:
    """As a policy that verdicts of one set steered leaves it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO verdict_set (id, name, kind, version, options, current, made_at) "
            "VALUES (1, 'v', 'numeric', '1', '{}', 1, 0)"
        )
        connection.execute("INSERT INTO steering (model_id, set_id) VALUES (1, 1)")
        for statement in statements:
            connection.execute(statement)
