"""A damaged row: `doctor` names it, and whatever command meets it says so in one line."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.ledger.reading.damaged_rows import damage_of
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run

pytestmark = pytest.mark.slow

SEED = 14
OF_CHEAP = "(SELECT max(s.id) FROM sample AS s JOIN model ON model.id = s.model_id WHERE alias = 'cheap')"
CASES = 25
COMMANDS = (
    *(("status", "a.db"), ("status", "a.db", "--json"), ("frontier", "a.db", "--json"), ("compare", "a.db")),
    *(
        ("export", "a.db", "--format", "jsonl", "-o", "OUT"),
        ("export", "a.db", "--format", "bundle", "-o", "OUT"),
    ),
    *(("reprice", "a.db", "--price", "cheap=1/2"), ("reprice", "a.db", "OUT", "--price", "cheap=1/2")),
    *(("reconcile", "a.db"), ("backup", "a.db", "OUT"), ("plan", "a.db", "--next", "1")),
    *(("merge", "OUT", "a.db", "b.db"), ("plan", "sweep.toml", "--db", "a.db"), ("doctor", "a.db")),
)
VALUES = {
    "INTEGER": ("-1", "9007199254740993000"),
    "REAL": ("-1.0", "9e999"),
    "TEXT": ("'{'", "'[]'", "'null'", "CAST(x'ff' AS TEXT)"),
}


@pytest.fixture(scope="module")
def bought(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bought")
    cheap = openai_vendor(answer=lambda _, index: f"#### {index % 3}")
    expensive = openai_vendor()
    with serving(cheap, expensive):
        models = {"cheap": model(cheap, max_n=2), "expensive": model(expensive, samples=1)}
        path = SweepFile(models, problems=3, samples=4).write(folder)
        assert run(path, folder / "a.db").status == 0
    return folder


@pytest.fixture
def here(bought, tmp_path) -> Path:
    for name in ("sweep.toml", "problems.jsonl", "a.db"):
        (tmp_path / name).write_bytes((bought / name).read_bytes())
    (tmp_path / "b.db").write_bytes((bought / "a.db").read_bytes())
    return tmp_path / "a.db"


def change(db: Path, sql: str) -> None:
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(sql)


@pytest.mark.parametrize(
    ("column", "by"),
    [("completion_tokens", 5), ("completion_tokens", -1), ("prompt_tokens", 1), ("cached_tokens", 1)],
)
def test_tokens_that_do_not_add_up_are_found_and_named(here, command, column, by):
    change(here, "UPDATE sample SET token_basis = 'split'")
    assert damage_of(here) is None
    change(here, f"UPDATE sample SET {column} = {column} + {by} WHERE id = {OF_CHEAP}")
    done = command("doctor", "a.db", "--json")
    assert done.returncode == 1
    (found,) = [one for one in json.loads(done.stdout)["findings"] if one["topic"] == "rows"]
    assert found["state"] == "missing"
    assert "its samples' tokens" in found["text"]
    assert "don't add up to its own" in found["text"]


def test_reprice_of_tokens_that_do_not_add_up_is_one_line(here, command):
    change(here, f"UPDATE sample SET completion_tokens = completion_tokens + 5 WHERE id = {OF_CHEAP}")
    done = command("reprice", "a.db", "--price", "cheap=1/2")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "the ledger is damaged: request " in done.stderr
    assert "manyfew doctor a.db" in done.stderr
    document = json.loads(command("reprice", "a.db", "--price", "cheap=1/2", "--json").stdout)
    assert document["error"]["where"] == "a.db"


def _cases(db: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(db)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        filled = [
            table for table in tables if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
        ]
        return [
            (table, row[1], value)
            for table in filled
            for row in connection.execute(f"PRAGMA table_info({table})")
            for value in VALUES.get(row[2], ())
        ]


@pytest.mark.parametrize("at", range(CASES))
def test_whatever_is_damaged_is_one_line(here, tmp_path, command, at):
    """Drawn from every column of every table; each command, whether it reads that column or not."""
    table, column, value = random.Random(SEED).sample(_cases(here), CASES)[at]
    try:
        change(here, f"UPDATE {table} SET {column} = {value} WHERE rowid = (SELECT max(rowid) FROM {table})")
    except sqlite3.IntegrityError:
        pytest.skip("SQLite itself refuses it")
    for number, words in enumerate(COMMANDS):
        done = command(*[str(tmp_path / f"out{number}") if word == "OUT" else word for word in words])
        assert done.returncode in (0, 1, 2), (table, column, value, words, done.stderr)
        assert "Traceback" not in done.stderr, (table, column, value, words, done.stderr)
        if done.returncode == 2:
            assert done.stderr.count("\n") == 1, done.stderr


def test_an_error_of_ours_stays_one(here, command, monkeypatch):
    """A ledger without a damaged row is not blamed."""

    def broken(*_: object) -> None:
        raise KeyError("of ours")

    monkeypatch.setattr("orchestrator.ledger.reading.money.model_costs.read_model_costs", broken)
    done = command("compare", "a.db")
    assert done.returncode == 1
    assert "this is a bug in manyfew: KeyError" in done.stderr


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE request SET reserved_at = -1", "its reserved_at is no time"),
        ("UPDATE request SET reserved_at = 1e12", "its reserved_at is no time"),
        ("UPDATE sample SET latency_s = -0.5", "its latency_s is no duration"),
        ("UPDATE sample SET latency_s = 1e11", "its latency_s is no duration"),
        ("UPDATE sample SET answer = CAST(x'ff' AS TEXT)", "its answer is not text"),
        ("UPDATE model SET price = '{}' WHERE alias = 'cheap'", "its price is none"),
        ("UPDATE sample SET problem_id = 999 WHERE id = (SELECT min(id) FROM sample)", "its problem is gone"),
        ("UPDATE sample SET text = CAST(x'ff' AS TEXT)", None),
        ("UPDATE sample SET latency_s = 0", None),
    ],
)
def test_each_kind_of_damage_is_named_and_a_models_words_are_none(here, sql, said):
    change(here, sql)
    found = damage_of(here)
    assert found is None if said is None else said in (found or "")
