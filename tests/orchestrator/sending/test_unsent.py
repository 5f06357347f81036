"""What never left is free: no connection was made, or the run ended or its model stopped before the first byte."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import closing

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, money, one, rows
from tests.orchestrator.run.kills.test_signals import wait_for
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, finish, run, start
from tests.orchestrator.run.test_server_time import gpu


@pytest.fixture
def mute_port():
    """Connections are made there, and nobody ever says a word: a TLS handshake has no end."""
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield listening.getsockname()[1]


def test_a_dead_server_that_is_paid_by_the_hour_costs_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("orchestrator.scheduler.endpoints.GIVES_UP_S", 0.5)
    vendor = openai_vendor(flavour="vllm")
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": gpu(vendor, usd_per_hour=3600)}, problems=3, samples=2, budget_usd=100)
        path = sweep.write(tmp_path)
    assert run(path, db).status == 4
    check_books(db)
    assert money(db).held == 0
    assert {row["state"] for row in rows(db, "SELECT state FROM request")} == {"free"}
    assert one(db, "SELECT sum(busy_s) FROM lease") == 0


@pytest.mark.slow
def test_a_server_that_dies_midway_is_paid_for_what_it_worked(tmp_path, monkeypatch):
    """Only the time with a request of ours on it, not that of the connections it refused."""
    monkeypatch.setattr("orchestrator.scheduler.endpoints.GIVES_UP_AFTER_SUCCESS_S", 1.0)
    vendor = openai_vendor(flavour="vllm", latency=0.2)
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": gpu(vendor, usd_per_hour=3600, max_n=1)}, problems=1, samples=1)
        path = sweep.write(tmp_path)
        assert run(path, db).status == 0
    worked = money(db).settled
    sweep.samples = 3
    assert run(sweep.write(tmp_path), db).status == 4
    check_books(db)
    assert money(db).held == worked > 0


@pytest.mark.parametrize("times", [1, 2])
def test_cancelled_before_its_first_byte_left_it_is_free(tmp_path, mute_port, times):
    mute = {
        "provider": "openai-compatible",
        "model": "m",
        "base_url": f"https://127.0.0.1:{mute_port}/v1",
        "price": {"input": 5.0, "output": 15.0},
        "max_n": 1,
    }
    sweep = SweepFile({"m": mute}, problems=3, samples=1)
    db = tmp_path / "test.db"
    process = start(sweep.write(tmp_path), db)
    wait_for(process, lambda: db.exists() and rows(db, "SELECT 1 FROM request WHERE state = 'reserved'"))
    time.sleep(0.3)
    began = time.monotonic()
    for _ in range(times):
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.1)
    ended = finish(process)
    assert time.monotonic() - began < 9, "it waits for what will not be sent"
    assert ended.status == 130, ended.err
    check_books(db)
    assert money(db).held == 0
    assert {row["state"] for row in rows(db, "SELECT state FROM request")} == {"free"}


def test_a_final_refusal_frees_at_once_what_has_not_left(tmp_path, mute_port):
    """One server rejects the model for good while others are still being connected to."""
    vendor = openai_vendor(flavour="vllm", models=("another",))
    db = tmp_path / "test.db"
    with serving(vendor):
        servers = [vendor.base_url, f"https://127.0.0.1:{mute_port}/v1"]
        refused = {
            "provider": "vllm",
            "model": "m",
            "servers": servers,
            "price": {"input": 5.0, "output": 15.0},
            "max_n": 1,
        }
        path = SweepFile({"m": refused}, problems=4, samples=1).write(tmp_path)
        began = time.monotonic()
        ended = run(path, db)
        took = time.monotonic() - began
    assert ended.status == 4
    assert took < 8, "it waits for what will not be sent"
    check_books(db)
    assert money(db).held == 0
    requests = rows(db, "SELECT state, error FROM request")
    assert {row["state"] for row in requests} == {"free"}
    assert "NotSent" in {row["error"] for row in requests}
