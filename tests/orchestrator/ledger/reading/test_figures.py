"""Figures of `status` and `watch` against a ledger whose every sum is known."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from orchestrator.ledger.reading.money.failures import read_failures
from orchestrator.ledger.reading.money.status import read_status
from orchestrator.ledger.reading.money.watch import Watched
from tests.orchestrator.ledger_fixture import USD, Made, make_ledger

CENT = USD // 100
CHEAP = {"p0": [1, 0, None], "p1": [0, 0, 0], "p2": [1, 1, 1]}
EXPENSIVE = {"p0": [None, None], "p1": [1, 1]}


def sql(db, text, *values):
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(text, values)


@pytest.fixture
def db(tmp_path):
    models = {
        "cheap": Made(CHEAP, CENT, unused_pico=CENT // 2),
        "expensive": Made(EXPENSIVE, 10 * CENT, presumed_pico=3 * CENT),
    }
    path = make_ledger(tmp_path / "l.db", models)
    sql(path, "INSERT INTO sweep_file VALUES (1, 1, 'x', '', 0)")
    sql(
        path,
        "INSERT INTO run (id, sweep_file_id, budget_pico, started_at, ended_at, status, reason, pid, host, versions) "
        "VALUES (1, 1, ?, 100, 107, 'budget', 'the budget is spent', 1, 'h', '{}')",
        USD,
    )
    sql(path, "INSERT INTO failure VALUES (2, 3, 0, 2, 1, 'Lost', 'm')")
    return path


def test_status_sums_each_model_and_all_of_them(db):
    found = read_status(db)
    cheap, expensive = found["models"]["cheap"], found["models"]["expensive"]
    assert cheap["settled_usd"] == pytest.approx(0.095)
    assert (cheap["presumed_usd"], cheap["unused_usd"], cheap["reserved_usd"]) == (0, 0.005, 0)
    assert (expensive["settled_usd"], expensive["presumed_usd"]) == (0.4, 0.03)
    assert (found["settled_usd"], found["presumed_usd"], found["reserved_usd"]) == (
        pytest.approx(0.495),
        0.03,
        0,
    )
    assert (found["budget_usd"], found["replayed_usd"]) == (1.0, 0)
    assert (cheap["samples_done"], expensive["samples_done"], found["samples"]["done"]) == (9, 4, 13)
    assert (cheap["solved_problems"], expensive["solved_problems"]) == (2, 1)
    assert (expensive["samples_failed"], found["samples"]["failed"]) == (2, 2)
    assert (found["status"], found["reason"]) == ("budget", "the budget is spent")
    assert "settled" not in cheap


def test_a_replayed_model_is_no_money_of_the_budget(db):
    sql(db, "UPDATE model SET replayed = 1 WHERE alias = 'expensive'")
    assert read_status(db)["replayed_usd"] == 0.4
    shown = Watched(db).read()
    assert (shown.settled_pico, shown.replayed_pico, shown.presumed_pico) == (
        9 * CENT + CENT // 2,
        40 * CENT,
        0,
    )


@pytest.mark.parametrize(
    ("kept", "said"), [("running", "interrupted"), ("killed", "interrupted"), ("provider",) * 2]
)
def test_the_end_of_the_last_run_is_the_status(db, kept, said):
    sql(db, "UPDATE run SET status = ?", kept)
    assert read_status(db)["status"] == said


def test_an_imported_ledger_is_complete_and_has_no_budget(tmp_path):
    path = make_ledger(tmp_path / "i.db", {"m": Made({"p": [1]})})
    sql(path, "UPDATE sweep SET budget_pico = NULL")
    assert (read_status(path)["status"], read_status(path)["budget_usd"]) == ("complete", None)
    assert Watched(path).read().budget_pico == 0


def test_watch_shows_the_same_sums(db):
    shown = Watched(db).read()
    cheap, expensive = shown.models
    assert (shown.name, shown.budget_pico, shown.elapsed_s) == ("test", USD, 7)
    assert (shown.settled_pico, shown.presumed_pico, shown.reserved_pico) == (
        49 * CENT + CENT // 2,
        3 * CENT,
        0,
    )
    assert (cheap.done, cheap.verified, cheap.passed, cheap.failed) == (9, 8, 4, 0)
    assert (expensive.done, expensive.verified, expensive.passed, expensive.failed) == (4, 2, 2, 2)
    assert shown.unverified == 3
    assert shown.note == "the budget is spent"
    assert shown.eta_s is None


def test_an_error_that_a_server_answered_is_no_lost_connection(db):
    for status, error in ((None, "Lost"), (502, "Lost"), (502, "Lost"), (429, "RateLimited")):
        sql(
            db,
            "INSERT INTO request (run_id, model_id, problem_id, prompt_id, attempt, n, indices, max_tokens, state, "
            "reserved_pico, presumed_pico, http_status, error, reserved_at) "
            "VALUES (1, 2, 1, 1, 1, 1, '[0]', 9, 'presumed', 0, 1, ?, ?, 0)",
            status,
            error,
        )
    found = {of.error: of.times for of in read_failures(db)}
    assert found == {"Lost": 1, "Lost 502": 2, "RateLimited presumed": 1}
    assert Watched(db).read().models[1].errors == found


def test_problems_of_imported_samples_are_counted(db):
    sql(db, "UPDATE problem SET ordinal = NULL")
    cheap = Watched(db).read().models[0]
    assert (cheap.solved_problems, cheap.problems) == (2, 3)
