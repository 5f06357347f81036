"""Out of the ledger: what is written, as it is, and never in another file's place."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

from orchestrator.ledger.exporting.samples import Records, write_csv, write_jsonl
from orchestrator.ledger.file.lock import acquire
from orchestrator.text.safe import safe
from tests.orchestrator.ledger_fixture import Made, make_ledger
from tests.orchestrator.sample_files import LINE, buy, exported, key, objects, records, rows, spend, write

ROOT = Path(__file__).resolve().parents[4]
FORMATS = ("jsonl", "csv", "parquet")


@pytest.fixture(scope="module")
def bought(tmp_path_factory) -> Path:
    return buy(tmp_path_factory.mktemp("bought"))


def test_jsonl_is_the_view_column_for_column(bought, command):
    lines = exported(command, bought)
    by_key = {key(row): row for row in records(bought)}
    assert {key(line): line for line in lines} == by_key
    assert all(list(line) == list(by_key[key(line)]) for line in lines)
    assert all(type(line["cost_pico"]) is int and line["cost_pico"] > 0 for line in lines)
    assert sum(line["cost_pico"] for line in lines) == sum(row["settled_pico"] for row in spend(bought))


def test_jsonl_drives_no_terminal_and_splits_at_lines_alone(bought, command):
    out = command("export", str(bought), "--format", "jsonl").stdout
    assert any("\x1b" in json.loads(line)["text"] for line in out.splitlines())
    assert "café — 好" in out
    assert not set(out) & {"\x1b", "\x9b", "\u202e", "\u2028", "\x00"}


def test_csv_holds_every_text_as_it_is(bought, command, tmp_path):
    assert command("export", str(bought), "--format", "csv", "-o", "out.csv").returncode == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    by_key = {key(row): row for row in records(bought)}
    assert len(found) == len(by_key)
    for row in found:
        there = by_key[row["sweep"], row["model"], row["problem"], int(row["sample_index"])]
        assert row["text"] == there["text"]
        assert int(row["cost_pico"]) == there["cost_pico"]
        assert row == {name: "" if value is None else str(value) for name, value in there.items()}


def test_parquet_has_the_same_rows_and_one_type_a_column(bought, command, tmp_path):
    parquet = import_module("pyarrow.parquet")
    assert command("export", str(bought), "--format", "parquet", "-o", "out.parquet").returncode == 0
    table = parquet.read_table(tmp_path / "out.parquet")
    lines = exported(command, bought)
    assert table.to_pylist() == [{**line, "request": str(line["request"])} for line in lines]
    assert {str(table.schema.field(name).type) for name in ("cost_pico", "passed")} == {"int64"}


def test_questions_and_golds_ride_along(bought, command):
    lines = exported(command, bought, "--with-problems")
    assert {(line["problem"], line["question"], line["gold"]) for line in lines} == {
        (f"p{i}", f"What is {i} + {i}?", str(2 * i)) for i in range(5)
    }


def test_out_and_in_and_out_again_is_the_same(bought, command, tmp_path):
    assert command("export", str(bought), "--format", "jsonl", "-o", "a.jsonl").returncode == 0
    assert command("import", "a.jsonl", "--db", "b.db").returncode == 0
    assert command("export", "b.db", "--format", "jsonl", "-o", "b.jsonl").returncode == 0
    before, after = objects(tmp_path / "a.jsonl"), objects(tmp_path / "b.jsonl")
    assert after == [{**line, "cost_basis": "imported"} for line in before]
    assert command("import", "b.jsonl", "--db", "c.db").returncode == 0
    assert command("export", "c.db", "--format", "jsonl", "-o", "c.jsonl").returncode == 0
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "c.jsonl").read_bytes()


def test_imported_samples_cost_the_budget_nothing(bought, command, tmp_path):
    command("export", str(bought), "--format", "jsonl", "-o", "a.jsonl")
    command("import", "a.jsonl", "--db", "b.db")
    for row in spend(tmp_path / "b.db"):
        there = next(other for other in spend(bought) if other["model"] == row["model"])
        assert row["samples"] == there["samples"]
        money = ("settled_pico", "presumed_pico", "reserved_pico", "unused_pico", "requests", "retries")
        assert [row[name] for name in money] == [0] * 6
    verifiers = {row["verifier"] for row in rows(tmp_path / "b.db", "SELECT verifier FROM sample")}
    assert verifiers == {"imported"}


def test_gzip_out_and_in(bought, command, tmp_path):
    assert command("export", str(bought), "--format", "jsonl", "-o", "a.jsonl.gz").returncode == 0
    assert len(gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()).splitlines()) == 45
    write(tmp_path / "x.jsonl", LINE)
    (tmp_path / "named.jsonl.gz").write_bytes(gzip.compress((tmp_path / "x.jsonl").read_bytes()))
    done = command("import", "a.jsonl.gz", "--db", "b.db", "--json")
    assert json.loads(done.stdout)["samples"] == 45
    command("import", "named.jsonl.gz", "--db", "c.db")
    assert [row["sweep"] for row in records(tmp_path / "c.db")] == ["named"]


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_never_overwrites(bought, command, tmp_path, format_):
    (tmp_path / "out").write_text("mine")
    done = command("export", str(bought), "--format", format_, "-o", "out")
    assert (done.returncode, (tmp_path / "out").read_text()) == (2, "mine")
    assert (
        done.stderr
        == "manyfew: out: already exists and is left as it is (name another file, or move this one)\n"
    )
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert command("export", str(bought), "--format", format_, "-o", "link").returncode == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "out"]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_ledger_without_samples_exports_none(command, tmp_path, format_):
    make_ledger(tmp_path / "empty.db", {})
    assert command("export", "empty.db", "--format", format_, "-o", "out").returncode == 0
    if format_ == "csv":
        assert (tmp_path / "out").read_text().startswith("sweep,model,")
    if format_ == "jsonl":
        assert (tmp_path / "out").read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "xml"], "there is no format 'xml'"),
        (["--format", "bundle"], "can't be written to stdout (add -o FILE)"),
        (["--format", "parquet"], "can't be written to stdout (add -o FILE)"),
        (["--format", "jsonl", "-o", "file/below"], "can't be written"),
    ],
)
def test_what_export_does_not_do_is_one_line(bought, command, tmp_path, arguments, said):
    (tmp_path / "file").write_text("")
    done = command("export", str(bought), *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_no_ledger_is_exported_or_imported_into(command, tmp_path):
    write(tmp_path / "a.jsonl", LINE)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    before = (tmp_path / "other.db").read_bytes()
    for name in ("other.db", "a.jsonl", "missing.db"):
        assert command("export", name, "--format", "jsonl").returncode == 2
    for name in ("other.db", "a.jsonl"):
        assert command("import", "a.jsonl", "--db", name).returncode == 2
    assert (tmp_path / "other.db").read_bytes() == before


def test_an_export_reads_while_a_run_holds_the_ledger(bought, command):
    lock = acquire(bought)
    try:
        assert len(exported(command, bought)) == 45
    finally:
        lock.release()


def test_csv_for_a_terminal_drives_it_nowhere(bought):
    out = io.BytesIO()
    with Records(bought) as found:
        write_csv(found, out, shown=safe)
    text = out.getvalue().decode()
    assert "\\x1b[2J\\x9b31m\\u202e" in text
    assert not set(text) & {"\x1b", "\x9b", "\u202e", "\u2028", "\x00"}


def test_a_damaged_ledger_leaves_no_half_file(bought, command, tmp_path):
    whole = bytearray(bought.read_bytes())
    whole[8192:40960] = b"\xa5" * 32768
    (tmp_path / "broken.db").write_bytes(whole)
    done = command("export", "broken.db", "--format", "jsonl", "-o", "out.jsonl")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "manyfew doctor" in done.stderr
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {"broken.db"}


def test_a_full_disk_and_a_reader_that_hangs_up(bought, tmp_path):
    import subprocess
    import sys

    line = f"{sys.executable} -m manyfew export {bought} --format jsonl"
    full = subprocess.run(
        ["bash", "-c", f"{line} > /dev/full"], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert (full.returncode, full.stderr) == (
        2,
        "manyfew: stdout: can't be written: No space left on device (free some disk space)\n",
    )
    hung = f"{line} | head -1 > /dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", hung], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("write_all", [write_jsonl, write_csv])
def test_progress_is_shown_each_thousand_samples(tmp_path, write_all):
    shown: list[int] = []
    path = make_ledger(tmp_path / "l.db", {"m": Made({f"p{i}": [1] * 50 for i in range(42)})})
    with Records(path, with_problems=False) as records:
        assert write_all(records, io.BytesIO(), shown.append) == 2100
    assert shown == [1000, 2000]
