"""A process that is stopped (Ctrl-Z, a paused VM) for longer than its time-outs and leases: what has arrived is read
first, nothing is bought again, and server time is charged to the lease's end at most."""

from __future__ import annotations

import os
import signal
import sys
import time
from decimal import Decimal

import pytest

from tests.loopback.anthropic_wire import anthropic_vendor
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, check_complete, money, one, rows
from tests.orchestrator.run.kills.test_signals import wait_for
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, finish, model, start
from tests.orchestrator.run.test_server_time import gpu

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="stops a process")]


def stopped(process, seconds: float) -> None:
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGCONT)


def anthropic(vendor, **keys):
    prices = {name: float(usd) for name, usd in vendor.prices.items()}
    return {
        "provider": "anthropic",
        "model": "m",
        "base_url": vendor.root_url,
        "api_key_env": "STALL_KEY",
        "price": prices,
        **keys,
    }


@pytest.mark.parametrize("wire", ["direct", "sdk"])
def test_what_arrived_while_it_was_stopped_is_read_and_not_bought_again(tmp_path, wire):
    vendor = openai_vendor(latency=1.5) if wire == "direct" else anthropic_vendor(latency=1.5)
    db = tmp_path / "test.db"
    with serving(vendor):
        made = model(vendor) if wire == "direct" else anthropic(vendor)
        sweep = SweepFile({"m": made | {"timeout_s": 3, "max_n": 1}}, problems=3, samples=1)
        process = start(sweep.write(tmp_path), db, STALL_KEY="k")
        wait_for(process, lambda: len(vendor.seen) >= 3, timeout_s=40)
        stopped(process, 5)
        ended = finish(process)
    assert ended.status == 0, ended.err
    check_books(db)
    check_complete(db, {"m": (3, 1)})
    assert len(vendor.billed) == 3
    assert (money(db).settled, money(db).presumed) == (vendor.billed_pico, 0)
    assert "stood still" in ended.out


def test_the_grace_after_ctrl_c_does_not_count_the_time_that_it_was_stopped(tmp_path):
    vendor = openai_vendor(latency=1.0)
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor, max_n=1, limits={"concurrency": 4})}, problems=20, samples=1)
        process = start(sweep.write(tmp_path), db, "--grace", "2s")
        wait_for(process, lambda: vendor.in_flight >= 4)
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.3)
        stopped(process, 4)
        ended = finish(process)
    assert ended.status == 130, ended.err
    check_books(db)
    assert (money(db).settled, money(db).presumed) == (vendor.billed_pico, 0)


def test_a_server_is_charged_to_its_leases_end_at_most(tmp_path):
    """At $3,600 an hour a second is a dollar, and the budget's lease is of five seconds."""
    vendor = openai_vendor(flavour="vllm", latency=1.0)
    db = tmp_path / "test.db"
    budget = 5 * USD
    with serving(vendor):
        sweep = SweepFile(
            {"m": gpu(vendor, usd_per_hour=3600, max_n=1, sequences=4)},
            problems=2,
            samples=1,
            budget_usd=5,
        )
        process = start(sweep.write(tmp_path), db)
        wait_for(process, lambda: vendor.in_flight >= 2)
        stopped(process, 8)
        ended = finish(process)
    assert ended.status == 0, ended.err
    check_books(db)
    check_complete(db, {"m": (2, 1)})
    assert len(vendor.billed) == 2
    assert 0.9 * budget < money(db).settled <= budget
    assert money(db).presumed == 0
    assert "lease's end" in ended.out


def test_a_lease_that_ended_while_it_was_stopped_is_taken_anew(tmp_path):
    """The time between is not charged; what is still running there goes on."""
    vendor = openai_vendor(flavour="vllm", latency=lambda _: 0.3 if len(vendor.seen) < 5 else 2.0)
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile(
            {"m": gpu(vendor, usd_per_hour=3600, max_n=1, sequences=1)}, problems=4, samples=1, budget_usd=9
        )
        process = start(sweep.write(tmp_path), db)
        wait_for(process, lambda: vendor.in_flight >= 1)
        stopped(process, 10)
        ended = finish(process)
    assert ended.status in (0, 3), ended.err
    check_books(db)
    assert money(db).settled <= 9 * USD
    assert money(db).presumed == 0
    worked = one(db, "SELECT count(*) FROM request WHERE state = 'settled'")
    assert worked >= 1
    for row in rows(db, "SELECT busy_s, usd_per_hour FROM lease"):
        assert Decimal(row["busy_s"]) <= 9


def test_a_server_does_not_die_of_a_stop(tmp_path):
    """One refused connection, then a stop longer than a dead server is waited for."""
    vendor = openai_vendor(latency=0.2)
    db = tmp_path / "test.db"
    with serving(vendor):
        at = vendor.base_url
    sweep = SweepFile({"m": model(vendor) | {"base_url": at}}, problems=1, samples=1)
    process = start(sweep.write(tmp_path), db)
    wait_for(process, lambda: db.exists() and rows(db, "SELECT 1 FROM request WHERE state = 'free'"))
    stopped(process, 17)
    assert process.poll() is None
    time.sleep(4)
    assert process.poll() is None, "given up though nothing was tried for 15 seconds of its own time"
    process.kill()
    process.communicate()
