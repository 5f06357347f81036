"""What is no ledger of this sweep is refused, and stays byte for byte; what defines a sample can't change."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.file.lock import acquire
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, check_complete, counts, money, one, rows, sample_keys
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, finish, model, questions, run, start

pytestmark = pytest.mark.slow


def unreachable(**keys):
    """A model that nothing may be sent to."""
    return {
        "provider": "openai-compatible",
        "model": "m",
        "base_url": "http://127.0.0.1:9/v1",
        "price": {"input": 5.0, "output": 15.0},
        **keys,
    }


def text_file(path):
    path.write_text("a diary\n" * 100)


def other_database(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE sample (id INTEGER)")


def other_wal_database(path):
    """Left by a killed program: what it wrote is in the write-ahead log alone."""
    made = path.with_name("made.db")
    connection = sqlite3.connect(made, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE sample (id INTEGER)")
    for suffix in ("", "-wal"):
        shutil.copy(f"{made}{suffix}", f"{path}{suffix}")
    connection.close()
    made.unlink()


def truncated_ledger(path):
    from orchestrator.ledger.file.create import create

    create(path)
    path.write_bytes(path.read_bytes()[:50])


def newer_ledger(path):
    from orchestrator.ledger.file.create import create

    create(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
        connection.execute("PRAGMA journal_mode = DELETE")


@pytest.mark.parametrize(
    "make", [text_file, other_database, other_wal_database, truncated_ledger, newer_ledger]
)
def test_what_is_no_ledger_stays_as_it_is(tmp_path, make):
    db = tmp_path / "x" / "test.db"
    db.parent.mkdir()
    make(db)
    before = {file.name: file.read_bytes() for file in db.parent.iterdir()}
    with pytest.raises(InputError) as error:
        run(SweepFile({"m": unreachable()}).write(tmp_path), db)
    assert str(db) in str(error.value)
    after = {f.name: f.read_bytes() for f in db.parent.iterdir() if not f.name.endswith("-shm")}
    assert after == before


@pytest.mark.parametrize("killed", [False, True])
def test_a_ledger_of_another_sweep_stays_as_it_is(tmp_path, killed):
    vendor = openai_vendor(latency=60 if killed else 0)
    db = tmp_path / "x" / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)})
        process = start(sweep.write(tmp_path), db)
        until = time.monotonic() + 15
        while killed and not vendor.seen:
            assert time.monotonic() < until
            time.sleep(0.01)
        if killed:
            process.kill()
        finish(process)
        before = {f.name: f.read_bytes() for f in db.parent.iterdir() if not f.name.endswith("-shm")}
        assert killed == bool(before.get("test.db-wal"))
        sweep.name = "another"
        ended = finish(start(sweep.write(tmp_path), db))
    assert ended.status == 2
    assert ended.err.count("\n") == 1
    assert "'test'" in ended.err
    assert "'another'" in ended.err
    assert "--db" in ended.err
    after = {f.name: f.read_bytes() for f in db.parent.iterdir() if not f.name.endswith("-shm")}
    assert after == before


def test_the_second_of_two_runs_names_the_first(tmp_path):
    vendor = openai_vendor()
    vendor.held.set()
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}).write(tmp_path)
        first = start(path, db)
        until = time.monotonic() + 60
        while len(vendor.seen) < 4:  # as many as may be out before a first reply
            assert time.monotonic() < until
            time.sleep(0.01)
        second = finish(start(path, db))
        assert len(vendor.seen) == 4
        vendor.held.clear()
        assert finish(first).status == 0
    assert second.status == 2
    assert f"process {first.pid} " in second.err
    assert second.err.count("\n") == 1
    check_books(db)
    assert one(db, "SELECT count(*) FROM run") == 1


def test_a_killed_run_leaves_no_lock(tmp_path):
    vendor = openai_vendor(latency=60)
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}).write(tmp_path)
        first = start(path, db)
        until = time.monotonic() + 15
        while vendor.in_flight < 4:  # as many as may be out before a first reply
            assert time.monotonic() < until
            time.sleep(0.01)
        first.kill()
        finish(first)
        assert (money(db).reserved, money(db).presumed) != (0, 0)
        worst = money(db).reserved
        vendor.latency = 0
        ended = run(path, db)
    assert ended.status == 0
    assert ended.result.presumed_leftovers == 4
    assert money(db).presumed == worst
    check_books(db)


def test_nothing_can_be_made_there(tmp_path):
    ended = finish(start(SweepFile({"m": unreachable()}).write(tmp_path), Path("/proc/nowhere/test.db")))
    assert ended.status == 2
    assert ended.err.count("\n") == 1
    assert "--db" in ended.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write where others may not")
@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_ledger_that_is_read_only(tmp_path, place):
    from orchestrator.ledger.file.create import create

    db = tmp_path / "x" / "test.db"
    db.parent.mkdir()
    create(db)
    locked = db if place == "file" else db.parent
    locked.chmod(0o500)
    try:
        with pytest.raises(InputError):
            run(SweepFile({"m": unreachable()}).write(tmp_path), db)
    finally:
        locked.chmod(0o700)


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "temperature": ({"sampling": {"temperature": 0.7}}, "temperature"),
    "max_tokens": ({"max_tokens": 65}, "max_tokens"),
    "model": ({"model": "another"}, "model"),
    "mode": ({"sampling": {"mode": "until_solved"}}, "mode"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_defines_a_sample_cannot_change(tmp_path, name):
    change, shown = CHANGES[name]
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        assert run(SweepFile({"m": model(vendor)}).write(tmp_path), db).status == 0
        before, asked = db.read_bytes(), len(vendor.seen)
        keys = {key: value for key, value in change.items() if key == "model"}
        rest = {key: value for key, value in change.items() if key != "model"}
        changed = SweepFile({"m": model(vendor, **keys)}, **rest)
        ended = finish(start(changed.write(tmp_path, "changed.toml"), db))
        assert ended.status == 2
        assert ended.err.count("\n") == 1
        assert f"{shown}: " in ended.err
        assert "became" in ended.err
        assert len(vendor.seen) == asked
    assert db.read_bytes() == before


def test_what_does_not_define_a_sample_can(tmp_path):
    """More samples, problems and models, other prices, limits, budgets and servers: it goes on with what is there."""
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=4, samples=4)
        assert run(sweep.write(tmp_path), db).status == 0
        made = dict(sample_texts(db))
        sweep.samples, sweep.problems, sweep.budget_usd = 7, 6, 3
        sweep.models = {
            "m": model(vendor, price={"input": 6.0, "output": 16.0}, max_n=2, limits={"concurrency": 2}),
            "n": model(vendor, model="another"),
        }
        assert run(sweep.write(tmp_path), db).status == 0
    check_books(db)
    check_complete(db, {"m": (6, 7), "n": (6, 7)})
    assert made.items() <= dict(sample_texts(db)).items()
    assert one(db, "SELECT count(*) FROM sweep_file") == 2


def sample_texts(db):
    return (
        ((r[0], r[1], r[2]), r[3])
        for r in rows(db, "SELECT model, problem, sample_index, text FROM sample_records")
    )


def test_fewer_samples_and_problems_are_no_loss(tmp_path):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=6, samples=6)
        assert run(sweep.write(tmp_path), db).status == 0
        sweep.problems, sweep.samples = 3, 2
        asked = len(vendor.seen)
        assert run(sweep.write(tmp_path), db).status == 0
        assert len(vendor.seen) == asked
    assert len(sample_keys(db)) == 36
    check_books(db)


def test_a_changed_gold_is_judged_anew(tmp_path):
    vendor = openai_vendor(answer=lambda prompt, i: f"{i}: #### {['4', '5'][i % 2]}")
    db = tmp_path / "test.db"
    problems = [
        {"id": "a", "question": "2 + 2?", "answer": "4"},
        {"id": "b", "question": "2 + 3?", "answer": "5"},
    ]
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=problems)
        assert run(sweep.write(tmp_path), db).status == 0
        right = {
            (r[0], r[1])
            for r in rows(db, "SELECT problem, sample_index FROM sample_records WHERE passed = 1")
        }
        assert right == {("a", 0), ("a", 2), ("b", 1), ("b", 3)}
        problems[0]["answer"] = "5"
        asked = len(vendor.seen)
        assert run(sweep.write(tmp_path), db).status == 0
        assert len(vendor.seen) == asked
    right = {
        (r[0], r[1]) for r in rows(db, "SELECT problem, sample_index FROM sample_records WHERE passed = 1")
    }
    assert right == {("a", 1), ("a", 3), ("b", 1), ("b", 3)}


def test_a_changed_question_is_refused(tmp_path):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    problems = questions(3)
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=problems)
        assert run(sweep.write(tmp_path), db).status == 0
        before = db.read_bytes()
        problems[1]["question"] += " Think."
        ended = finish(start(sweep.write(tmp_path), db))
    assert ended.status == 2
    assert "'p1'" in ended.err
    assert ended.err.count("\n") == 1
    assert db.read_bytes() == before


def test_reordered_problems_keep_their_samples(tmp_path):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    problems = questions(4)
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=problems)
        assert run(sweep.write(tmp_path), db).status == 0
        problems.reverse()
        problems.append({"id": "new", "question": "New?", "answer": "1"})
        asked = len(vendor.seen)
        assert run(sweep.write(tmp_path), db).status == 0
        assert len(vendor.seen) == asked + 1
    assert counts(db, "m") == dict.fromkeys(["p0", "p1", "p2", "p3", "new"], 4)


def test_the_lock_is_told_apart_from_a_dead_run(tmp_path):
    """Whoever holds the lock without a run of its own is not taken for the last run that ended."""
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}).write(tmp_path)
        assert run(path, db).status == 0
    with acquire(db):
        ended = finish(start(path, db))
    assert ended.status == 2
    assert "another process" in ended.err
    assert str(os.getpid()) not in ended.err.replace(str(tmp_path), "")


@pytest.mark.skipif(
    shutil.which("mount") is None or os.geteuid() != 0, reason="needs root to mount a small disk"
)
def test_a_full_disk_ends_the_run_in_one_line_and_loses_nothing(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"can't mount here: {mounted.stderr.decode().strip()}")
    try:
        vendor = openai_vendor(answer=lambda _, i: "x" * 200 + f"{i} #### 4", latency=0.002)
        db = disk / "test.db"
        with serving(vendor):
            sweep = SweepFile(
                {"m": model(vendor, max_n=2, limits={"concurrency": 4})},
                problems=100,
                samples=20,
                budget_usd=1000,
            )
            ended = finish(start(sweep.write(tmp_path), db))
            assert ended.status == 1, ended.err
            assert "could not be written" in ended.err
            assert "Traceback" not in ended.err
            kept = tmp_path / "kept.db"
            for suffix in ("", "-wal"):
                shutil.copy(f"{db}{suffix}", f"{kept}{suffix}")
            there = len(sample_keys(kept))
            assert there > 20
            assert run(tmp_path / "sweep.toml", kept).status == 0
            check_complete(kept, {"m": (100, 20)})
            assert money(kept).settled <= vendor.billed_pico <= money(kept).settled + money(kept).presumed
            check_books(kept)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
