"""Models of recorded counts, and the quickstart's recording."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.policies.worlds import NEVER, Floats, Whole, World
from orchestrator.cli.main import main as manyfew

QUICKSTART = Path(__file__).parents[2] / "orchestrator/quickstart/quickstart.toml"


def of_counts(file: Path) -> Iterator[World]:
    """Sets in which several models have the same problems and their parameters are told."""
    sets: dict[str, dict[str, dict[str, float]]] = {}
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(line for line in lines if not line.startswith("#")):
            rate = int(row["c"]) / int(row["n"])
            sets.setdefault(row["set"], {}).setdefault(row["model"], {})[row["problem"]] = rate
    for name, models in sets.items():
        sized = sorted((size, model) for model in models if (size := _parameters(model)) is not None)
        shared = [set(models[model]) for _, model in sized]
        problems = sorted(shared[0].intersection(*shared[1:])) if shared else []
        chosen = sized[:: max(1, (len(sized) - 1) // 4)][:5]
        if len(chosen) > 1 and len(problems) >= 20:
            rates = np.array([[models[m][p] for _, m in chosen] for p in problems])
            cost = np.array([size for size, _ in chosen])
            yield World(f"{name}, {len(chosen)} models", rates, cost / cost[0], None)


def _parameters(model: str) -> float | None:
    found = re.search(r"(\d+(?:\.\d+)?)\s*([bm])\b", model.lower().replace("_", "-"))
    return None if found is None else float(found[1]) * (1.0 if found[2] == "b" else 1e-3)


def of_tape(folder: Path) -> tuple[World, Whole]:
    """The quickstart's recording as it was drawn: (problems, models, samples) of passes."""
    db = folder / "quickstart.db"
    with (
        contextlib.suppress(SystemExit),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        manyfew(["run", str(QUICKSTART), "--db", str(db), "--progress", "none"])
    with sqlite3.connect(db) as connection:
        models = [
            row[0] for row in connection.execute("SELECT DISTINCT model FROM sample_records ORDER BY model")
        ]
        rows = connection.execute(
            "SELECT problem, model, sample_index, passed FROM sample_records ORDER BY problem"
        ).fetchall()
        cost = dict(
            connection.execute("SELECT model, avg(cost_usd) FROM sample_records GROUP BY model").fetchall()
        )
    models.sort(key=lambda alias: cost[alias])
    places = {problem: at for at, problem in enumerate(dict.fromkeys(row[0] for row in rows))}
    passed = np.zeros((len(places), len(models), 64), np.int64)
    for problem, model, index, right in rows:
        passed[places[problem], models.index(model), index] = right or 0
    costs: Floats = np.array([float(cost[alias]) for alias in models])
    return World(
        "the quickstart's tape",
        np.asarray(passed.mean(axis=2), np.float64),
        np.asarray(costs / costs[0], np.float64),
        None,
        most=64,
    ), passed


def of_passes(passed: Whole) -> Callable[[np.random.Generator, World], Whole]:
    """The recorded samples in an order of chance."""

    def draw(generator: np.random.Generator, world: World) -> Whole:
        mixed = generator.permuted(passed, axis=2)
        return np.where(mixed.any(axis=2), mixed.argmax(axis=2) + 1, NEVER)

    return draw
