"""A ledger that every reading command has something to say of: two models, a run, prices, presumed money."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger

SWEEP = """
name = "test"
budget_usd = 9.0
[problems]
source = "jsonl"
path = "problems.jsonl"
[sampling]
max_tokens = 100
samples = 30
temperature = 0.5
[models.cheap]
provider = "openai-compatible"
model = "m"
base_url = "http://127.0.0.1:1/v1"
price = { input = 1.0, output = 1.0 }
[models.expensive]
provider = "openai-compatible"
model = "m"
base_url = "http://127.0.0.1:1/v1"
price = { input = 20.0, output = 20.0 }
"""
PROBLEMS = 24


def compared_ledger(path: Path) -> Path:
    """Writes it and gives its path."""
    generator = np.random.default_rng(5)
    rates = generator.beta(0.5, 3, PROBLEMS)
    keys = [f"p.{at}" for at in range(PROBLEMS)]
    passes = [generator.binomial(30, np.minimum(rates * factor, 0.95)) for factor in (1, 3)]
    models = {
        alias: Made(
            {key: counted(30, int(c)) for key, c in zip(keys, found, strict=True)},
            cost_pico=cost,
            presumed_pico=presumed,
        )
        for alias, found, cost, presumed in zip(
            ("cheap", "expensive"), passes, (USD // 10_000, USD // 500), (0, USD // 100), strict=True
        )
    }
    make_ledger(path, models)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO sweep_file VALUES (1, 1, 'x', ?, 0)", (SWEEP,))
        connection.execute(
            "INSERT INTO run (sweep_file_id, budget_pico, started_at, ended_at, status, pid, host, versions) "
            "VALUES (1, ?, 0, 1, 'complete', 1, 'h', ?)",
            (9 * USD, json.dumps({})),
        )
    return path
