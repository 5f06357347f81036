"""A bundle comes back as the ledger that it was made of, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import json
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.orchestrator.sample_files import buy, records, rows, spend

FOLDER = "manyfew-bundle/"


@pytest.fixture(scope="module")
def bought(tmp_path_factory) -> Path:
    """With two sets of verdicts."""
    db = buy(tmp_path_factory.mktemp("bought"))
    done = subprocess.run(
        [sys.executable, "-m", "manyfew", "verify", str(db), "--verifier", "exact", "--as", "strict"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return db


@pytest.fixture
def bundle(bought, command, tmp_path) -> Path:
    done = command("export", str(bought), "--format", "bundle", "-o", "b.zip")
    assert done.returncode == 0, done.stderr
    return tmp_path / "b.zip"


def remade(bundle: Path, change: Callable[[str, bytes], bytes], *, signed: bool = True) -> Path:
    """The bundle with other parts; `signed`: its manifest tells their sums."""
    made = bundle.with_name("other.zip")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(made, "w") as new:
        parts = {name: change(name.removeprefix(FOLDER), old.read(name)) for name in old.namelist()}
        if signed:
            manifest = json.loads(parts[f"{FOLDER}manifest.json"])
            for name, part in manifest["parts"].items():
                part["sha256"] = hashlib.sha256(parts[FOLDER + name]).hexdigest()
            parts[f"{FOLDER}manifest.json"] = json.dumps(manifest).encode()
        for name, data in parts.items():
            new.writestr(name, data)
    return made


def test_the_ledger_is_the_same_and_so_is_its_bundle(bought, bundle, command):
    done = command("import", "b.zip", "--db", "back.db")
    assert done.returncode == 0, done.stderr
    assert "Cite: manyfew" in done.stdout
    assert records(Path("back.db")) == records(bought)
    assert spend(Path("back.db")) == spend(bought)
    for table in ("prompt", "request", "failure", "sweep_file", "verdict_set", "set_verdict", "steering"):
        assert len(rows(Path("back.db"), f"SELECT * FROM {table}")) == len(
            rows(bought, f"SELECT * FROM {table}")
        )
    assert rows(Path("back.db"), "SELECT price, definition FROM model") == rows(
        bought, "SELECT price, definition FROM model"
    )
    theirs, back = (command("verdicts", db, "--json").stdout for db in (str(bought), "back.db"))
    assert json.loads(back) == json.loads(theirs)
    assert command("export", "back.db", "--format", "bundle", "-o", "again.zip").returncode == 0
    assert Path("again.zip").read_bytes() == bundle.read_bytes()
    assert command("doctor", "back.db").returncode == 0


@pytest.mark.parametrize("words", [("frontier",), ("compare",), ("export", "--format", "jsonl")])
def test_commands_read_a_bundle_directly(bought, bundle, command, words):
    name, *more = words
    shown = command(name, "b.zip", *more, *(() if name == "export" else ("--json",)))
    assert shown.returncode == 0, shown.stderr
    ledger = command(name, str(bought), *more, *(() if name == "export" else ("--json",)))
    assert shown.stdout.replace("b.zip", "X") == ledger.stdout.replace("bought.db", "X")


def test_sweep_files_without_runs_come_back(bought, command, tmp_path):
    """As a merged ledger has them."""
    merged = tmp_path / "merged.db"
    with closing(sqlite3.connect(bought)) as connection, closing(sqlite3.connect(merged)) as other:
        connection.backup(other)
        with other:
            for more in ("# another", "# and another"):
                other.execute(
                    "INSERT INTO sweep_file (sweep_id, sha256, text, read_at) SELECT sweep_id, ?1, text || ?1, read_at "
                    "FROM sweep_file LIMIT 1",
                    (more,),
                )
    assert command("export", "merged.db", "--format", "bundle", "-o", "m.zip").returncode == 0
    done = command("import", "m.zip", "--db", "back.db")
    assert done.returncode == 0, done.stderr
    texts = "SELECT text FROM sweep_file ORDER BY id"
    assert rows(tmp_path / "back.db", texts) == rows(merged, texts)


def test_a_ledger_that_is_there_stays(bought, bundle, command):
    before = bought.read_bytes()
    done = command("import", "b.zip", "--db", str(bought))
    assert done.returncode == 2
    assert "merge" in done.stderr
    assert bought.read_bytes() == before


def changed_sample(name: str, data: bytes) -> bytes:
    if name != "samples.jsonl.gz":
        return data
    lines = gzip.decompress(data).decode().splitlines()
    lines[0] = (
        lines[0].replace('"passed":1', '"passed":0')
        if '"passed":1' in lines[0]
        else lines[0].replace('"passed":0', '"passed":1')
    )
    return gzip.compress("\n".join(lines).encode())


BAD: dict[str, tuple[Callable[[str, bytes], bytes], bool, str]] = {
    "a part was changed": (
        lambda n, d: d + b" " if n == "models.json" else d,
        False,
        "models.json: isn't what",
    ),
    "a verdict was changed": (changed_sample, True, "citation"),
    "a line is none": (
        lambda n, d: gzip.compress(b'{"model": 7}\n') if n == "samples.jsonl.gz" else d,
        True,
        "samples.jsonl.gz:1",
    ),
    "a bad number": (
        lambda n, d: (
            d.replace(b'"settled_pico": ', b'"settled_pico": 99999999999999999999')
            if n == "models.json"
            else d
        ),
        True,
        "models.json",
    ),
    "not JSON": (lambda n, d: b"{" if n == "runs.json" else d, True, "runs.json: isn't usable JSON"),
    "another format": (
        lambda n, d: d.replace(b"manyfew-bundle/1", b"manyfew-bundle/9") if n == "manifest.json" else d,
        True,
        "newer manyfew",
    ),
}


@pytest.mark.parametrize(("change", "signed", "word"), BAD.values(), ids=BAD.keys())
def test_a_bundle_that_was_changed_is_refused_whole(bundle, command, change, signed, word):
    remade(bundle, change, signed=signed)
    done = command("import", "other.zip", "--db", "new.db")
    assert done.returncode == 2
    assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not Path("new.db").exists()


def test_a_bundle_is_imported_alone(bundle, command):
    done = command("import", "b.zip", "b.zip", "--db", "new.db")
    assert done.returncode == 2
    assert "alone" in done.stderr


def test_beside_its_ledger_a_bundle_adds_no_dollars(bought, bundle, command):
    def first(*files: Path) -> str:
        done = command("frontier", *map(str, files))
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[0]

    assert " spent for " in first(bought)
    assert first(bundle, bought) == first(bought, bundle) == first(bought)
