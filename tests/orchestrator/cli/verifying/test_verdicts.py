"""Sets of verdicts: made, completed, compared, made current; nothing is ever replaced."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.verdict_sets.change import WantedSet, begin_set
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.ledger.file.test_migrate import RELEASED, _load
from tests.orchestrator.run.books import check_books
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run
from tests.orchestrator.sample_files import LINE, records, rows, write

ANSWERS = ["#### {0}", "it is {0}", "#### {0}.0", "#### -1"]
"""Right for numeric: the first three. For regex with "#### (.*)": the first alone."""
REGEX = ("--verifier", "regex", "--option", "pattern=#### (.*)")


def _answer(prompt: str, index: int) -> str:
    number = int(prompt.split("What is ")[1].split(" ")[0])
    return ANSWERS[index % 4].format(2 * number)


def _sweep(vendor, **keys) -> SweepFile:
    return SweepFile({"m": model(vendor, max_n=1)}, problems=3, samples=4, **keys)


@pytest.fixture
def ledger(tmp_path) -> Path:
    db = tmp_path / "l.db"
    vendor = openai_vendor(answer=_answer)
    with serving(vendor):
        assert run(_sweep(vendor).write(tmp_path), db).status == 0
    return db


def _verdicts(db: Path) -> list[object]:
    found = sorted(records(db), key=lambda row: (row["problem"], row["sample_index"]))
    return [(row["passed"], row["score"], row["answer"]) for row in found]


def _json(command, *arguments: str):
    done = command(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_further_set_is_current_and_says_how_it_differs(ledger, command):
    numeric = _verdicts(ledger)
    found = _json(command, "verify", str(ledger), *REGEX, "--as", "marked")
    assert set(found) - {"reasons", "missing_packages"} == {
        *("name", "kind", "version", "judged", "right", "wrong", "no_verdict", "before", "agreement")
    }
    assert (found["name"], found["kind"], found["judged"]) == ("marked", "regex", 12)
    assert (found["right"], found["wrong"], found["no_verdict"]) == (3, 9, 0)
    assert found["before"] == {"name": "numeric", "right": 9}
    assert found["agreement"] == {"both": 3, "only_this": 0, "only_before": 6, "neither": 3}
    assert sum(row["passed"] for row in records(ledger)) == 3
    marked = _verdicts(ledger)
    document = _json(command, "verdicts", str(ledger), "--use", "numeric")
    assert document["current"] == "numeric"
    assert [(one["name"], one["right"]) for one in document["sets"]] == [("numeric", 9), ("marked", 3)]
    assert document["agreement"] == [
        {"this": "numeric", "before": "marked", "both": 3, "only_this": 6, "only_before": 0, "neither": 3}
    ]
    assert _verdicts(ledger) == numeric
    command("verdicts", str(ledger), "--use", "marked")
    assert _verdicts(ledger) == marked
    check_books(ledger)


def test_the_line_that_goes_back_goes_back(ledger, command):
    done = command("verify", str(ledger), *REGEX, "--as", "two words")
    assert "Right by two words: 3. Right by numeric: 9." in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if "manyfew verdicts" in line]
    back = command(*line.partition("manyfew ")[2].split())
    assert back.returncode == 0
    assert "numeric (current)" in back.stdout
    assert "--use 'two words'" in back.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--verifier", "numeric", "--option", "tolerance=1"),
        ("--option", "tolerance=1"),
        (*REGEX, "--as", "numeric"),
        (*REGEX, "--as", " "),
        (*REGEX, "--as", "a\nb"),
    ],
)
def test_a_taken_name_is_refused_and_nothing_changes(ledger, command, arguments):
    before = _verdicts(ledger), _json(command, "verdicts", str(ledger))
    done = command("verify", str(ledger), *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "--as" in done.stderr
    assert (_verdicts(ledger), _json(command, "verdicts", str(ledger))) == before


def test_a_stated_default_is_no_other_option(ledger, command):
    found = _json(command, "verify", str(ledger), "--verifier", "numeric", "--option", "rule=final")
    assert (found["name"], found["judged"], found["before"]) == ("numeric", 0, None)
    assert set(found["agreement"].values()) == {0}


def test_a_set_is_completed_without_saying_it_again(ledger, command, tmp_path):
    _json(command, "verify", str(ledger), *REGEX, "--as", "marked")
    vendor = openai_vendor(answer=_answer)
    with serving(vendor):
        sweep = _sweep(vendor)
        sweep.samples = 8
        done = run(sweep.write(tmp_path), ledger)
        assert done.status == 0
        assert any("To go back: manyfew verdicts" in line for line in done.result.warnings)
    document = _json(command, "verdicts", str(ledger))
    assert document["current"] == "numeric"
    assert [one["no_verdict"] for one in document["sets"]] == [0, 12]
    found = _json(command, "verify", str(ledger), "--as", "marked")
    assert (found["kind"], found["judged"], found["right"], found["no_verdict"]) == ("regex", 12, 6, 0)


def test_other_options_in_the_sweep_are_another_set(ledger, command, tmp_path):
    before = _verdicts(ledger)
    vendor = openai_vendor(answer=_answer)
    with serving(vendor):
        changed = _sweep(vendor, verifier={"kind": "numeric", "tolerance": 1}).write(tmp_path)
        with pytest.raises(InputError) as refused:
            run(changed, ledger)
        assert 'name = "strict" in [verifier]' in str(refused.value)
        assert not vendor.seen
        assert _verdicts(ledger) == before
        named = {"kind": "numeric", "tolerance": 1, "name": "near"}
        assert run(_sweep(vendor, verifier=named).write(tmp_path), ledger).status == 0
    document = _json(command, "verdicts", str(ledger))
    assert document["current"] == "near"
    assert [one["right"] for one in document["sets"]] == [9, 10]


def test_another_version_keeps_the_former_ones_verdicts(ledger, command):
    before = _verdicts(ledger)
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE verdict_set SET version = '0'")
        connection.execute("UPDATE sample SET verifier = 'numeric/0'")
    done = command("verify", str(ledger), "--verifier", "numeric")
    assert "12 samples judged" in done.stdout
    assert "kept as the set numeric@0" in done.stdout
    command("verdicts", str(ledger), "--use", "numeric@0")
    assert _verdicts(ledger) == before


def test_verdicts_of_no_set_are_kept_all_the_same(ledger):
    """A ledger may hold verdicts of several verifiers, from before there were sets."""
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("DELETE FROM verdict_set")
        connection.execute("UPDATE sample SET verifier = 'regex/7' WHERE sample_index = 0")
        wanted = WantedSet(name="numeric", kind="numeric", version="2", options={}, where="", remedy="")
        change = begin_set(connection, wanted)
        assert change.now.current
    assert rows(ledger, "SELECT name, version, current FROM verdict_set") == [
        {"name": "numeric", "version": "2", "current": 1},
        {"name": "regex", "version": "7", "current": 0},
    ]
    assert rows(ledger, "SELECT count(*) AS n, sum(passed) AS c FROM set_verdict") == [{"n": 3, "c": 3}]


def test_imported_verdicts_are_a_set_of_their_own(ledger, command, tmp_path):
    write(
        tmp_path / "a.jsonl", *[{**LINE, "sample_index": i, "passed": i % 2, "text": "x"} for i in range(4)]
    )
    assert command("import", "a.jsonl", "--db", "a.db").returncode == 0
    document = _json(command, "verdicts", "a.db")
    assert [(one["name"], one["right"], one["current"]) for one in document["sets"]] == [
        ("imported", 2, True)
    ]
    assert command("import", "a.jsonl", "--db", str(ledger)).returncode == 0
    document = _json(command, "verdicts", str(ledger))
    assert [(one["name"], one["right"], one["no_verdict"]) for one in document["sets"]] == [
        ("numeric", 9, 4),
        ("imported", 2, 12),
    ]


def test_merged_ledgers_keep_their_sets(ledger, command, tmp_path):
    vendor = openai_vendor(answer=lambda _, index: f"other {index} #### 0")
    with serving(vendor):
        sweep = _sweep(vendor).write(tmp_path / "two")
        assert run(sweep, tmp_path / "two.db").status == 0
    for db in (ledger, tmp_path / "two.db"):
        _json(command, "verify", str(db), *REGEX, "--as", "marked")
    command("verdicts", "two.db", "--use", "numeric")
    refused = command("merge", "out.db", str(ledger), "two.db")
    assert refused.returncode == 2
    assert "its current set of verdicts is 'numeric'" in refused.stderr
    command("verdicts", "two.db", "--use", "marked")
    assert command("merge", "out.db", str(ledger), "two.db").returncode == 0
    parts = [_json(command, "verdicts", str(db))["sets"] for db in (ledger, "two.db")]
    merged = _json(command, "verdicts", "out.db")
    assert merged["current"] == "marked"
    right = {one["name"]: one["right"] for one in merged["sets"]}
    assert right == {one["name"]: one["right"] + other["right"] for one, other in zip(*parts, strict=True)}
    assert command("doctor", "out.db").returncode in (0, 1)


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: f"schema {file.stem}")
def test_a_released_ledger_s_verdicts_are_one_set(file, tmp_path, command):
    db = _load(file, tmp_path / "a.db")
    before = _verdicts(db)
    read = _json(command, "verdicts", "a.db")
    (only,) = read["sets"]
    assert only["current"]
    assert (
        only["name"] == only["kind"] == rows(db, "SELECT verifier FROM sample")[0]["verifier"].split("/")[0]
    )
    done = _json(command, "verdicts", "a.db", "--use", only["name"])
    assert done == read
    assert _verdicts(db) == before


def test_an_unknown_set_is_one_line_that_names_those_there(ledger, command):
    done = command("verdicts", str(ledger), "--use", "nope")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "'numeric'" in done.stderr


def test_a_ledger_without_verdicts_says_how_to_make_some(command, tmp_path):
    write(tmp_path / "a.jsonl", LINE)
    command("import", "a.jsonl", "--db", "a.db")
    done = command("verdicts", "a.db")
    assert (done.returncode, "manyfew verify a.db" in done.stdout) == (0, True)
