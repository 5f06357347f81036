"""The samples that `status` tells, against counting every row."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing

import pytest

from orchestrator.ledger.reading.for_run.samples_wanted import samples_wanted
from orchestrator.ledger.reading.money.solved_by_any import count_solved_by_any
from orchestrator.ledger.reading.samples.sample_counts import count_samples
from tests.orchestrator.ledger_fixture import Made, make_ledger


def row_by_row(connection, model):
    """The definition: planned = done + failed + what is still to be asked, a problem at a time."""
    wanted = samples_wanted(model)
    counts = {"planned": 0, "done": 0, "failed": 0, "solved": 0}
    for problem in connection.execute("SELECT * FROM problem WHERE sweep_id = ?", (model["sweep_id"],)):
        of_it = (model["id"], problem["id"])
        rows = connection.execute(
            "SELECT passed FROM sample WHERE model_id = ? AND problem_id = ?", of_it
        ).fetchall()
        (failed,) = connection.execute(
            "SELECT coalesce(sum(n), 0) FROM failure WHERE model_id = ? AND problem_id = ?", of_it
        ).fetchone()
        right = any(row["passed"] for row in rows)
        asked = problem["ordinal"] is not None and not (right and "until_solved" in model["definition"])
        lacking = max(0, wanted(problem["key"]) - len(rows) - failed) if asked else 0
        counts["done"] += len(rows)
        counts["failed"] += failed
        counts["planned"] += len(rows) + failed + lacking
        counts["solved"] += right
    return counts


def a_ledger(path, draw, *, clean):
    """Problems with gaps, failures, too many samples or none; `clean`: as a run without trouble leaves it."""
    keys = [f"p{i}" for i in range(8)]
    made = {
        alias: Made({key: draw.choices((0, 1, None), (6, 1, 1), k=draw.randint(0, 5)) for key in keys})
        for alias in ("a", "b")
    }
    make_ledger(path, made, asked=keys)
    with closing(sqlite3.connect(path)) as connection, connection:
        for number in (1, 2):
            each = None if clean else json.dumps({key: draw.randint(0, 7) for key in draw.sample(keys, 3)})
            mode = draw.choice(("uniform", "until_solved"))
            connection.execute(
                "UPDATE model SET samples_wanted = ?, samples_by_problem = ?, definition = ? WHERE id = ?",
                (5 if clean else draw.randint(0, 7), each, json.dumps({"mode": mode}), number),
            )
            if clean:
                continue
            connection.execute("DELETE FROM sample WHERE model_id = ? AND sample_index % 4 = 1", (number,))
            for key in draw.sample(range(1, 9), 3):
                values = (number, key, draw.randint(6, 9), draw.randint(1, 3))
                connection.execute(
                    "INSERT INTO failure SELECT ?, ?, ?, ?, coalesce(max(id), 1), 'http', 'no' FROM run",
                    values,
                )
        if not clean:
            connection.execute("UPDATE problem SET ordinal = NULL WHERE id % 5 = 0")
        connection.execute(
            "UPDATE model SET samples = (SELECT count(*) FROM sample WHERE model_id = model.id)"
        )


@pytest.mark.parametrize("seed", range(12))
def test_what_is_counted_is_what_the_rows_say(tmp_path, seed):
    draw = random.Random(seed)
    a_ledger(tmp_path / "l.db", draw, clean=seed % 3 == 0)
    with closing(sqlite3.connect(tmp_path / "l.db")) as connection:
        connection.row_factory = sqlite3.Row
        for model in connection.execute("SELECT * FROM model").fetchall():
            assert count_samples(connection, model) == row_by_row(connection, model), dict(model)


def test_a_run_without_trouble_is_told_without_counting(tmp_path):
    a_ledger(tmp_path / "l.db", random.Random(0), clean=True)
    asked: list[str] = []
    with closing(sqlite3.connect(tmp_path / "l.db")) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("UPDATE model SET definition = '{}'")
        (model, _) = connection.execute("SELECT * FROM model").fetchall()
        connection.set_trace_callback(asked.append)
        count_samples(connection, model)
    assert asked
    assert not [query for query in asked if "count(*)" in query]


def test_no_question_of_status_goes_through_all_samples(tmp_path):
    """Each is answered by seeks: a model, a problem, and what the verdict was."""
    path = tmp_path / "l.db"
    a_ledger(path, random.Random(0), clean=True)
    asked: list[str] = []
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        connection.set_trace_callback(asked.append)
        for model in connection.execute("SELECT * FROM model").fetchall():
            count_samples(connection, model)
        count_solved_by_any(connection)
        connection.set_trace_callback(None)
        plans = [
            (query, row["detail"])
            for query in dict.fromkeys(asked)
            for row in connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
        ]
    of_samples = [
        (query, step)
        for query, step in plans
        if " sample " in step and "max(sample_index)" not in query and "count(*)" not in query
    ]
    assert of_samples
    assert all("(model_id=? AND problem_id=? AND passed=?)" in step for _, step in of_samples), of_samples
    assert not [step for _, step in plans if step.startswith("SCAN sample")]
