"""Two runs on one ledger at the same time, whatever name of it the second is given, and though its lock was removed:
the second is refused, and the first is named."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, check_complete
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, finish, model, start

pytestmark = pytest.mark.slow


def by_symlink(db):
    link = db.parent / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(db)
    return link


def by_folder(db):
    link = db.parent.with_name("folder")
    link.symlink_to(db.parent, target_is_directory=True)
    return link / db.name


def by_hard_link(db):
    link = db.with_name("other.db")
    os.link(db, link)
    return link


def lock_removed(db):
    db.with_name("test.db.lock").unlink()
    return db


@pytest.mark.parametrize(
    "again", [by_symlink, by_folder, by_hard_link, lock_removed], ids=lambda f: f.__name__
)
@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells which files a process has open"
)
def test_the_second_is_refused(tmp_path, again):
    vendor = openai_vendor(latency=0.1)
    db = tmp_path / "runs" / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor, max_n=1, limits={"concurrency": 2})}, problems=400).write(
            tmp_path
        )
        first = start(path, db)
        while not vendor.billed:
            assert first.poll() is None, first.communicate()
            time.sleep(0.01)
        second = finish(start(path, again(db)))
        assert second.status == 2, second.err
        assert second.err.count("\n") == 1
        if again is by_hard_link:
            assert "has 2 names (hard links), one of them 'test.db' beside it" in second.err
        else:
            assert f"another process writes this ledger: process {first.pid} on" in second.err
            first.send_signal(signal.SIGINT)
        ended = finish(first)
    assert ended.status == (2 if again is by_hard_link else 130), ended.err
    check_books(db)
    check_bill(db, {"m": vendor}, 10 * USD)


def test_a_run_that_was_killed_holds_nothing(tmp_path):
    vendor = openai_vendor(latency=0.1)
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor, max_n=1, limits={"concurrency": 2})}, problems=4).write(tmp_path)
        first = start(path, db)
        while not vendor.billed:
            assert first.poll() is None, first.communicate()
            time.sleep(0.01)
        first.kill()  # not waited for: it stays as a process that is dead and has its number
        ended = finish(start(path, db))
        first.communicate()
    assert ended.status == 0, ended.err
    check_complete(db, {"m": (4, 4)})
