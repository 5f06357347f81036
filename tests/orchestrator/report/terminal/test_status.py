"""`manyfew status` as people and programs run it."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def ledger(tmp_path):
    made = {
        "cheap": Made({f"p{i}": counted(4, i % 2) for i in range(5)}, USD // 1000),
        "expensive": Made({f"p{i}": counted(1, 1) for i in range(5)}, USD // 100, presumed_pico=USD // 50),
    }
    return make_ledger(tmp_path / "l.db", made)


def test_text_says_samples_solved_and_money(command, ledger):
    done = command("status", str(ledger))
    assert done.returncode == 0
    assert "25 of 25 samples (100%)" in done.stdout
    assert "presumed" in done.stdout
    assert "retries" not in done.stdout, "no model has any"
    assert "$0.07 settled + $0.02 presumed + $0 reserved, budget $1.00" in done.stdout


def test_coverage_pass_rate_and_what_failed_are_told_as_in_the_run(command, ledger):
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute(
            "INSERT INTO sweep_file (id, sweep_id, sha256, text, read_at) VALUES (1, 1, 'x', '', 0)"
        )
        connection.execute(
            "INSERT INTO run (id, sweep_file_id, budget_pico, started_at, ended_at, status, pid, host, versions) "
            "VALUES (1, 1, 1, 0, 1, 'complete', 1, 'h', '{}')"
        )
        connection.execute("INSERT INTO prompt (id, sha256, body) VALUES (1, 'x', '{}')")
        connection.execute(
            "INSERT INTO request (run_id, model_id, problem_id, prompt_id, attempt, n, indices, max_tokens, state, "
            "reserved_pico, presumed_pico, error, reserved_at) VALUES (1, 1, 1, 1, 1, 1, '[0]', 9, 'presumed', 5, 5, "
            "'Lost', 0)"
        )
        connection.execute("UPDATE sample SET passed = NULL WHERE model_id = 1 AND sample_index = 0")
    lines = command("status", str(ledger)).stdout.splitlines()
    (names,) = [line.split() for line in lines if line.startswith("model")]
    (cheap,) = [line.split() for line in lines if line.startswith("cheap")]
    told = dict(zip(names, cheap, strict=True))
    assert (told["solved"], told["coverage"], told["pass"]) == ("2/5", "40.0%", "13.3%")
    assert "Failed requests: connection lost ×1 (counted at worst case)." in lines
    assert "5 samples wait for a verdict." in lines


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


@pytest.mark.parametrize(
    "words", [["status", "{db}"], ["status", "{db}", "--json"], ["status", "--json", "{db}"]]
)
def test_as_it_is_typed_it_needs_no_parser(ledger, words):
    """Its start is most of what it takes: typer and what that brings are not imported, nor numpy, nor the SDKs."""
    words = [word.format(db=ledger) for word in words]
    code = (
        "import sys\nfrom manyfew.__main__ import main\n"
        f"sys.argv = ['manyfew', *{words!r}]\n"
        "try: main()\n"
        "finally: print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "sqlite3" in loaded
    assert not {"typer", "click", "pydantic", "numpy", "aiohttp", "asyncio"} & loaded
    assert ("rich" in loaded) is ("--json" not in words)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["{db}", "--jsonn"], 2),
        (["{db}", "{db}"], 2),
        ([], 2),
        ([""], 2),
        (["--help"], 0),
        (["--", "{db}"], 0),
        (["{db}", "--json", "--json"], 0),
    ],
)
def test_any_other_words_are_answered_as_ever(command, ledger, words, status):
    done = command("status", *(word.format(db=ledger) for word in words))
    assert done.returncode == status
    assert (done.stdout == "") is (status == 2)
    assert len(done.stderr.splitlines()) == (1 if status else 0)
