"""The line to cite: its digest is of the samples alone, wherever they lie."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version

import pytest

from orchestrator.ledger.reading.samples import citation
from orchestrator.ledger.reading.samples.digest import COLUMNS
from tests.orchestrator.ledger_fixture import Made, make_ledger
from tests.orchestrator.sample_files import buy, exported, records, spend


@pytest.fixture(scope="module")
def bought(tmp_path_factory):
    return buy(tmp_path_factory.mktemp("bought"))


def cited(command, db, *more):
    done = command("frontier", str(db), "--json", *more)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["citation"]
    return found


def by_hand(samples):
    """As the docs say it, in a few lines."""
    digest = hashlib.sha256()
    for s in sorted(
        samples, key=lambda s: (*(s[k].encode() for k in ("sweep", "model", "problem")), s["sample_index"])
    ):
        line = json.dumps([s[name] for name in COLUMNS], ensure_ascii=False, separators=(",", ":"))
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def test_the_line(bought, command):
    found = cited(command, bought)
    day = datetime.fromtimestamp(max(r["created_at"] for r in records(bought)), UTC).strftime("%Y-%m-%d")
    assert found["text"].startswith(
        f'manyfew {version("manyfew")}, sweep "test", ledger sha256:{found["sha256"][:16]}…, '
    )
    assert found["text"].endswith(f", {day}")
    assert "45 samples of 5 problems by 2 models, $0.0" in found["text"]
    assert (found["samples"], found["models"], found["problems"], found["each"]) == (45, 2, 5, None)
    assert found["settled_usd"] == pytest.approx(sum(r["settled_usd"] for r in spend(bought)))
    assert f"Cite: {found['text']}" in command("frontier", str(bought)).stdout


def test_the_digest_can_be_made_by_hand_from_an_export(bought, command):
    assert cited(command, bought)["sha256"] == by_hand(exported(command, bought)) == by_hand(records(bought))


def test_the_digest_is_kept_by_a_backup_and_by_export_and_import(bought, command, tmp_path):
    digest = cited(command, bought)["sha256"]
    command("backup", str(bought), "copy.db")
    assert cited(command, "copy.db")["sha256"] == digest
    samples = exported(command, bought)
    with (tmp_path / "s.jsonl").open("w") as file:  # backwards: the order in the file is nothing
        file.writelines(json.dumps(line) + "\n" for line in reversed(samples))
    assert command("import", "s.jsonl", "--db", "i.db").returncode == 0
    assert cited(command, "i.db")["sha256"] == digest


@pytest.mark.parametrize("change", ["text = text || 'x'", "passed = 1 - passed", "cost_pico = cost_pico + 1"])
def test_another_sample_is_another_digest(bought, command, tmp_path, change):
    db = tmp_path / "l.db"
    shutil.copy(bought, db)
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(f"UPDATE sample SET {change} WHERE id = 7")
    assert cited(command, db)["sha256"] != cited(command, bought)["sha256"]


def test_an_even_sweep_is_told_by_its_shape(command, tmp_path):
    make_ledger(tmp_path / "l.db", {name: Made({"p": [1, 0], "q": [0, 0]}) for name in ("a", "b", "c")})
    assert "3 models × 2 problems × 2 samples" in cited(command, "l.db")["text"]


def test_a_large_ledger_is_digested_where_it_is_asked_for(bought, command, monkeypatch):
    monkeypatch.setattr(citation, "DIGESTED", 44)
    assert cited(command, bought)["sha256"] is None
    assert "(add --cite for a digest of the samples)" in command("frontier", str(bought)).stdout
    assert cited(command, bought, "--cite")["sha256"] == by_hand(records(bought))


def test_hostile_names_drive_no_terminal(command, tmp_path):
    make_ledger(tmp_path / "l.db", {"a": Made({"p": [1, 0]})}, sweep="x\x1b[2J\u202e")
    out = command("frontier", "l.db").stdout
    assert 'sweep "x\\x1b[2J\\u202e"' in out
    assert not set(out) & {"\x1b", "\u202e"}


def test_an_unknown_cost_is_not_cited_as_free(command, tmp_path):
    lines = [{"task_id": name, "completion": "x"} for name in ("p", "p", "q")]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for db, more, said in (("a.db", (), "cost unknown"), ("b.db", ("--usd-per-sample", "0.002"), "$0.006")):
        assert command("import", "s.jsonl", "--db", db, "--model", "m", *more).returncode == 0
        found = cited(command, db)
        assert f", {said}, " in found["text"]
        assert found["without_cost"] == (0 if more else 3)
