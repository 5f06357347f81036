"""Into a ledger: what a line may say, and that one bad line changes nothing."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.ledger.exporting.samples import Records, write_jsonl
from orchestrator.ledger.file.lock import acquire
from orchestrator.ledger.importing.costs import Cost
from orchestrator.ledger.importing.formats.own_lines import read_line
from orchestrator.ledger.importing.samples import import_samples
from orchestrator.ledger.importing.stage import RECORDS, Stage
from tests.orchestrator.ledger_fixture import Made, make_ledger
from tests.orchestrator.sample_files import LINE, buy, key, objects, records, rows, spend, write


@pytest.fixture(scope="module")
def bought(tmp_path_factory) -> Path:
    return buy(tmp_path_factory.mktemp("bought"))


def test_three_columns_are_enough(command, tmp_path):
    write(tmp_path / "mine.v2.jsonl", LINE, {**LINE, "sample_index": 1})
    assert command("import", "mine.v2.jsonl", "--db", "new/a.db").returncode == 0
    (first, second) = records(tmp_path / "new/a.db")
    assert (first["sweep"], first["text"], first["cost_pico"], first["passed"]) == ("mine.v2", "", None, None)
    assert (first["cost_basis"], first["stop_rule"]) == ("none", "none")
    assert second["sample_index"] == 1
    assert second["created_at"] > 1.7e9


def test_dollars_become_pico_dollars_by_their_digits(command, tmp_path):
    # None of these is a double: 0.1 + 0.2 would show, and so would the last digit of the third.
    usd = ["0.3", "0.000000000001", "123456.123456789012", "1e-4", "7", "0.0000000000004"]
    lines = [
        f'{{"model": "m", "problem": "p", "sample_index": {i}, "cost_usd": {x}}}' for i, x in enumerate(usd)
    ]
    write(tmp_path / "a.jsonl", *lines)
    assert command("import", "a.jsonl", "--db", "a.db").returncode == 0
    assert [row["cost_pico"] for row in records(tmp_path / "a.db")] == [
        300_000_000_000,
        1,
        123_456_123_456_789_012,
        100_000_000,
        7 * 10**12,
        0,
    ]


def test_dollars_and_pico_dollars_may_both_be_there_where_they_agree(command, tmp_path):
    pico = 123_456_789_012_345_678
    write(tmp_path / "a.jsonl", {**LINE, "cost_usd": pico / 1e12, "cost_pico": pico})
    assert command("import", "a.jsonl", "--db", "a.db").returncode == 0
    assert records(tmp_path / "a.db")[0]["cost_pico"] == pico


BAD = {
    "negative index": {**LINE, "sample_index": -1},
    "half an index": {**LINE, "sample_index": 0.5},
    "index as text": {**LINE, "sample_index": "0"},
    "index true": {**LINE, "sample_index": True},
    "index beyond": {**LINE, "sample_index": 10**30},
    "index many digits": '{"model": "m", "problem": "p", "sample_index": ' + "9" * 5000 + "}",
    "index exponent": '{"model": "m", "problem": "p", "sample_index": 1e999999999}',
    "exponent of no number": '{"model": "m", "problem": "p", "sample_index": 1e99999999999999999999}',
    "no index": {"model": "m", "problem": "p"},
    "no model": {"problem": "p", "sample_index": 0},
    "null model": {**LINE, "model": None},
    "empty model": {**LINE, "model": ""},
    "model a number": {**LINE, "model": 7},
    "no problem": {"model": "m", "sample_index": 0},
    "problem a list": {**LINE, "problem": ["p"]},
    "negative cost": {**LINE, "cost_pico": -1},
    "negative dollars": {**LINE, "cost_usd": -0.01},
    "cost beyond": {**LINE, "cost_pico": 2**63},
    "a little below nothing": {**LINE, "cost_usd": -1e-13, "cost_pico": 0},
    "dollars in quotes": {**LINE, "cost_usd": "0.000123", "cost_pico": 123_000_000},
    "dollars beyond": {**LINE, "cost_usd": 1e300},
    "costs disagree": {**LINE, "cost_usd": 0.5, "cost_pico": 1},
    "a pico and a half": {**LINE, "cost_pico": 1.5},
    "NaN": '{"model": "m", "problem": "p", "sample_index": 0, "score": NaN}',
    "Infinity": '{"model": "m", "problem": "p", "sample_index": 0, "cost_usd": Infinity}',
    "-Infinity": '{"model": "m", "problem": "p", "sample_index": 0, "latency_s": -Infinity}',
    "infinite by its digits": '{"model": "m", "problem": "p", "sample_index": 0, "score": 1e999}',
    "passed 7": {**LINE, "passed": 7},
    "passed true": {**LINE, "passed": True},
    "passed text": {**LINE, "passed": "1"},
    "passed half": {**LINE, "passed": 0.5},
    "text a number": {**LINE, "text": 18},
    "half a pair": '{"model": "m", "problem": "p", "sample_index": 0, "text": "\\ud83d"}',
    "tokens negative": {**LINE, "prompt_tokens": -5},
    "tokens beyond": {**LINE, "completion_tokens": 10**15},
    "negative time": {**LINE, "latency_s": -1},
    "stop rule": {**LINE, "stop_rule": "when I like"},
    "token basis": {**LINE, "token_basis": "guessed"},
    "request a list": {**LINE, "request": [1]},
    "score text": {**LINE, "score": "0.5"},
    "sweep a number": {**LINE, "sweep": 3},
    "not an object": "[1, 2]",
    "not JSON": "model,problem,sample_index",
    "half a line": '{"model": "m", "pro',
    "twice a key": '{"model": "m", "model": "n", "problem": "p", "sample_index": 0}',
    "too deep": "[" * 100_000,
    "the same again": {**LINE, "problem": "good"},
    "another provider": {**LINE, "provider": "elsewhere"},
    "another gold": {**LINE, "sample_index": 5, "problem": "good", "gold": "5"},
}
GOOD = {**LINE, "problem": "good", "provider": "here", "gold": "4"}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_one_bad_line_and_nothing_happened(bad, command, tmp_path):
    make_ledger(tmp_path / "there.db", {"cheap": Made({"p1": [1, 0]})})
    file = write(tmp_path / "bad.jsonl", GOOD, "", bad, {**GOOD, "sample_index": 1})
    before = (tmp_path / "there.db").read_bytes()
    for db in ("there.db", "new/made.db"):
        done = command("import", str(file), "--db", db, "--json")
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        error = json.loads(done.stdout)["error"]
        assert error["where"] == f"{file}:3"
        assert error["remedy"]
    assert (tmp_path / "there.db").read_bytes() == before
    assert not (tmp_path / "new").exists()


def test_of_two_wrong_lines_the_first_is_named(command, tmp_path):
    good = [{**LINE, "sample_index": i} for i in range(1, 450)]
    write(tmp_path / "a.jsonl", LINE, *good[:300], LINE, *good[300:], "not JSON")
    done = command("import", "a.jsonl", "--db", "a.db", "--json")
    assert json.loads(done.stdout)["error"]["where"] == "a.jsonl:302"
    assert "a.jsonl:1" in json.loads(done.stdout)["error"]["message"]


def test_bytes_that_are_no_text(command, tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"model": "caf\xe9", "problem": "p", "sample_index": 0}\n')
    assert "a.jsonl:1: not UTF-8" in command("import", "a.jsonl", "--db", "a.db").stderr
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(json.dumps(LINE).encode() * 100)[:-9])
    assert "gzip file is damaged" in command("import", "b.jsonl.gz", "--db", "a.db").stderr
    write(tmp_path / "empty.jsonl")
    assert "holds no sample" in command("import", "empty.jsonl", "--db", "a.db").stderr
    assert command("import", "nowhere.jsonl", "--db", "a.db").returncode == 2
    assert not (tmp_path / "a.db").exists()


def test_bom_and_crlf_are_fine(command, tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(LINE).encode() + b"\r\n\r\n")
    assert command("import", "a.jsonl", "--db", "a.db").returncode == 0


def test_what_is_there_already_is_refused_whole(command, tmp_path):
    write(tmp_path / "a.jsonl", LINE, {**LINE, "sample_index": 1})
    command("import", "a.jsonl", "--db", "a.db")
    before = hashlib.sha256((tmp_path / "a.db").read_bytes()).digest()
    write(tmp_path / "b.jsonl", {**LINE, "sample_index": 2}, {**LINE, "sample_index": 1})
    lines = [line | {"sweep": "a"} for line in objects(tmp_path / "b.jsonl")]
    write(tmp_path / "b.jsonl", *lines)
    done = command("import", "b.jsonl", "--db", "a.db")
    assert done.returncode == 2
    assert "b.jsonl:2: a.db has this sample already" in done.stderr
    assert hashlib.sha256((tmp_path / "a.db").read_bytes()).digest() == before
    write(tmp_path / "c.jsonl", lines[0])
    assert command("import", "c.jsonl", "--db", "a.db").returncode == 0
    assert [row["samples"] for row in spend(tmp_path / "a.db")] == [3]
    write(tmp_path / "d.jsonl", {**lines[0], "sample_index": 9, "provider": "vllm"})
    assert command("import", "d.jsonl", "--db", "a.db").returncode == 0, "the ledger knew no provider"
    write(tmp_path / "e.jsonl", {**lines[0], "sample_index": 10, "provider": "openai"})
    assert "is of provider 'vllm' in a.db" in command("import", "e.jsonl", "--db", "a.db").stderr


def test_a_ledger_that_is_held_is_left_alone(command, tmp_path):
    write(tmp_path / "a.jsonl", LINE)
    make_ledger(tmp_path / "a.db", {"cheap": Made({"p1": [1]})})
    lock = acquire(tmp_path / "a.db")
    try:
        done = command("import", "a.jsonl", "--db", "a.db")
    finally:
        lock.release()
    assert done.returncode == 2
    assert "another process writes this ledger" in done.stderr


def test_unknown_keys_are_said_and_left_out(command, tmp_path):
    write(tmp_path / "a.jsonl", {**LINE, "Passed": 1, "note": {"deep": [1.5]}})
    done = command("import", "a.jsonl", "--db", "a.db")
    assert done.returncode == 0
    assert "Ignored unknown keys:" in done.stdout
    assert "Passed" in done.stdout
    assert records(tmp_path / "a.db")[0]["passed"] is None


def test_whole_numbers_may_be_written_with_a_point(command, tmp_path):
    """As pandas writes a column that has gaps."""
    write(tmp_path / "a.jsonl", {**LINE, "passed": 1.0, "prompt_tokens": 12.0, "cost_pico": 3e3})
    assert command("import", "a.jsonl", "--db", "a.db").returncode == 0
    (row,) = records(tmp_path / "a.db")
    assert (row["passed"], row["prompt_tokens"], row["cost_pico"]) == (1, 12, 3000)


def test_imported_texts_are_judged_by_the_gold_that_rides_along(command, tmp_path):
    asked = {"question": "What is 2 + 2?", "gold": 4}
    lines = [{**LINE, "sample_index": i, "text": f"#### {i}"} for i in range(6)]
    write(tmp_path / "a.jsonl", lines[0] | asked, *lines[1:])
    command("import", "a.jsonl", "--db", "a.db")
    done = command("verify", "a.db", "--verifier", "numeric", "--json")
    assert json.loads(done.stdout)["judged"] == 6
    assert [row["passed"] for row in records(tmp_path / "a.db")] == [0, 0, 0, 0, 1, 0]


def test_in_a_ledger_of_a_run_its_problems_judge(bought, command, tmp_path):
    (tmp_path / "own.db").write_bytes(bought.read_bytes())
    before = spend(tmp_path / "own.db")
    lines = [{**LINE, "problem": f"p{i}", "text": f"#### {2 * i}", "gold": "77"} for i in range(5)]
    write(tmp_path / "others.jsonl", *lines, {**LINE, "problem": "new", "text": "#### 1"})
    done = command("import", "others.jsonl", "--db", "own.db")
    assert "Problems that have another question or gold answer in the ledger: 5;" in done.stdout
    assert command("verify", "own.db", "--json").returncode == 0
    found = {
        row["problem"]: row["passed"] for row in records(tmp_path / "own.db") if row["sweep"] == "others"
    }
    assert found == {**dict.fromkeys([f"p{i}" for i in range(5)], 1), "new": None}
    assert [row for row in spend(tmp_path / "own.db") if row["sweep"] != "others"] == before


def test_golds_that_come_later_fill_in(command, tmp_path):
    write(tmp_path / "a.jsonl", {**LINE, "text": "#### 4"})
    command("import", "a.jsonl", "--db", "a.db")
    write(tmp_path / "b.jsonl", {**LINE, "sweep": "a", "sample_index": 1, "text": "#### 5", "gold": 4})
    command("import", "b.jsonl", "--db", "a.db")
    command("verify", "a.db")
    assert [row["passed"] for row in records(tmp_path / "a.db")] == [1, 0]


name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
optional_text = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
count = st.none() | st.integers(0, 10**12)
line = st.fixed_dictionaries(
    {"sweep": name, "model": name, "problem": name, "sample_index": st.integers(0, 3)},
    optional={
        "text": optional_text,
        "reasoning": optional_text,
        "answer": optional_text,
        "server": optional_text,
        "request": st.integers(0, 2**63 - 1) | optional_text,
        "prompt_tokens": count,
        "completion_tokens": count,
        "cost_pico": st.integers(0, 10**15),
        "passed": st.sampled_from([None, 0, 1]),
        "score": st.none() | st.floats(-1e300, 1e300),
        "latency_s": st.none() | st.floats(0, 1e11),
        "created_at": st.floats(0, 1e11),
    },
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(line, min_size=1, max_size=6, unique_by=key))
def test_any_names_and_texts_come_back_as_they_went_in(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("any")
    import_samples(write(folder / "a.jsonl", *lines), folder / "a.db")
    out = io.BytesIO()
    with Records(folder / "a.db") as found:
        assert write_jsonl(found, out) == len(lines)
    for sent, got in zip(lines, map(json.loads, out.getvalue().splitlines()), strict=True):
        expected = {**sent, "text": sent.get("text") or ""}
        assert {name: got[name] for name in expected} == expected


def test_a_write_that_fails_leaves_the_ledger_as_it_was(tmp_path, monkeypatch):
    """The last statement fails after all samples are in: nothing of them may stay."""
    from orchestrator.errors import InputError
    from orchestrator.ledger.importing import write as import_write

    monkeypatch.setattr(import_write, "_ADD_TO_TOTALS", "INSERT INTO ledger.nowhere VALUES (1)")
    file = write(tmp_path / "a.jsonl", LINE)
    make_ledger(tmp_path / "there.db", {"cheap": Made({"p1": [1]})})
    before = rows(tmp_path / "there.db", "SELECT * FROM sample"), spend(tmp_path / "there.db")
    for db in ("there.db", "new.db"):
        with pytest.raises(InputError, match="could not be written"):
            import_samples(file, tmp_path / db)
    assert (rows(tmp_path / "there.db", "SELECT * FROM sample"), spend(tmp_path / "there.db")) == before
    assert not (tmp_path / "new.db").exists()


def test_memory_does_not_grow_with_the_file(tmp_path):
    import tracemalloc

    texts = ({**LINE, "sample_index": i, "text": "word " * 60, "request": str(i)} for i in range(8000))
    file = write(tmp_path / "a.jsonl", *texts)
    assert file.stat().st_size > 3_000_000
    tracemalloc.start()
    import_samples(file, tmp_path / "a.db")
    (_, most) = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 800_000


@pytest.mark.parametrize("name", ["text", "request", "finish_reason"])
def test_few_long_texts_are_held_at_a_time(tmp_path, name):
    import tracemalloc

    long = ({**LINE, "sample_index": i, name: "long " * 100_000} for i in range(20))
    file = write(tmp_path / "a.jsonl", *long)
    tracemalloc.start()
    import_samples(file, tmp_path / "a.db")
    (_, most) = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4_000_000


def test_doctor_finds_the_sums_right_after_an_import_into_a_ledger_of_a_run(bought, command, tmp_path):
    (tmp_path / "own.db").write_bytes(bought.read_bytes())
    write(tmp_path / "o.jsonl", {**LINE, "sweep": "test", "sample_index": 70, "cost_usd": 1}, LINE)
    assert command("import", "o.jsonl", "--db", "own.db").returncode == 0
    done = command("doctor", "own.db", "--json")
    assert done.returncode == 0, done.stdout


def test_texts_that_repeat_within_a_problem_are_kept_once(command, tmp_path):
    same, other = "the same text of both", "a text that no other has"
    texts = [("p", same), ("p", other), ("p", same), ("q", same), ("p", "short"), ("p", "short"), ("q", same)]
    lines = [
        {**LINE, "problem": problem, "sample_index": number, "text": text}
        for number, (problem, text) in enumerate(texts)
    ]
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / name, *lines)
        assert command("import", name, "--db", "a.db").returncode == 0
    assert [(row["problem"], row["text"]) for row in records(tmp_path / "a.db")] == texts * 2
    alike = [
        (row["id"], row["text_of"])
        for row in rows(tmp_path / "a.db", "SELECT * FROM sample")
        if row["text_of"]
    ]
    assert alike == [(3, 1), (7, 4), (10, 8), (14, 11)]
    assert command("doctor", "a.db").returncode == 0


def test_texts_of_logs_that_are_numbered_on_are_kept_once(tmp_path):
    stage = Stage(str)
    row = LINE | {"text": "the same text of both"}
    with stage:
        for file in range(3):
            for number in range(2):
                line = read_line(
                    json.dumps({**row, "sample_index": number, "request": file or None}).encode()
                )
                stage.add(file * RECORDS + number, line, Cost(0, "imported"), sweep="s", states_index=False)
            stage.flush()
        stage.done()
        found = stage.connection.execute(
            "SELECT id, sample_index, text_of FROM sample ORDER BY id"
        ).fetchall()
    first = found[0][0]
    assert [index for _, index, _ in found] == list(range(len(found)))
    assert [of for _, _, of in found] == [None] + [first] * (len(found) - 1)
    assert len(found) == 6
