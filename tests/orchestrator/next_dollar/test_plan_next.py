"""`plan DB --next`: what further money narrows, said and bought."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from contextlib import closing

import numpy as np
import pytest

from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger

TEXT = """
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
[models."the expensive"]
provider = "openai-compatible"
model = "m"
base_url = "http://127.0.0.1:1/v1"
price = { input = 20.0, output = 20.0 }
budget_usd = 5.0
"""
PROBLEMS = 24


def ran(path, text):
    """Keeps the sweep file and a run, as a run does."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO sweep_file VALUES (1, 1, 'x', ?, 0)", (text,))
        connection.execute(
            "INSERT INTO run (sweep_file_id, budget_pico, started_at, ended_at, status, pid, host, versions) "
            "VALUES (1, ?, 0, 1, 'complete', 1, 'h', '{}')",
            (9 * USD,),
        )


@pytest.fixture
def ledger(tmp_path):
    generator = np.random.default_rng(5)
    rates = generator.beta(0.5, 3, PROBLEMS)
    keys = [f"p.{at}" for at in range(PROBLEMS)]
    passes = [generator.binomial(30, np.minimum(rates * factor, 0.95)) for factor in (1, 3)]
    models = {
        alias: Made(
            {key: counted(30, int(c)) for key, c in zip(keys, found, strict=True)},
            cost_pico=cost,
            definition=None,
        )
        for alias, found, cost in zip(
            ("cheap", "the expensive"), passes, (USD // 10_000, USD // 500), strict=True
        )
    }
    path = make_ledger(tmp_path / "a.db", models)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('UPDATE model SET definition = \'{"mode": "uniform"}\'')
    ran(path, TEXT)
    rows = ({"id": key, "question": "?", "answer": "1"} for key in keys)
    (tmp_path / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_it_says_what_narrows_and_writes_the_sweep_that_buys_it(command, tmp_path, ledger):
    done = command("plan", "a.db", "--next", "0.5", "-o", "next.toml", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["comparison"]["cheap"], said["comparison"]["cheap_k"]) == ("cheap", 20)
    assert (said["comparison"]["expensive"], said["comparison"]["expensive_k"]) == ("the expensive", 1)
    width, over = said["half_width"], said["half_width_over_problems"]
    assert 0 < width["planned"] < width["uniform"] < width["now"]
    assert over["limit"] < over["planned"] < over["now"]
    assert width["now"] < over["now"]
    assert 0.45 < said["expected_usd"] <= 0.5

    sweep = tomllib.loads((tmp_path / "next.toml").read_text())
    with closing(sqlite3.connect(ledger)) as connection:
        (held,) = connection.execute("SELECT sum(settled_pico) FROM model").fetchone()
    assert sweep["budget_usd"] == pytest.approx(held / USD + 0.5)
    for alias, model in sweep["models"].items():
        wanted = {row["problem"]: row["samples"] for row in said["models"][alias]["by_problem"]}
        assert model["samples_by_problem"] == wanted
        assert model["samples"] == 30
        assert "budget_usd" not in model

    planned = command("plan", "next.toml", "--db", "a.db", "--json")
    assert planned.returncode == 0, planned.stderr
    models = json.loads(planned.stdout)["models"]
    bought = {alias: model["samples"] for alias, model in said["models"].items() if model["samples"]}
    assert {alias: model["samples"] for alias, model in models.items()} == bought


def test_more_money_narrows_more_and_the_text_says_it(command, ledger):
    widths = [
        json.loads(command("plan", "a.db", "--next", money, "--json").stdout)["half_width"]["planned"]
        for money in ("0.05", "0.5", "5")
    ]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 3
    # there are 24 problems x 30 samples at $0.0001 and at $0.002: $1.512
    parts = [
        json.loads(command("plan", "a.db", "--next", money, "--json").stdout)["parts"]
        for money in ("1.5", "1.6", "50")
    ]
    assert parts == [1, 2, 4]
    assert "spent in 2 parts (--next 0.80" in command("plan", "a.db", "--next", "1.6").stdout
    text = command("plan", "a.db", "--next", "$0.50").stdout
    assert "parts" not in text
    assert "more samples of" in text
    assert "if spent evenly" in text


def test_it_never_overwrites(command, tmp_path, ledger):
    (tmp_path / "next.toml").write_text("mine")
    done = command("plan", "a.db", "--next", "1", "-o", "next.toml")
    assert done.returncode == 2
    assert (tmp_path / "next.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("a.db", "--next", "0"), "--next"),
        (("a.db", "--next", "-1"), "--next"),
        (("a.db", "--next", "much"), "--next"),
        (("a.db", "--next", "1", "--pair", "cheap", "nobody"), "'nobody'"),
        (("a.db", "--next", "1", "--pair", "cheap", "cheap"), "two models"),
        (("a.db", "--next", "0.00001", "-o", "x.toml"), "buy not one"),
        (("missing.db", "--next", "1"), "missing.db"),
        (("a.db", "-o", "x.toml"), "--next"),
    ],
)
def test_what_makes_no_sense_is_one_line(command, ledger, tmp_path, arguments, word):
    done = command("plan", *arguments)
    assert done.returncode == 2
    assert word in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "x.toml").exists()


def test_an_imported_ledger_and_one_of_two_modes_are_refused(command, tmp_path, ledger):
    make_ledger(tmp_path / "b.db", {"m": Made({"p": [1]}, definition=None)})
    assert "no run made" in command("plan", "b.db", "--next", "1").stderr
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute(
            "UPDATE model SET definition = '{\"mode\": \"until_solved\"}' WHERE alias = 'cheap'"
        )
    assert "until solved and the other" in command("plan", "a.db", "--next", "1").stderr


def stopped(path, cap):
    """Asked until solved, `cap[alias]` times at most, at rates that both share."""
    generator = np.random.default_rng(8)
    rates = generator.beta(0.5, 3, PROBLEMS)
    models = {}
    for alias, factor, cost in (("cheap", 1, USD // 10_000), ("the expensive", 3, USD // 500)):
        first = generator.geometric(np.clip(rates * factor, 1e-6, 0.95))
        passed = {
            f"p.{at}": [0] * (int(t) - 1) + [1] if t <= cap[alias] else [0] * cap[alias]
            for at, t in enumerate(first)
        }
        models[alias] = Made(passed, cost_pico=cost, mode="until_solved", definition={"mode": "until_solved"})
    return models


def test_of_models_asked_until_solved_the_unsolved_problems_go_on(command, tmp_path, ledger):
    ledger.unlink()
    models = stopped(ledger, {"cheap": 12, "the expensive": 3})
    make_ledger(ledger, models)
    text = TEXT.replace("samples = 30", 'samples = 30\nmode = "until_solved"')
    ran(ledger, text)
    done = command("plan", "a.db", "--next", "0.02", "-o", "next.toml", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["comparison"]["stop"] == "first_success"
    assert (said["comparison"]["cheap_k"], said["comparison"]["expensive_k"]) == (60, 3)
    width = said["half_width"]
    assert 0 < width["planned"] < width["uniform"] <= width["now"]
    assert said["half_width_over_problems"]["limit"] < said["half_width_over_problems"]["planned"]
    assert 0 < said["expected_usd"] <= 0.02 < said["settles_all_usd"]
    unsolved = {key for key, passed in models["cheap"].passed.items() if not sum(passed)}
    rows = said["models"]["cheap"]["by_problem"]
    assert {row["problem"] for row in rows} < unsolved
    assert max(row["samples"] for row in rows) == 60
    assert said["models"]["the expensive"]["samples"] == 0  # known as far as it is compared

    sweep = tomllib.loads((tmp_path / "next.toml").read_text())
    assert list(sweep["models"]) == ["cheap"]
    planned = command("plan", "next.toml", "--db", "a.db", "--json")
    assert planned.returncode == 0, planned.stderr
    asked = json.loads(planned.stdout)["models"]["cheap"]["samples"]
    assert asked == said["models"]["cheap"]["samples"]  # solved and other problems ask no more

    wide = json.loads(command("plan", "a.db", "--next", "50", "--json").stdout)
    assert wide["comparison"]["expensive_k"] > 3
    assert wide["half_width"]["planned"] == pytest.approx(0.0, abs=1e-9)
    text = command("plan", "a.db", "--next", "0.02").stdout
    assert "more attempts at" in text
    assert "unsolved problems" in text


def test_where_all_is_solved_only_other_problems_tell_more(command, tmp_path):
    passed = {f"p.{at}": [0] * at + [1] for at in range(4)}
    models = {
        alias: Made(passed, cost_pico=cost, mode="until_solved", definition={"mode": "until_solved"})
        for alias, cost in (("cheap", USD // 10_000), ("the expensive", USD // 500))
    }
    path = make_ledger(tmp_path / "s.db", models)
    ran(path, TEXT)
    (tmp_path / "problems.jsonl").write_text(
        "".join(json.dumps({"id": key, "question": "?", "answer": "1"}) + "\n" for key in passed)
    )
    done = command("plan", "s.db", "--next", "1")
    assert done.returncode == 2
    assert "limit in [problems]" in done.stderr


def test_no_sweep_is_written_that_asks_a_recording_for_more(command, ledger, tmp_path):
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE sweep_file SET text = replace(text, 'openai-compatible', 'replay')")
    done = command("plan", str(ledger), "--next", "0.5", "-o", "next.toml")
    assert done.returncode == 2
    assert "plays back a recording" in done.stderr
    assert not (tmp_path / "next.toml").exists()
    assert command("plan", str(ledger), "--next", "0.5").returncode == 0
