"""A copy of a ledger: whole, of one moment, never in another's place, and no hindrance to who writes."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from orchestrator.ledger.file import backup as module
from orchestrator.ledger.file.backup import backup
from orchestrator.ledger.file.lock import acquire
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, finish, model, run, start
from tests.orchestrator.sample_files import buy


@pytest.fixture(scope="module")
def bought(tmp_path_factory):
    return buy(tmp_path_factory.mktemp("bought"))


def test_a_copy_is_the_ledger_and_every_command_opens_it(bought, command, tmp_path):
    done = command("backup", str(bought), "kept/copy.db", "--json")
    assert done.returncode == 0, done.stderr
    copy = tmp_path / "kept" / "copy.db"
    assert json.loads(done.stdout) == {
        "db": str(bought),
        "file": "kept/copy.db",
        "size_bytes": copy.stat().st_size,
        "samples": 45,
        "requests_open": 0,
    }
    check_books(copy)
    for table in ("sample", "request", "model", "prompt", "run", "sweep_file", "sample_records", "spend"):
        assert rows(copy, f"SELECT * FROM {table}") == rows(bought, f"SELECT * FROM {table}")
    for words in (["status"], ["frontier"], ["verify"], ["reconcile"], ["export", "--format", "csv"]):
        assert command(words[0], str(copy), *words[1:]).returncode == 0, words
    assert [p.name for p in copy.parent.iterdir() if "part" in p.name] == []


def test_a_copy_never_overwrites_and_the_ledger_is_no_place_for_it(bought, command, tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for target in ("mine", "link", str(bought), "."):
        done = command("backup", str(bought), target)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert "already exists and is left as it is" in done.stderr
    assert (tmp_path / "mine").read_text() == "mine"


def test_what_is_no_ledger_is_not_copied(bought, command, tmp_path):
    whole = bytearray(bought.read_bytes())
    whole[8192:40960] = b"\xa5" * 32768
    (tmp_path / "broken.db").write_bytes(whole)
    (tmp_path / "text.db").write_text("text")
    for name in ("broken.db", "text.db", "missing.db"):
        done = command("backup", name, "copy.db")
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert not (tmp_path / "copy.db").exists()
    (tmp_path / "file").write_text("")
    done = command("backup", str(bought), "file/below")
    assert (done.returncode, "can't be written" in done.stderr) == (2, True)
    assert not list(tmp_path.glob(".*part*"))


def test_the_writer_goes_on_and_the_copy_is_of_one_moment(bought, tmp_path, monkeypatch):
    """Two rows are written together, all the while: a copy that began between its steps anew, or mixed two moments,
    would hold one without the other, or the last that was written."""
    db = tmp_path / "l.db"
    shutil.copy(bought, db)
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("CREATE TABLE pad (a INTEGER, b BLOB)")
        connection.executemany("INSERT INTO pad VALUES (0, ?)", [(bytes(100_000),)] * 300)
    monkeypatch.setattr(module, "PAGES_A_STEP", 64)
    over, slowest, written = threading.Event(), [0.0], [0]

    def write():
        connection = sqlite3.connect(db, isolation_level=None, timeout=0)  # never waits: a lock would raise
        while not over.is_set():
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO pad VALUES (1, zeroblob(5000))")
            connection.execute("UPDATE model SET retries = retries + 1")
            connection.execute("COMMIT")
            slowest[0] = max(slowest[0], time.perf_counter() - began)
            written[0] += 1
            time.sleep(0.001)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    seen: list[int] = []

    def told(count):
        seen.append(count)
        time.sleep(0.005)

    try:
        while not written[0]:
            time.sleep(0.001)
        before = written[0]
        backup(db, tmp_path / "copy.db", told)
        during = written[0] - before
    finally:
        over.set()
        thread.join()
    assert during > 20
    assert len(seen) > 50
    assert seen == sorted(seen)
    copied = one(tmp_path / "copy.db", "SELECT count(*) FROM pad WHERE a = 1")
    assert before <= copied < before + during, "of the moment it began"
    retries = rows(tmp_path / "copy.db", "SELECT DISTINCT retries FROM model")
    assert [row[0] for row in retries] == [copied]
    assert slowest[0] < 5


def test_a_copy_while_a_run_writes_goes_on_as_a_ledger(tmp_path, command):
    vendor = openai_vendor(latency=0.05)
    with serving(vendor):
        path = SweepFile(
            {"m": model(vendor, max_n=1, limits={"concurrency": 4})}, problems=20, samples=6
        ).write(tmp_path)
        process = start(path, tmp_path / "test.db")
        while not (tmp_path / "test.db").exists() or not vendor.billed:
            time.sleep(0.05)
        done = command("backup", "test.db", "copy.db")
        assert done.returncode == 0, done.stderr
        assert finish(process).status == 0
        copy = tmp_path / "copy.db"
        check_books(copy, ended=False)
        there = one(copy, "SELECT count(*) FROM sample")
        assert 0 <= there < 120
        assert run(path, copy).status == 0
    check_books(copy)
    assert (
        one(copy, "SELECT count(*) FROM sample")
        == one(tmp_path / "test.db", "SELECT count(*) FROM sample")
        == 120
    )


def test_a_copy_is_made_while_the_lock_is_held(bought, command):
    lock = acquire(bought)
    try:
        assert command("backup", str(bought), "copy.db").returncode == 0
    finally:
        lock.release()
