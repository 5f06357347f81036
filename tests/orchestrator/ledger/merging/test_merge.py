"""Ledgers of several machines as one: what comes along, what is refused, and that nothing else is touched."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.coverage.stopping import first_success
from orchestrator.ledger.file.lock import acquire
from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.ledger_fixture import Made, make_ledger
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run
from tests.orchestrator.sample_files import exported, records, rows, spend, write

pytestmark = pytest.mark.xdist_group("merge")  # one ledger for all of its tests


def _bought(folder: Path, machine: str, mark: str, problems: int = 3, **keys) -> Path:
    """A ledger of the sweep `test`, whose samples say where they were drawn."""
    vendor = openai_vendor(answer=lambda prompt, index: f"{mark} #### {index}")
    with serving(vendor):
        given: dict[str, Any] = {"samples": 4, **keys}
        sweep = SweepFile({"m": model(vendor, max_n=2)}, problems=problems, **given)
        assert run(sweep.write(folder / machine), folder / machine / "test.db").status == 0
    return folder / machine / "test.db"


@pytest.fixture(scope="module")
def bought(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("machines")
    return _bought(folder, "one", "A"), _bought(folder, "two", "B", problems=5, samples=3)


def _digests(*places: Path) -> dict[str, str]:
    return {
        str(file): sha256(file.read_bytes()).hexdigest()
        for place in places
        for file in place.parent.iterdir()
        if not file.name.endswith(("-shm", "-wal", ".lock"))
    }


def _refused(command, *arguments: str) -> str:
    done = command("merge", "out.db", *arguments)
    assert done.returncode == 2, done
    assert not list(Path().glob("*out.db*"))
    (line,) = done.stderr.splitlines()
    return line


def test_two_machines_samples_come_together(command, bought, tmp_path):
    one, two = bought
    before = _digests(one, two)
    done = command("merge", "out.db", str(one), str(two), "--json")
    assert done.returncode == 0, done.stderr
    assert _digests(one, two) == before
    told = json.loads(done.stdout)
    assert (told["samples"], told["problems"], told["models"]) == (27, 5, {"m": 27})
    there = [*records(one), *records(two)]
    here = records(tmp_path / "out.db")
    assert sorted(row["text"] for row in here) == sorted(row["text"] for row in there)
    assert (
        sum(row["cost_pico"] for row in here)
        == sum(row["cost_pico"] for row in there)
        == told["settled_pico"]
    )
    assert {row["cost_basis"] for row in here} == {"usage"}
    for name in ("passed", "answer", "prompt_tokens", "created_at", "latency_s", "server"):
        assert sorted(map(str, (row[name] for row in here))) == sorted(map(str, (row[name] for row in there)))
    for problem in {row["problem"] for row in here}:
        mine = sorted((row["sample_index"], row["text"][0]) for row in here if row["problem"] == problem)
        assert [index for index, _ in mine] == list(range(len(mine)))
        if problem in (
            "p0",
            "p1",
            "p2",
        ):  # side by side, the first named first; then what only one of them has
            assert "".join(mark for _, mark in mine) == "ABABABA"


def test_the_whole_is_a_sound_ledger(command, bought, tmp_path):
    one, two = bought
    command("merge", "out.db", str(one), str(two))
    for arguments in (["doctor"], ["status"], ["frontier"], ["compare"]):
        done = command(*arguments, "out.db")
        assert done.returncode == 0, done
    # Where the ledgers are read side by side, the same comes out.
    apart = json.loads(command("frontier", str(one), str(two), "--json").stdout)
    merged = json.loads(command("frontier", "out.db", "--json").stdout)
    assert merged["models"]["m"]["coverage"] == apart["models"]["m"]["coverage"]
    assert merged["models"]["m"]["cost_of_pass_usd"] == apart["models"]["m"]["cost_of_pass_usd"]
    told = command("frontier", "out.db").stdout
    assert told.startswith("27 samples (1 model, 5 problems); the merged ledgers paid $")
    (mine,) = json.loads(command("compare", "out.db", "--json").stdout)["models"].values()
    assert mine["requests"] == sum(row["requests"] for db in bought for row in spend(db))
    assert len(exported(command, tmp_path / "out.db")) == 27


def test_what_each_request_was_is_kept(command, bought, tmp_path):
    command("merge", "out.db", *map(str, bought))
    kept = rows(tmp_path / "out.db", "SELECT * FROM merged_request")
    asked = [row for db in bought for row in rows(db, "SELECT * FROM request")]
    assert sorted(row["vendor_request"] for row in kept) == sorted(row["vendor_request"] for row in asked)
    refs = {row["ref"] for row in kept}
    assert {row["request"] for row in records(tmp_path / "out.db")} == refs
    assert {ref.split("#")[0] for ref in refs} == {"test.db", "test.db~2"}
    names = rows(tmp_path / "out.db", "SELECT name, samples, runs FROM merged")
    assert [(row["name"], row["samples"]) for row in names] == [("test.db", 12), ("test.db~2", 15)]
    assert json.loads(names[0]["runs"])[0]["versions"]["manyfew"]


def test_none_of_it_counts_against_a_budget_and_the_sweep_goes_on(command, tmp_path):
    vendor = openai_vendor(answer=lambda prompt, index: f"#### {index}")
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor, max_n=20)}, problems=2, samples=60, budget_usd=1)
        file = sweep.write(tmp_path / "s")
        for name in ("a.db", "b.db"):
            assert run(file, tmp_path / name).status == 0
        assert command("merge", "out.db", "a.db", "b.db").returncode == 0
        paid = sum(row["cost_pico"] for row in records(tmp_path / "out.db"))
        more = SweepFile({"m": model(vendor)}, problems=2, samples=400, budget_usd=paid / 1e12 * 0.9)
        ended = run(more.write(tmp_path / "s"), tmp_path / "out.db")
    here = records(tmp_path / "out.db")
    assert ended.status == 3  # its worst case is above the little budget, which the merged samples left whole
    assert len(here) > 240
    (row,) = spend(tmp_path / "out.db")
    assert row["settled_pico"] == sum(row["cost_pico"] for row in here) - paid > 0
    assert command("doctor", "out.db").returncode == 0
    for problem in ("p0", "p1"):
        indices = sorted(row["sample_index"] for row in here if row["problem"] == problem)
        assert indices == list(range(len(indices)))


def test_another_prompt_by_then_is_refused(command, tmp_path):
    vendor = openai_vendor()
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=2, samples=1)
        for name in ("a.db", "b.db"):
            assert run(sweep.write(tmp_path / "s"), tmp_path / name).status == 0
        assert command("merge", "out.db", "a.db", "b.db").returncode == 0
        sweep.problems = [{"id": "p0", "question": "Another?", "answer": "1"}]
        done = command("run", str(sweep.write(tmp_path / "s")), "--db", "out.db", "--no-progress")
    assert done.returncode == 2
    assert "its samples here come from another prompt" in done.stderr


def test_merged_again(command, bought, tmp_path):
    one, two = bought
    three = _bought(tmp_path, "three", "C")
    command("merge", "half.db", str(one), str(two))
    assert command("merge", "out.db", "half.db", str(three)).returncode == 0
    command("merge", "flat.db", str(one), str(two), str(three))
    whole, flat = records(tmp_path / "out.db"), records(tmp_path / "flat.db")
    assert sorted(row["text"] for row in whole) == sorted(row["text"] for row in flat)
    assert {row["request"] for row in whole} >= {"half.db#test.db#1", "test.db#1"}
    assert {row["ref"] for row in rows(tmp_path / "out.db", "SELECT ref FROM merged_request")} == {
        row["request"] for row in whole
    }
    totals = "SELECT merged_settled_pico, merged_requests, samples FROM model"
    assert rows(tmp_path / "out.db", totals) == rows(tmp_path / "flat.db", totals)
    assert "the same draw" in _refused_at(command, "again.db", "half.db", str(one))


def _refused_at(command, out: str, *arguments: str) -> str:
    done = command("merge", out, *arguments)
    assert (done.returncode, Path(out).exists()) == (2, False)
    return done.stderr


def test_until_solved_stays_unbiased_by_the_first_pass(command, tmp_path):
    """Interleaved, the first pass comes where it would have come, had both drawn side by side."""
    make_ledger(tmp_path / "a.db", {"m": Made({"p": [0, 0, 1], "q": [0, 0]}, mode="until_solved")})
    make_ledger(tmp_path / "b.db", {"m": Made({"p": [0, 1], "q": [0, 0, 0]}, mode="until_solved")})
    with closing(sqlite3.connect("b.db")) as connection, connection:
        connection.execute("UPDATE sample SET created_at = 1")
    assert command("merge", "out.db", "a.db", "b.db").returncode == 0
    (found,) = read_outcomes([tmp_path / "out.db"])
    assert found.first is not None
    assert dict(zip(found.problems, found.first.tolist(), strict=True)) == {"p": 4, "q": 0}
    assert dict(zip(found.problems, found.n.tolist(), strict=True)) == {"p": 5, "q": 5}
    at = first_success(found.first, found.n, np.arange(3, 6)).tolist()
    assert sorted(at) == [[0.0, 0.0, 0.0], [0.0, 1.0, 1.0]]


def test_what_was_billed_for_nothing_comes_along(command, tmp_path):
    for at, name in enumerate(("a.db", "b.db")):
        made = Made({f"p{at}": [1, 0]}, unused_pico=7, presumed_pico=11)
        make_ledger(tmp_path / name, {"m": made})
    with closing(sqlite3.connect("a.db")) as connection, connection:
        connection.execute("UPDATE model SET samples_by_problem = ?", ['{"p0": 9}'])
    assert command("merge", "out.db", "a.db", "b.db").returncode == 0
    assert rows(tmp_path / "out.db", "SELECT samples_by_problem AS s FROM model") == [{"s": '{"p0": 9}'}]
    (merged,) = read_outcomes([tmp_path / "out.db"])
    (apart,) = read_outcomes([tmp_path / "a.db", tmp_path / "b.db"])
    assert (merged.unused, merged.presumed, merged.total_cost) == (14, 22, apart.total_cost)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"name": "other"}, "this is a ledger of the sweep 'other', not of 'test'"),
        ({"max_tokens": 32}, "max_tokens: 64 became 32"),
        ({"sampling": {"temperature": 0.5}}, "params.temperature: not stated became 0.5"),
        (
            {"problems": [{"id": "p0", "question": "Other?", "answer": "0"}]},
            'question: "What is 0 + 0?" there',
        ),
        (
            {"problems": [{"id": "p0", "question": "What is 0 + 0?", "answer": "9"}]},
            'answer: "0" there, "9" here',
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_difference(command, bought, tmp_path, keys, words):
    other = _bought(tmp_path, "other", "C", **{"problems": 2, **keys})
    before = _digests(bought[0], other)
    line = _refused(command, str(bought[0]), str(other))
    assert words in line
    assert str(other) in line
    assert _digests(bought[0], other) == before


def test_another_verifier_is_refused(command, bought, tmp_path):
    other = _bought(tmp_path, "other", "C")
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("UPDATE sweep SET verifier = ?", [json.dumps({"kind": "exact", "options": {}})])
    assert 'kind: "numeric" became "exact"' in _refused(command, str(bought[0]), str(other))


def test_a_copy_is_refused_also_gone_on_with(command, bought, tmp_path):
    one, _ = bought
    assert command("backup", str(one), "copy.db").returncode == 0
    line = _refused(command, str(one), "copy.db")
    assert "the same draw, so that one of them is a copy of the other" in line
    with closing(sqlite3.connect("copy.db")) as connection, connection:  # all but one sample are its own
        connection.execute("UPDATE sample SET text = text || 'x', created_at = created_at + 1 WHERE id > 1")
    assert "the same draw" in _refused(command, str(one), "copy.db")
    assert "is named twice" in _refused(command, str(one), str(one))


@pytest.mark.parametrize(
    ("said", "flags"),
    [
        ({}, ()),
        ({"cost_usd": 0.5}, ()),
        ({"prompt_tokens": 9, "completion_tokens": 1}, ("--price", "m=1/2")),
    ],
    ids=["unknown cost", "stated cost", "computed cost"],
)
def test_one_file_imported_twice_is_refused_and_two_are_not(command, tmp_path, said, flags):
    line = {"model": "m", "problem": "p"} | said
    lines = [line | {"sample_index": at, "text": f"t{at}"} for at in range(3)]
    write(tmp_path / "s.jsonl", *lines)
    write(tmp_path / "s2.jsonl", *({**line, "text": "other", "sweep": "s"} for line in lines))
    for db, file in (("a.db", "s.jsonl"), ("b.db", "s.jsonl"), ("c.db", "s2.jsonl")):
        assert command("import", file, "--db", db, *flags).returncode == 0
    assert "the imported or replayed samples of model 'm' are those of a.db" in _refused(
        command, "a.db", "b.db"
    )
    assert command("merge", "out.db", "a.db", "c.db").returncode == 0
    assert [row["text"] for row in records(tmp_path / "out.db")] == [
        "t0",
        "t1",
        "t2",
        "other",
        "other",
        "other",
    ]


def test_a_run_that_writes_one_is_waited_for(command, bought):
    lock = acquire(bought[0])
    try:
        assert "a running process writes this ledger" in _refused(command, *map(str, bought))
    finally:
        lock.release()


def test_neither_a_target_nor_a_stranger_is_touched(command, bought, tmp_path):
    (tmp_path / "there.db").write_text("mine")
    done = command("merge", "there.db", *map(str, bought))
    assert (done.returncode, (tmp_path / "there.db").read_text()) == (2, "mine")
    (tmp_path / "no.db").write_text("no ledger")
    assert "this is not a ledger" in _refused(command, str(bought[0]), "no.db")
    assert "alone can't be merged" in _refused(command, str(bought[0]))


@pytest.mark.parametrize("at", ["write_samples", "number_anew"])
def test_a_fault_in_the_middle_leaves_nothing(command, bought, monkeypatch, at):
    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(f"orchestrator.ledger.merging.merge.{at}", broken)
    assert "nothing was written: disk I/O error" in _refused(command, *map(str, bought))
