"""A run that can be cited: one file with the samples and all that made them, the same every time, without a key."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sqlite3
import subprocess
import zipfile
from contextlib import closing

import pytest

from orchestrator.ledger.exporting.keys import Guard
from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run
from tests.orchestrator.sample_files import buy, records, rows, spend

ROOT = "manyfew-bundle/"
KEY = "sk-loopback-0123456789abcdef"


@pytest.fixture(scope="module")
def bought(tmp_path_factory):
    return buy(tmp_path_factory.mktemp("bought"))


def bundle(command, db, name="b.zip", **environment):
    done = command("export", str(db), "--format", "bundle", "-o", name, **environment)
    assert done.returncode == 0, done.stderr
    return done


def contents(path):
    """Every part, unpacked."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        found = {name.removeprefix(ROOT): archive.read(name) for name in archive.namelist()}
    return {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in found.items()}


def lines(data):
    return [json.loads(line) for line in data.splitlines()]


def test_it_holds_the_samples_and_all_that_made_them(bought, command, tmp_path):
    bundle(command, bought)
    parts = contents(tmp_path / "b.zip")
    assert sorted(parts) == sorted(
        [
            *(
                "README.txt",
                "SHA256SUMS",
                "agentattempts.jsonl.gz",
                "exchanges.jsonl.gz",
                "failures.json",
                "manifest.json",
                "models.json",
                "problems.jsonl.gz",
            ),
            *(
                "prompts.jsonl.gz",
                "reconciliations.json",
                "requests.jsonl.gz",
                "runs.json",
                "samples.jsonl.gz",
            ),
            *("spend.json", "sweeps/0001.toml", "verdicts.jsonl.gz", "verdictsets.json"),
        ]
    )
    samples = lines(parts["samples.jsonl.gz"])
    there = sorted(records(bought), key=lambda r: (r["model"], r["problem"], r["sample_index"]))
    told = [{k: v for k, v in s.items() if k not in ("question", "gold")} for s in samples]
    assert sorted(told, key=lambda r: (r["model"], r["problem"], r["sample_index"])) == there
    assert json.loads(parts["spend.json"]) == spend(bought)
    (file,) = rows(bought, "SELECT text FROM sweep_file")
    assert parts["sweeps/0001.toml"].decode() == file["text"]
    prompts = {p["sha256"]: p["body"] for p in lines(parts["prompts.jsonl.gz"])}
    requests = lines(parts["requests.jsonl.gz"])
    assert sum(r["settled_pico"] for r in requests) == sum(r["settled_pico"] for r in spend(bought))
    assert {s["request"] for s in samples} <= {r["request"] for r in requests}
    for request in requests:
        ((role, text),) = prompts[request["prompt"]]["messages"]
        assert (role, request["problem"][1:] in text) == ("user", True)
    cheap, expensive = json.loads(parts["models.json"])
    assert cheap["definition"]["max_tokens"] == expensive["definition"]["max_tokens"] == 64
    assert expensive["price"]["bands"][0]["input"] == "5"
    assert expensive["price"]["source"] == "sweep file"
    assert cheap["vendor_models"][0]["vendor_model"] == "m"
    (ran,) = json.loads(parts["runs.json"])
    assert {"manyfew", "openai", "anthropic", "verifier", "python"} <= set(ran["versions"])
    assert [p["data"]["answer"] for p in lines(parts["problems.jsonl.gz"])] == ["0", "2", "4", "6", "8"]


def test_the_sums_are_right_and_the_manifest_names_them(bought, command, tmp_path):
    bundle(command, bought)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extractall(tmp_path / "out")
    folder = tmp_path / "out" / "manyfew-bundle"
    checked = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, timeout=30
    )
    assert checked.returncode == 0, checked.stdout
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["content_sha256"] == hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
    for name, part in manifest["parts"].items():
        data = (folder / name).read_bytes()
        assert (part["sha256"], part["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert manifest["content_sha256"] in (folder / "README.txt").read_text()
    assert manifest["cite"] in (folder / "README.txt").read_text()


def test_the_same_ledger_gives_the_same_bytes(bought, command, tmp_path):
    bundle(command, bought, "a.zip")
    command("backup", str(bought), "copy.db")
    bundle(command, tmp_path / "copy.db", "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    done = command("export", str(bought), "--format", "bundle", "-o", "a.zip")
    assert (done.returncode, "already exists" in done.stderr) == (2, True)


def test_what_is_in_it_can_be_imported_and_judged(bought, command, tmp_path):
    bundle(command, bought)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extract(ROOT + "samples.jsonl.gz", tmp_path)
    done = command("import", ROOT + "samples.jsonl.gz", "--db", "i.db")
    assert done.returncode == 0, done.stderr
    before = [(r["model"], r["problem"], r["sample_index"], r["text"], r["passed"]) for r in records(bought)]
    after = [
        (r["model"], r["problem"], r["sample_index"], r["text"], r["passed"])
        for r in records(tmp_path / "i.db")
    ]
    assert sorted(after) == sorted(before)
    assert command("verify", "i.db", "--verifier", "numeric").returncode == 0


def test_hostile_names_are_no_paths(command, tmp_path):
    names = ["../../etc/passwd", "/abs", "a\\..\\b", "con.", "x\ny", "‮evil"]
    with (tmp_path / "s.jsonl").open("w") as file:
        for name in names:
            file.write(
                json.dumps({"sweep": name, "model": name, "problem": name, "sample_index": 0, "text": "x"})
                + "\n"
            )
    assert command("import", "s.jsonl", "--db", "l.db").returncode == 0
    bundle(command, tmp_path / "l.db")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert all(name.startswith(ROOT) and ".." not in name for name in archive.namelist())
        assert all(
            name.removeprefix(ROOT).replace(".", "").replace("/", "").isalnum() for name in archive.namelist()
        )
    manifest = contents(tmp_path / "b.zip")["manifest.json"].decode()
    assert not set(manifest) & {"‮", "\x1b"}


def test_no_key_is_in_it_whoever_echoes_it(command, tmp_path, monkeypatch):
    """A vendor that refuses the key in words that hold it; the sweep file has a password in an address."""
    monkeypatch.setenv("OWN_KEY", KEY)
    vendor = openai_vendor(answer=lambda prompt, index: f"your key is {KEY} #### 1")
    vendor.faults.extend([faults.BAD_KEY])
    good = openai_vendor()
    with serving(vendor, good):
        keys = {"api_key_env": "OWN_KEY", "limits": {"concurrency": 1}}
        path = SweepFile({"m": model(vendor, **keys), "n": model(good, **keys)}, problems=2, samples=1).write(
            tmp_path
        )
        db = tmp_path / "test.db"
        assert run(path, db).status == 4
        assert run(path, db).status == 0
    bundle(command, db)
    for name, data in contents(tmp_path / "b.zip").items():
        assert KEY.encode() not in data, name


def test_a_ledger_that_holds_a_key_gives_no_bundle(bought, command, tmp_path):
    """However it came there; the value is that of a variable which the sweep file names, or a usual one."""
    db = tmp_path / "l.db"
    shutil.copy(bought, db)
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE sample SET text = text || ? WHERE id = 1", (KEY,))
    done = command("export", str(db), "--format", "bundle", "-o", "b.zip", OPENAI_API_KEY=KEY)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "samples.jsonl.gz: the value of OPENAI_API_KEY is in it: no bundle is written" in done.stderr
    assert KEY not in done.stderr
    assert not (tmp_path / "b.zip").exists()
    assert not list(tmp_path.glob(".*part*"))


def test_a_password_in_an_address_is_left_out(bought, command, tmp_path):
    db = tmp_path / "l.db"
    shutil.copy(bought, db)
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE sweep_file SET text = ?", ('base_url = "https://me:pass@host/v1" # a@b',))
    bundle(command, db)
    assert contents(tmp_path / "b.zip")["sweeps/0001.toml"] == b'base_url = "https://***@host/v1" # a@b'


@pytest.mark.parametrize("cut", range(1, len(KEY)))
def test_a_key_over_a_seam_is_found(cut):
    from orchestrator.errors import InputError

    look = Guard({"K": KEY.encode(), "OTHER": b"87654321"}).part("p")
    look(b"x" * 100 + KEY[:cut].encode())
    with pytest.raises(InputError, match="the value of K is in it"):
        look(KEY[cut:].encode() + b"y")
