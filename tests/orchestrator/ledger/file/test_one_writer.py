"""One writer a ledger, whatever name each process uses, whatever became of the lock file, and whichever released
version of manyfew the other one is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.file.create import make_or_check
from orchestrator.ledger.file.lock import acquire, is_held, lock_path
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.process import Process, lives, this_process
from tests.former import former, start_former
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.score_wire import score_vendor
from tests.loopback.vendor import Vendor
from tests.orchestrator.run.books import check_bill, check_books, check_complete, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import ROOT, USD, SweepFile, finish, model, run, start

pytestmark = pytest.mark.slow

__all__ = ["former"]
LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells which files a process has open"
)


def symlink(db: Path) -> Path:
    link = db.parent / "elsewhere" / "link.db"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(db)
    return link


def same_name_without_lock(db: Path) -> Path:
    lock_path(db).unlink(missing_ok=True)
    return db


def hard_link(db: Path) -> Path:
    link = db.with_name("other.db")
    os.link(db, link)
    return link


def slow_sweep(vendor: Vendor, folder: Path, problems: int = 40) -> Path:
    models = {"m": model(vendor, max_n=1, limits={"concurrency": 2})}
    return SweepFile(models, problems=problems).write(folder)


def sending(vendor: Vendor, process: subprocess.Popen[str]) -> None:
    """Waits until the process has sent something."""
    while not vendor.billed:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@contextmanager
def holding(db: Path) -> Generator[None]:
    """A writer of which only the row is left, as of one whose lock file was removed: this process."""
    lock = acquire(db)
    with closing(open_for_writing(db)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        lock.claim(connection)
        connection.execute("COMMIT")
    lock_path(db).unlink()
    try:
        yield
    finally:
        lock.release()


@pytest.mark.parametrize("second_name", [symlink, hard_link, same_name_without_lock])
def test_two_runs_at_once_never_spend_twice(tmp_path, second_name):
    """Both are started within a moment: a budget is one budget."""
    vendor = openai_vendor(latency=0.05)
    db = tmp_path / "runs" / "test.db"
    with serving(vendor):
        path = slow_sweep(vendor, tmp_path, problems=8)
        make_or_check_folder(db)
        name = second_name(db)
        both = [start(path, db), start(path, name)]
        if second_name is same_name_without_lock:
            for _ in range(40):  # whoever holds it, its file goes
                lock_path(db).unlink(missing_ok=True)
                time.sleep(0.02)
        ended = [finish(process) for process in both]
    allowed = [[2, 2]] if second_name is hard_link else [[0, 2], [0, 0]]
    assert sorted(done.status for done in ended) in allowed, [done.err for done in ended]
    if second_name is hard_link:
        assert not vendor.billed
        assert all("has 2 names (hard links)" in done.err for done in ended)
        return
    check_books(db)
    check_complete(db, {"m": (8, 4)})
    assert len(vendor.billed) == 32
    check_bill(db, {"m": vendor}, 10 * USD)


def make_or_check_folder(db: Path) -> None:
    db.parent.mkdir()
    make_or_check(db)


def moved_away(db: Path) -> None:
    db.rename(db.with_name("moved.db"))


def replaced(db: Path) -> None:
    shutil.copy(db, db.with_name("copy.db"))
    db.with_name("copy.db").rename(db)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (hard_link, "has 2 names (hard links), one of them 'other.db' beside it"),
        (moved_away, "is no longer there: its file was moved or removed"),
        (replaced, "was replaced by another file"),
    ],
)
def test_a_ledger_that_loses_its_one_name_ends_the_run(tmp_path, change, said):
    vendor = openai_vendor(latency=0.1)
    db = tmp_path / "runs" / "test.db"
    with serving(vendor):
        running = start(slow_sweep(vendor, tmp_path), db)
        sending(vendor, running)
        change(db)
        time.sleep(1)
        sent = len(vendor.billed)
        ended = finish(running)
        assert len(vendor.billed) == sent, "nothing is sent once it was found"
    assert ended.status == 2, ended.err
    assert "(give it back its one name, check it with " in ended.err
    assert ended.err.strip().endswith(f"manyfew doctor {db}, then run again)")
    assert f"the ledger {said} while it was written" in ended.err
    if change is hard_link:  # and what was in flight is booked
        check_books(db)
        check_bill(db, {"m": vendor}, 10 * USD)
        assert one(db, "SELECT count(*) FROM sample") == len(vendor.billed)


@pytest.fixture
def bought(tmp_path) -> Path:
    vendor, db = openai_vendor(), tmp_path / "a.db"
    with serving(vendor):
        assert run(SweepFile({"m": model(vendor)}, problems=2, samples=2).write(tmp_path), db).status == 0
    return db


COMMANDS = {
    "run": ["run", "sweep.toml", "--db", "DB", "--no-progress"],
    "verify": ["verify", "DB"],
    "verify a reward": [
        *("verify", "DB", "--verifier", "reward", "--budget", "1", "--option", "model=rm"),
        *("--option", 'servers=["http://127.0.0.1:9/v1"]', "--option", "price={input=1}"),
    ],
    "import": ["import", "in.jsonl", "--db", "DB"],
    "import results": ["import", "table.csv", "--aggregate", "--db", "DB"],
    "reconcile": ["reconcile", "DB", "--free", "--yes"],
    "merge from it": ["merge", "merged.db", "DB", "b.db"],
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("by", [symlink, same_name_without_lock])
def test_whatever_writes_finds_the_row_of_whoever_writes(bought, tmp_path, manyfew, name, by):
    (tmp_path / "in.jsonl").write_text('{"model": "n", "problem": "p", "sample_index": 0, "text": "x"}\n')
    (tmp_path / "table.csv").write_text("model,k,coverage,usd_per_attempt\nm,1,0.5,0.01\n")
    shutil.copy(bought, tmp_path / "b.db")
    with holding(bought):
        before = list(rows(bought, "SELECT * FROM model"))
        place = by(bought)
        done = manyfew(*[str(place) if word == "DB" else word for word in COMMANDS[name]])
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert f"writes this ledger: process {os.getpid()} on" in done.stderr
        assert rows(bought, "SELECT * FROM model") == before
    assert not is_held(bought)


@pytest.mark.parametrize("command", ["merge", "reprice"])
def test_what_is_made_anew_is_locked_too(bought, tmp_path, manyfew, command):
    shutil.copy(bought, tmp_path / "b.db")
    out = tmp_path / "out.db"
    words = {
        "merge": ["merge", "out.db", "a.db", "b.db"],
        "reprice": ["reprice", "a.db", "out.db", "--price", "m=1/2"],
    }
    with acquire(out):
        done = manyfew(*words[command])
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "out.db: another process writes this ledger" in done.stderr
    assert not out.exists()


def test_readers_see_who_writes_though_the_lock_is_gone(bought, manyfew):
    with holding(bought):
        assert json.loads(manyfew("status", str(bought), "--json").stdout)["status"] == "running"
        assert f"process {os.getpid()} on" in manyfew("doctor", str(bought)).stdout
    assert json.loads(manyfew("status", str(bought), "--json").stdout)["status"] == "complete"


def test_a_dead_writers_row_holds_nothing(bought):
    """Its number was given to another process, its machine was started anew, or the row came with a copy."""
    me = this_process()
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    others = [
        Process(child.pid, "1", me.boot, me.host),
        Process(child.pid, None, "another boot", me.host),
        Process(2**22 + 1, None, me.boot, me.host),
    ]
    assert lives(me)
    assert not any(lives(other) for other in others)
    child.communicate()
    assert not lives(Process(child.pid, None, me.boot, me.host))
    with holding(bought):
        copy = Path(shutil.copy(bought, bought.with_name("copy.db")))
        assert one(copy, "SELECT count(*) FROM writer") == 1
        assert not is_held(copy)
        with acquire(copy), pytest.raises(InputError, match=f"process {os.getpid()} on"):
            acquire(bought)


def test_a_name_left_by_a_process_killed_at_the_end_of_a_merge(bought, tmp_path):
    os.link(bought, tmp_path / ".a.db.4711.part")
    acquire(bought).release()
    assert not (tmp_path / ".a.db.4711.part").exists()


OPENED = """
import runpy, sys
opened = []
def hear(event, arguments):
    if event == "open" and str(arguments[0]).endswith((".db", ".db-wal", ".db-shm")):
        opened.append(arguments[0])
sys.addaudithook(hear)
sys.argv = ["manyfew", *sys.argv[1:]]
try:
    runpy.run_module("manyfew", run_name="__main__")
except SystemExit as ended:
    assert ended.code == 0, ended.code
assert not opened, opened
"""


@pytest.mark.parametrize(
    "words",
    [
        *(["status", "a.db"], ["doctor", "a.db"], ["frontier", "a.db"], ["verify", "a.db"]),
        *(["run", "sweep.toml", "--db", "a.db", "--no-progress"], ["reconcile", "a.db"]),
        *(["export", "a.db", "--format", "jsonl", "-o", "x.jsonl"], ["compare", "a.db"]),
    ],
    ids=lambda words: words[0],
)
def test_nothing_but_sqlite_opens_a_ledger(bought, words):
    """Where a descriptor of it is closed the system drops every lock that the process has on it."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", OPENED, *words],
        cwd=bought.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


# -- beside 0.1 ------------------------------------------------------------------------------------------------------


@LINUX
@pytest.mark.parametrize(
    "by", [lambda db: db, symlink, same_name_without_lock], ids=["name", "symlink", "no lock"]
)
def test_a_run_of_0_1_is_not_joined(tmp_path, former, by):
    vendor = openai_vendor(latency=0.1)
    db = tmp_path / "runs" / "test.db"
    with serving(vendor):
        path = slow_sweep(vendor, tmp_path)
        first = start_former(former, "run", path, "--db", db, "--no-progress", folder=tmp_path)
        sending(vendor, first)
        second = finish(start(path, by(db)))
        assert (second.status, second.err.count("\n")) == (2, 1), second.err
        assert f"another process writes this ledger: process {first.pid} on" in second.err
        first.send_signal(signal.SIGINT)
        assert finish(first).status == 130
        assert one(db, "PRAGMA user_version") == 1
        # And once it has ended, the sweep goes on here.
        bought = len(vendor.billed)
        third = start(path, db)
        while len(vendor.billed) == bought:
            assert third.poll() is None, third.communicate()
            time.sleep(0.01)
        third.send_signal(signal.SIGINT)
        assert finish(third).status == 130
    check_books(db)
    check_bill(db, {"m": vendor}, 10 * USD)


@pytest.mark.parametrize(
    "by", [lambda db: db, symlink, same_name_without_lock], ids=["name", "symlink", "no lock"]
)
def test_0_1_does_not_join_a_run(tmp_path, former, by):
    vendor = openai_vendor(latency=0.1)
    db = tmp_path / "runs" / "test.db"
    with serving(vendor):
        path = slow_sweep(vendor, tmp_path)
        first = start(path, db)
        sending(vendor, first)
        for words in (("run", path, "--db", by(db), "--no-progress"), ("verify", db), ("doctor", db)):
            second = finish(start_former(former, *words, folder=tmp_path))
            assert second.status == 2, second.err
        first.send_signal(signal.SIGINT)
        assert finish(first).status == 130
    check_books(db)
    check_bill(db, {"m": vendor}, 10 * USD)


@LINUX
@pytest.mark.parametrize("by", [symlink, same_name_without_lock])
def test_what_0_1_spends_on_scores_is_not_presumed_by_a_run(tmp_path, former, by):
    """It has no row of its own in `run`, and holds a lock under another name."""
    vendor, scores = openai_vendor(), score_vendor(latency=0.2)
    db = tmp_path / "runs" / "test.db"
    with serving(vendor, scores):
        path = SweepFile({"m": model(vendor, max_n=1)}, problems=10).write(tmp_path)
        words = ["run", path, "--db", db, "--no-progress"]
        assert finish(start_former(former, *words, folder=tmp_path)).status == 0
        options = [
            "model=rm",
            f'servers=["{scores.base_url}"]',
            "price={input=0.1}",
            "concurrency=1",
            "max_n=1",
        ]
        given = [word for option in options for word in ("--option", option)]
        first = start_former(
            former, "verify", db, "--verifier", "reward", "--budget", "10", *given, folder=tmp_path
        )
        sending(scores, first)
        second = finish(start(path, by(db)))
        assert (second.status, second.err.count("\n")) == (2, 1), second.err
        assert f"another process writes this ledger: process {first.pid}" in second.err
        assert finish(first).status == 0
    check_books(db)
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT count(*) FROM request WHERE state = 'presumed'").fetchone() == (0,)
