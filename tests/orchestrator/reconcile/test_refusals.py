"""What reconcile does not take, and that nothing is changed then."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from orchestrator.ledger.file.lock import acquire
from tests.loopback.work import Bill
from tests.orchestrator import usage_exports as exports
from tests.orchestrator.presumed_fixture import document, make_presumed, settle
from tests.orchestrator.run.books import check_books, money, one, rows
from tests.orchestrator.run.sweeps import USD

pytestmark = pytest.mark.xdist_group("reconcile_refusals")  # one ledger for all of its tests


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_presumed(tmp_path_factory.mktemp("presumed") / "made")


@pytest.fixture
def db(made, tmp_path):
    return shutil.copy(made.db, tmp_path / "l.db")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--billed", "-1", "--model", "cheap"], "--billed: '-1' is negative"),
        (["--billed", "one", "--model", "cheap"], "isn't an amount of dollars (write it like 1.23)"),
        (["--billed", "nan", "--model", "cheap"], "isn't an amount of dollars"),
        (["--billed", "1e9", "--model", "cheap"], "more than a million dollars"),
        (["--billed", "0", "--model", "cheap"], "is below the $"),
        (["--billed", "0.9", "--model", "cheap"], "above the $"),
        (
            ["--billed", "0.9", "--model", "nobody"],
            "there is no model 'nobody' (of this ledger: cheap, expensive)",
        ),
        (["--billed", "0.9"], "this ledger has several models, and the bill may be for any of them"),
        (["--billed", "1", "--free"], "can't be combined"),
        (["--model", "cheap"], "figures are missing"),
        (["--free", "--since", "yesterday"], "--since: 'yesterday' isn't a time (write it like 2026-11-24"),
        (["--free", "--since", "2026-11-24", "--until", "2026-11-23"], "isn't later than --since"),
        (
            ["--billed", "1", "--model", "cheap", "--until", "2020-01-01"],
            "nothing of cheap is presumed in that time",
        ),
        (["--usage", "missing.csv"], "missing.csv: can't be read: No such file"),
        (["--usage", "."], "can't be read"),
    ],
)
def test_a_figure_that_can_not_be_is_refused(db, command, arguments, said):
    refused(db, command, arguments, said)


FILES = {
    "": "isn't a table: its first line names no columns",
    "model,cost_usd\n": "has no rows",
    "hello": "isn't a table",
    "a,b\n1\n": "has another number of fields",
    "model,colour\nsmall,red\n": "none of its columns is known as dollars or tokens: model, colour",
    "model,cost_usd\nsmall,1\n": "some rows don't state their time",
    "model,usage_date_utc,cost_usd\nsmall,soon,1\n": "row 1: 'soon' isn't a time",
    "model,usage_date_utc,cost_usd\nsmall,2026-11-24,-1\n": "row 1: has a negative amount",
    "model,usage_date_utc,cost,currency\nsmall,2026-11-24,1,CNY\n": "is in CNY, not in US dollars",
    "usage_date_utc,cost_usd\n2026-11-24,1\n": "don't name their model (export it grouped by model",
    "{": "line 1: isn't JSON",
    "[1]": "has no rows",
    '{"data": [], "has_more": true}': "is one page of an export that has more",
    '{"x": NaN}': "NaN isn't a number",
    "[" * 100_000: "isn't JSON",
    '[{"start_time": 0, "end_time": 86400, "results": []}, {"start_time": 3600, "end_time": 7200, "results": []}]': (
        "its buckets of time overlap"
    ),
    "\ud800": "isn't UTF-8 text",
}


@pytest.mark.parametrize("text", FILES)
def test_a_file_that_is_no_export_is_refused(db, command, tmp_path, text):
    (tmp_path / "f").write_bytes(text.encode("utf-8", "surrogatepass"))
    refused(db, command, ["--usage", "f"], FILES[text])


def refused(db, command, arguments, said):
    before = db.read_bytes()
    for more in ([], ["--yes"]):
        done = command("reconcile", str(db), *arguments, *more)
        assert done.returncode == 2, done.stdout
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert db.read_bytes() == before
    error = json.loads(command("reconcile", str(db), *arguments, "--json").stdout)
    assert set(error["error"]) == {"where", "message", "remedy"}


def test_traffic_that_is_not_the_ledgers_is_refused_unless_it_is_another_models(made, db, command, tmp_path):
    spare = Bill(
        request_id="x", prompt="", samples=1, input_tokens=10, cached_tokens=0, output_tokens=10, pico=10**9
    )
    file = exports.openai_costs_json(tmp_path / "f", {**made.bills, "other": [spare]})
    shown = document(command("reconcile", str(db), "--usage", str(file), "--json"))
    assert any("rows of other models, ignored: 1 (other)" in note for note in shown["notes"])
    more = {name: [*bills, *[spare] * 30] for name, bills in made.bills.items()}
    refused(
        db,
        command,
        ["--usage", str(exports.openai_costs_json(tmp_path / "g", more))],
        "it holds other traffic",
    )
    refused(
        db,
        command,
        ["--usage", str(exports.openai_usage_json(tmp_path / "h", more))],
        "it holds other traffic",
    )
    less = {name: bills[:1] for name, bills in made.bills.items()}
    refused(
        db, command, ["--usage", str(exports.openai_costs_json(tmp_path / "i", less))], "isn't complete yet"
    )


def test_an_export_of_another_time_changes_nothing(made, db, command, tmp_path):
    (tmp_path / "f").write_text("model,usage_date_utc,cost_usd\nsmall,2026-01-01,1\n")
    done = settle(command, db, "--usage", "f")
    assert done["applied"] is False
    assert "outside the export's time" in " ".join(done["notes"])
    assert money(db, "cheap").presumed > 0


def test_more_than_was_reserved_only_in_so_many_words(db, command):
    assert command("reconcile", str(db), "--model", "cheap", "--billed", "0.9", "--yes").returncode == 2
    settle(command, db, "--model", "cheap", "--billed", "0.9", "--above-bound")
    check_books(db)
    assert money(db, "cheap").settled == 9 * USD // 10


def test_a_ledger_that_a_run_holds_is_only_looked_at(db, command):
    lock = acquire(db)
    try:
        done = command("reconcile", str(db), "--free", "--yes")
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert "another process writes this ledger" in done.stderr
        assert command("reconcile", str(db)).returncode == 0
    finally:
        lock.release()


def test_all_or_nothing(db, command):
    """The last statement fails, as on a full disk: the ledger is as it was."""
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON model BEGIN SELECT raise(ABORT, 'disk is full'); END"
        )
    before = [tuple(row) for row in rows(db, "SELECT * FROM request")]
    done = command("reconcile", str(db), "--free", "--yes")
    assert (done.returncode, "disk is full" in done.stderr) == (2, True)
    assert [tuple(row) for row in rows(db, "SELECT * FROM request")] == before
    assert one(db, "SELECT count(*) FROM reconciliation") == one(db, "SELECT count(*) FROM reconciled") == 0


def test_what_was_not_spent_is_never_reconciled(command, tmp_path):
    (tmp_path / "s.jsonl").write_text('{"model": "m", "problem": "p", "sample_index": 0}\n')
    assert command("import", "s.jsonl", "--db", "l.db").returncode == 0
    done = command("reconcile", "l.db", "--model", "m", "--free")
    assert (done.returncode, "has made no request here" in done.stderr) == (2, True)
    assert "Nothing is presumed" in command("reconcile", "l.db").stdout
