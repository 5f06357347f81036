"""Samples in the format of monkey_business: read whole or refused whole, with costs only where they are known."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestrator.ledger.importing import json_stream
from orchestrator.ledger.importing.formats.monkeys import names
from tests.orchestrator.sample_files import records

RIGHT, WRONG = "It is 3 + 4 = 7 in all.\n#### 7", "Perhaps 8?\n#### 8"
RECORDS: list[dict[str, Any]] = [
    {
        "question": "Ana has 3 pears and picks 4 more. How many has she?",
        "samples": [RIGHT, WRONG, "pears – seven\n#### 7"],
        "is_corrects": [True, False, True],
        "gt_answer": "3 + 4 = 7\n#### 7",
        "orig_dset_split": "test",
        "orig_dset_idx": 1203,
    },
    {
        "question": "A hen lays 2 eggs a day. How many in 5 days?",
        "samples": ["#### 10", "", "#### 7"],
        "is_corrects": [True, False, None],
        "gt_answer": "2 * 5 = 10\n#### 10",
        "orig_dset_split": "test",
        "orig_dset_idx": 44,
    },
]
NAME = "GSM8K_Small-1B-Instruct.json"


def as_array(indent: int | None = None) -> bytes:
    return json.dumps(RECORDS, indent=indent, ensure_ascii=False).encode()


def as_lines() -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in RECORDS)


def as_parquet(path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.Table.from_pylist(RECORDS), path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (NAME, as_array()),
        (NAME, as_array(indent=2)),
        (NAME, b"\xef\xbb\xbf" + as_array()),
        (NAME + "l", as_lines()),
        (NAME + "l.gz", gzip.compress(as_lines(), mtime=0)),
        ("GSM8K_Small-1B-Instruct.parquet", None),
    ],
)
def test_every_form_gives_the_same_samples(command, tmp_path, name, content):
    if content is None:
        as_parquet(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(content)
    done = command("import", name, "--db", "a.db", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["samples"], said["problems"], said["without_verdict"]) == (6, 2, 1)
    assert said["models"] == {"Small-1B-Instruct": 6}
    rows = records(tmp_path / "a.db")
    assert [row["problem"] for row in rows] == ["gsm8k/test/1203"] * 3 + ["gsm8k/test/44"] * 3
    assert [row["text"] for row in rows] == [text for record in RECORDS for text in record["samples"]]
    assert [row["passed"] for row in rows] == [1, 0, 1, 1, 0, None]
    assert [row["sample_index"] for row in rows] == [0, 1, 2, 0, 1, 2]
    assert {(row["cost_usd"], row["cost_pico"], row["cost_basis"]) for row in rows} == {(None, None, "none")}
    assert {row["completion_tokens"] for row in rows} == {None}


@pytest.fixture
def file(tmp_path):
    (tmp_path / NAME).write_bytes(as_array())
    return NAME


def test_costs_that_are_not_known_are_null_and_said_so(command, tmp_path, file):
    done = command("import", file, "--db", "a.db")
    assert "cost of all of them is unknown" in done.stdout
    document = json.loads(command("frontier", "a.db", "--json").stdout)
    model = document["models"]["Small-1B-Instruct"]
    assert model["usd_per_sample"] is None
    assert all(point["usd_per_problem"] is None for point in model["coverage"])
    assert model["coverage"][0]["coverage"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert any("the cost of its samples is unknown" in text for text in document["warnings"])
    assert not any("shared their requests' prompts" in text for text in document["warnings"])
    for reading in (("frontier", "a.db"), ("compare", "a.db"), ("status", "a.db"), ("doctor", "a.db")):
        assert command(*reading).returncode == 0


def test_gold_answers_ride_along_for_verify(command, tmp_path, file):
    assert command("import", file, "--db", "a.db").returncode == 0
    assert command("verify", "a.db", "--verifier", "numeric").returncode == 0
    assert [row["passed"] for row in records(tmp_path / "a.db")] == [1, 0, 1, 1, 0, 0]


def test_an_export_keeps_what_is_not_known(command, tmp_path, file):
    assert command("import", file, "--db", "a.db").returncode == 0
    assert command("export", "a.db", "--format", "jsonl", "-o", "out.jsonl").returncode == 0
    assert command("import", "out.jsonl", "--db", "b.db").returncode == 0
    assert [row["cost_pico"] for row in records(tmp_path / "b.db")] == [None] * 6
    assert [row["cost_basis"] for row in records(tmp_path / "b.db")] == ["none"] * 6
    assert command("export", "a.db", "--format", "parquet", "-o", "out.parquet").returncode == 0


def test_a_stated_cost_is_every_samples(command, tmp_path, file):
    assert command("import", file, "--db", "a.db", "--usd-per-sample", "0.0004").returncode == 0
    assert {row["cost_pico"] for row in records(tmp_path / "a.db")} == {400_000_000}
    document = json.loads(command("frontier", "a.db", "--json").stdout)
    assert document["models"]["Small-1B-Instruct"]["coverage"][0]["usd_per_problem"] == pytest.approx(0.0004)


@pytest.fixture
def tokenizer(tmp_path) -> str:
    """A word a token."""
    library = pytest.importorskip("tokenizers")
    made = library.Tokenizer(library.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = library.pre_tokenizers.WhitespaceSplit()
    made.save(str(tmp_path / "tokenizer.json"))
    return str(tmp_path / "tokenizer.json")


def test_counted_tokens_can_be_priced(command, tmp_path, file, tokenizer):
    assert command("import", file, "--db", "a.db", "--tokenizer", tokenizer).returncode == 0
    rows = records(tmp_path / "a.db")
    assert [row["completion_tokens"] for row in rows[:3]] == [11, 4, 5]
    assert [row["prompt_tokens"] for row in rows[:3]] == [12, 12, 12]
    assert {row["cost_pico"] for row in rows} == {None}
    priced = command("reprice", "a.db", "b.db", "--price", "Small-1B-Instruct=1/2")
    assert priced.returncode == 0, priced.stderr
    first = records(tmp_path / "b.db")[0]
    assert (first["cost_pico"], first["cost_basis"]) == ((12 * 1 + 11 * 2) * 10**6, "imported")


def test_a_tokenizer_that_is_none_is_one_line(command, tmp_path, file):
    (tmp_path / "bad.json").write_text("{}")
    done = command("import", file, "--db", "a.db", "--tokenizer", "bad.json")
    assert done.returncode == 2
    assert done.stderr.startswith("manyfew: --tokenizer: ")
    assert not (tmp_path / "a.db").exists()


def test_options_for_monkeys_go_with_nothing_else(command, tmp_path, file):
    (tmp_path / "a.jsonl").write_text('{"model": "m", "problem": "p", "sample_index": 0, "cost_usd": 0.5}\n')
    done = command("import", "a.jsonl", "--db", "a.db", "--usd-per-sample", "1")
    assert done.returncode == 2
    assert "every sample states its cost already" in done.stderr
    done = command("import", "a.jsonl", "--db", "a.db", "--usd-per-sample", "1", "--aggregate")
    assert done.returncode == 2


def changed(at: int, **fields) -> list[dict[str, Any]]:
    return [{**record, **fields} if index == at else record for index, record in enumerate(RECORDS)]


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (changed(1, is_corrects=[True]), "3 samples and 1 verdict"),
        (changed(1, samples="text"), "list of samples"),
        (changed(1, samples=["a", 3, "b"]), "sample 1 is not text"),
        (changed(1, is_corrects=[True, 1, False]), "verdict of sample 1"),
        (changed(1, question=None), "no question"),
        (changed(1, samples=["\ud800", "", ""]), "surrogate"),
        (changed(1, orig_dset_idx=1203), "1: same"),
        ([RECORDS[0], RECORDS[0]], "1: same"),
        ([RECORDS[0], 7], "not a JSON object"),
    ],
)
@pytest.mark.parametrize("form", ["array", "lines"])
def test_one_bad_record_imports_nothing_and_is_named(command, tmp_path, found, word, form):
    lines = [json.dumps(record) for record in found]
    text = "[" + ",\n".join(lines) + "]" if form == "array" else "\n".join(lines) + "\n"
    (tmp_path / NAME).write_text(text)
    done = command("import", NAME, "--db", "a.db")
    assert done.returncode == 2
    assert f"{NAME}:2: " in done.stderr
    assert word in done.stderr or "another question" in done.stderr
    assert not (tmp_path / "a.db").exists()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (as_array()[:-1], "cut off"),
        (as_array()[:-40], "not JSON"),
        (as_lines()[:-40], "not JSON"),
        (b"[]", "holds no sample"),
        (b"[" * 100_000, "nested too deep"),
        (as_array().replace(b"pears", b"pe\xffars"), "not UTF-8"),
        (gzip.compress(as_array(), mtime=0)[:-20], "damaged"),
    ],
)
def test_a_damaged_file_imports_nothing(command, tmp_path, content, word):
    name = NAME + (".gz" if content.startswith(b"\x1f\x8b") else "")
    (tmp_path / name).write_bytes(content)
    done = command("import", name, "--db", "a.db")
    assert done.returncode == 2
    assert word in done.stderr
    assert not (tmp_path / "a.db").exists()


def test_what_is_there_already_is_refused_by_its_line(command, tmp_path, file):
    assert command("import", file, "--db", "a.db").returncode == 0
    (tmp_path / NAME).write_text("\n".join(json.dumps(r) for r in [*changed(0, orig_dset_idx=9)]))
    before = (tmp_path / "a.db").read_bytes()
    done = command("import", NAME, "--db", "a.db")
    assert done.returncode == 2
    assert f"{NAME}:2: " in done.stderr
    assert (tmp_path / "a.db").read_bytes() == before


def test_a_file_longer_than_what_is_read_at_once(command, tmp_path, monkeypatch):
    monkeypatch.setattr(json_stream, "CHUNK", 7)
    (tmp_path / NAME).write_bytes(as_array(indent=1))
    assert command("import", NAME, "--db", "a.db").returncode == 0
    assert [row["text"] for row in records(tmp_path / "a.db")][2] == RECORDS[0]["samples"][2]


def test_other_names_and_records_without_an_index(command, tmp_path):
    bare = [{key: record[key] for key in ("question", "samples", "is_corrects")} for record in RECORDS]
    (tmp_path / "mine.json").write_text(json.dumps(bare))
    assert command("import", "mine.json", "--db", "a.db").returncode == 0
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        found = connection.execute("SELECT DISTINCT sweep, model, problem FROM sample_records").fetchall()
    assert found == [("mine", "mine", "mine/0"), ("mine", "mine", "mine/1")]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("GSM8K_Llama-3-8B.json", ("GSM8K", "Llama-3-8B")),
        ("GSM8K_x.jsonl.gz", ("GSM8K", "x")),
        ("GSM8K_.json", (None, "GSM8K_")),
        ("GSM8K.json", (None, "GSM8K")),
        ("mine.parquet", (None, "mine")),
    ],
)
def test_a_files_name_says_data_set_and_model(name, found):
    assert names(Path(name)) == found
