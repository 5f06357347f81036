"""Ctrl-C, SIGTERM, SIGHUP, --stop-after and --grace, on real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, money, one, rows, sample_keys
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, await_arrival, finish, model, run, start

pytestmark = pytest.mark.slow

BUDGET = 10 * USD


def sweep(vendor, **keys):
    given = {"max_n": 1, "limits": {"concurrency": 4}, **keys}
    return SweepFile({"m": model(vendor, **given)}, problems=200, samples=2)


def wait_for(process: subprocess.Popen[str], condition, timeout_s: float = 15) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.01)


def invariants(db, vendor, *, leftovers: bool) -> None:
    check_books(db)
    check_bill(db, {"m": vendor}, BUDGET)
    assert (money(db).presumed > 0) == leftovers


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_once_lets_what_is_in_flight_land(tmp_path, number, status):
    vendor = openai_vendor(latency=0.5)
    db = tmp_path / "test.db"
    with serving(vendor):
        process = start(sweep(vendor).write(tmp_path), db)
        wait_for(process, lambda: len(vendor.seen) >= 6)
        os.kill(process.pid, number)
        asked = len(vendor.seen)
        ended = finish(process, 20)  # of a grace of thirty
    assert ended.status == status, ended.err
    assert len(vendor.seen) <= asked + 4, "sending stops"
    assert len(vendor.billed) == len(vendor.seen) == len(sample_keys(db)), (
        "what was in flight landed, and is booked"
    )
    invariants(db, vendor, leftovers=False)
    assert money(db).settled == vendor.billed_pico
    assert one(db, "SELECT status FROM run") == "interrupted"


def test_twice_leaves_without_the_grace(tmp_path):
    vendor = openai_vendor(latency=lambda asked: 0 if len(vendor.seen) == 1 else 60)
    db = tmp_path / "test.db"
    with serving(vendor):
        process = start(sweep(vendor).write(tmp_path), db)
        wait_for(process, lambda: len(vendor.seen) == 5)  # the first was answered, so that four wait
        os.kill(process.pid, signal.SIGINT)
        await_arrival(process)
        assert process.poll() is None, "it waits for what is in flight"
        os.kill(process.pid, signal.SIGINT)
        ended = finish(process, 10)  # of a grace of thirty
    assert ended.status == 130, ended.err
    invariants(db, vendor, leftovers=True)
    assert one(db, "SELECT count(*) FROM request WHERE state = 'presumed'") == 4


@pytest.mark.skipif(sys.platform != "linux", reason="makes a pipe small")
def test_twice_leaves_though_nobody_reads_what_is_shown(tmp_path):
    import fcntl

    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        file = sweep(vendor)
        file.problems = 2
        process = start(file.write(tmp_path), db)
        assert process.stdout is not None
        pipe = process.stdout.fileno()
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
        with Path(f"/proc/self/fd/{pipe}").open("wb", buffering=0) as full:
            full.write(b"x" * 4096)
        wait_for(process, lambda: db.exists() and rows(db, "SELECT 1 FROM run WHERE status = 'complete'"))
        time.sleep(0.5)
        for _ in range(2):
            assert process.poll() is None, "it waits for who reads its summary"
            os.kill(process.pid, signal.SIGINT)
            await_arrival(process)
        assert process.wait(10) == 130
        process.communicate()
    check_books(db)
    assert one(db, "SELECT status FROM run") == "complete"


def test_grace_ends_the_wait(tmp_path):
    vendor = openai_vendor(latency=60)
    db = tmp_path / "test.db"
    with serving(vendor):
        process = start(sweep(vendor).write(tmp_path), db, "--grace", "1s")
        wait_for(process, lambda: vendor.in_flight >= 4)
        os.kill(process.pid, signal.SIGINT)
        began = time.monotonic()
        ended = finish(process, 20)  # of a reply that takes a minute
        assert time.monotonic() - began > 0.9
    assert ended.status == 130, ended.err
    invariants(db, vendor, leftovers=True)


def test_sighup_does_not_end_a_run(tmp_path):
    vendor = openai_vendor(latency=0.2)
    db = tmp_path / "test.db"
    with serving(vendor):
        file = sweep(vendor)
        file.problems = 10
        process = start(file.write(tmp_path), db)
        wait_for(process, lambda: len(vendor.seen) >= 1)
        os.kill(process.pid, signal.SIGHUP)
        ended = finish(process, 20)
    assert ended.status == 0, ended.err
    assert len(sample_keys(db)) == 20


def test_stop_after_ends_as_ctrl_c_does(tmp_path):
    vendor = openai_vendor(latency=0.3)
    db = tmp_path / "test.db"
    with serving(vendor):
        path = sweep(vendor).write(tmp_path)
        began = time.monotonic()
        ended = run(path, db, stop_after_s=1.0)
        assert 1.0 < time.monotonic() - began < 15  # all of it takes thirty
        assert (ended.status, ended.result.status) == (130, "interrupted")
        invariants(db, vendor, leftovers=False)
        there = set(sample_keys(db))
        assert 1 <= len(there) == len(vendor.billed)
        vendor.latency = 0.0
        assert run(path, db, stop_after_s=3600).status == 0
    assert there < set(sample_keys(db))
    assert len(sample_keys(db)) == 400 == len(vendor.billed)


def test_stop_after_with_nothing_left_is_success(tmp_path):
    """The time is up while the last requests land: all is there."""
    vendor = openai_vendor(latency=1.0)
    with serving(vendor):
        file = sweep(vendor)
        file.problems = 2
        assert run(file.write(tmp_path), tmp_path / "test.db", stop_after_s=0.5).status == 0


def test_waiting_retries_do_not_keep_a_drain_busy(tmp_path):
    """While a retry waits and a slow request lands, draining takes no processor time."""
    vendor = openai_vendor(latency=2.0)
    from tests.loopback import faults

    vendor.faults.extend([faults.RATE_LIMITED, None])
    db = tmp_path / "test.db"
    with serving(vendor):
        began, cpu = time.monotonic(), time.process_time()
        file = sweep(vendor, limits={"concurrency": 2})
        ended = run(file.write(tmp_path), db, stop_after_s=0.3)
        assert time.monotonic() - began > 1.5
        assert time.process_time() - cpu < 0.9
    assert ended.status == 130


def test_the_summary_counts_what_was_left_in_flight(tmp_path):
    vendor = openai_vendor(latency=60)
    db = tmp_path / "test.db"
    with serving(vendor):
        ended = run(sweep(vendor).write(tmp_path), db, stop_after_s=0.5, grace_s=0.2)
    shown = ended.result.progress
    assert (shown.reserved_pico, shown.presumed_pico) == (0, money(db).presumed)
    assert shown.presumed_pico > 0
    assert [row[0] for row in rows(db, "SELECT reserved_pico FROM spend")] == [0]
