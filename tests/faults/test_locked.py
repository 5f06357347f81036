"""Another program holds the ledger's write lock: for some seconds the run waits, for ever it ends and says why."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing, contextmanager

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, check_complete, money
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, finish, interrupt_twice, model, run, start

pytestmark = pytest.mark.slow

BUDGET = 10 * USD
PROBLEMS = 40


@contextmanager
def locked(db):
    with closing(sqlite3.connect(db, isolation_level=None, timeout=10)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def sweep(vendor):
    return SweepFile({"m": model(vendor, limits={"concurrency": 4})}, problems=PROBLEMS, samples=2)


def sampling(vendor, process):
    until = time.monotonic() + 20
    while len(vendor.seen) < 8:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.01)


def test_for_some_seconds(tmp_path):
    vendor = openai_vendor(latency=0.1)
    db = tmp_path / "test.db"
    with serving(vendor):
        process = start(sweep(vendor).write(tmp_path), db)
        sampling(vendor, process)
        with locked(db):
            asked = len(vendor.seen)
            time.sleep(2.5)
            assert len(vendor.seen) <= asked + 4, "what can't be reserved is not sent"
        ended = finish(process)
    assert ended.status == 0, ended.err
    check_books(db)
    check_complete(db, {"m": (PROBLEMS, 2)})
    check_bill(db, {"m": vendor}, BUDGET)
    assert money(db).settled == vendor.billed_pico


def test_for_ever(tmp_path):
    """One run meets the lock when it begins, another amid its work."""
    first, second = openai_vendor(latency=0.1), openai_vendor()
    db, other = tmp_path / "first" / "test.db", tmp_path / "second" / "test.db"
    with serving(first, second):
        path = sweep(first).write(tmp_path / "first")
        working = start(path, db)
        shorter = sweep(second)
        shorter.samples = 1
        assert run(shorter.write(tmp_path / "second"), other).status == 0
        asked = len(second.seen)
        sampling(first, working)
        with locked(other), locked(db):
            beginning = start(sweep(second).write(tmp_path / "second"), other)
            began, worked = finish(beginning), finish(working)
        assert len(second.seen) == asked
        for ended, status, name in ((began, 2, other), (worked, 1, db)):
            assert ended.status == status, ended.err
            assert ended.err.count("\n") == 1, ended.err
            assert str(name) in ended.err
            assert "another program holds it" in ended.err
        check_books(db, ended=False)
        assert money(db).settled <= first.billed_pico <= money(db).held <= BUDGET
        assert run(path, db).status == 0
    check_books(db)
    check_complete(db, {"m": (PROBLEMS, 2)})
    check_bill(db, {"m": first}, BUDGET)


def test_ctrl_c_twice_leaves_all_the_same(tmp_path):
    """Long before the ten seconds for which a lock is waited for."""
    vendor = openai_vendor(latency=0.1)
    db = tmp_path / "test.db"
    with serving(vendor):
        path = sweep(vendor).write(tmp_path)
        process = start(path, db, "--json")
        sampling(vendor, process)
        with locked(db):
            interrupt_twice(process)
            began = time.monotonic()
            ended = finish(process)
            assert time.monotonic() - began < 8
        assert ended.status == 130, ended.err
        assert ended.err.count("\n") == 1
        assert "it could not be written when you left" in ended.err
        assert json.loads(ended.out)["status"] == "error"
        check_books(db, ended=False)
        assert money(db).settled <= vendor.billed_pico <= money(db).held <= BUDGET
        assert run(path, db).status == 0
    check_books(db)
    check_complete(db, {"m": (PROBLEMS, 2)})
    check_bill(db, {"m": vendor}, BUDGET)
