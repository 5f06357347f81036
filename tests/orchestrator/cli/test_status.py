"""`manyfew status` as people and programs run it."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger


@pytest.fixture
def ledger(tmp_path):
    made = {
        "cheap": Made({f"p{i}": counted(4, i % 2) for i in range(5)}, USD // 1000),
        "dear": Made({f"p{i}": counted(1, 1) for i in range(5)}, USD // 100, presumed_pico=USD // 50),
    }
    return make_ledger(tmp_path / "l.db", made)


def test_text_says_samples_solved_and_money(command, ledger):
    done = command("status", str(ledger))
    assert done.returncode == 0
    assert "25 of 25 samples (100%)" in done.stdout
    assert "presumed" in done.stdout
    assert "retries" not in done.stdout, "no model has any"
    assert "$0.07 settled + $0.02 presumed + $0 reserved, budget $1.00" in done.stdout


def test_json_is_the_contract_s(command, ledger):
    document = json.loads(command("status", str(ledger), "--json").stdout)
    assert document["status"] == "complete"
    assert document["samples"] == {"planned": 25, "done": 25, "failed": 0}
    assert (document["budget_usd"], document["settled_usd"], document["presumed_usd"]) == (1.0, 0.07, 0.02)
    cheap = document["models"]["cheap"]
    assert {"samples_done", "samples_planned", "settled_usd", "presumed_usd", "requests", "retries"} <= set(
        cheap
    )
    assert cheap["solved_problems"] == 2


def test_hostile_names_and_reasons_never_reach_the_terminal(command, ledger):
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute(
            "UPDATE model SET alias = ?, stopped = ? WHERE id = 1", ("a\x1b[31m[bold]b", "x\x07y")
        )
    done = command("status", str(ledger))
    assert done.returncode == 0
    assert not {"\x1b", "\x07"} & set(done.stdout)
    assert "[bold]" in done.stdout, "the alias is text, not markup"


def test_a_file_that_is_no_ledger_is_one_line(command, tmp_path):
    (tmp_path / "x.db").write_text("hello")
    done = command("status", "x.db")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "this is not a ledger" in done.stderr
