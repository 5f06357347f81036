"""What endpoints take and do: n, several servers, dead ones, bad keys."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Vendor
from tests.orchestrator.run.books import (
    check_bill,
    check_books,
    check_complete,
    money,
    one,
    rows,
    sample_keys,
)
from tests.orchestrator.run.serving import die, serving
from tests.orchestrator.run.sweeps import USD, SweepFile, finish, model, run, start

KEY = "sk-loopback-7f3a91c2e5"


def vllm(*vendors, **keys):
    return {
        "provider": "vllm",
        "model": "m",
        "servers": [v.base_url for v in vendors],
        "price": {"input": 5.0, "cached_input": 2.5, "output": 15.0},
        **keys,
    }


def test_what_n_an_endpoint_takes_is_learnt_and_remembered(tmp_path):
    vendor = openai_vendor(n_limit=5, latency=0.01)
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=10, samples=12)
        assert run(sweep.write(tmp_path), db).status == 0
        assert one(db, "SELECT max_n FROM model") == 5
        refused = vendor.refused_count
        assert refused >= 1
        sweep.problems = 12
        assert run(sweep.write(tmp_path), db).status == 0
        assert vendor.refused_count == refused, "known in the next run"
    check_books(db)
    check_complete(db, {"m": (12, 12)})
    assert money(db).settled == vendor.billed_pico
    assert one(db, "SELECT count(*) FROM request WHERE state = 'free'") == refused


def test_a_server_that_ignores_n(tmp_path):
    """It gives one sample whatever was asked: the rest is asked again, one by one, and nothing fails."""
    vendor = openai_vendor(latency=0.01)
    work = vendor._work

    def one_only(asked, request_id, fault):
        from dataclasses import replace

        return work(replace(asked, n=1), request_id, fault)

    vendor._work = one_only
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor, limits={"concurrency": 3})}, problems=10, samples=6)
        ended = run(sweep.write(tmp_path), db)
        assert ended.status == 0
    check_books(db)
    check_complete(db, {"m": (10, 6)})
    assert money(db).settled == vendor.billed_pico
    assert one(db, "SELECT max_n FROM model") == 1
    assert len(vendor.seen) == 60
    assert any("ignores n" in w for w in ended.result.warnings)


def test_one_short_reply_is_no_sign_of_that(tmp_path):
    from tests.loopback import faults

    vendor = openai_vendor(latency=0.01)
    vendor.faults.extend([faults.MISSING])
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor, max_n=2, limits={"concurrency": 1})}, problems=5, samples=4)
        assert run(sweep.write(tmp_path), db).status == 0
    check_complete(db, {"m": (5, 4)})
    assert one(db, "SELECT max_n FROM model") is None
    assert one(db, "SELECT count(*) FROM request WHERE n = 2") == 10


def test_a_dead_server_ends_its_model_and_the_other_completes(tmp_path, monkeypatch):
    monkeypatch.setattr("orchestrator.scheduler.endpoints.GIVES_UP_S", 4)
    dead, good = openai_vendor(), openai_vendor(latency=0.01)
    with serving(dead):
        dead_model = model(dead)  # its port, which nobody listens on afterwards
    db = tmp_path / "test.db"
    with serving(good):
        path = SweepFile({"dead": dead_model, "good": model(good)}, problems=10).write(tmp_path)
        began = time.monotonic()
        ended = run(path, db)
        assert 4 < time.monotonic() - began < 14  # of fifteen
    assert (ended.status, ended.result.status) == (4, "provider")
    check_books(db)
    assert sum(k[0] == "good" for k in sample_keys(db)) == 40
    assert money(db, "dead").held == 0
    assert "no answer" in one(db, "SELECT stopped FROM model WHERE alias = 'dead'")
    assert one(db, "SELECT count(*) FROM failure") == 0
    asked = one(db, "SELECT count(*) FROM request JOIN model ON model.id = model_id WHERE alias = 'dead'")
    assert asked < 20, "the breaker keeps the rest from knocking"


def test_a_bad_key_ends_its_model_at_once_and_shows_nowhere(tmp_path):
    vendor = openai_vendor(key="another")
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor, api_key_env="TEST_KEY", limits={"concurrency": 1})}).write(
            tmp_path
        )
        began = time.monotonic()
        ended = finish(start(path, db, "--json", TEST_KEY=KEY))
        assert time.monotonic() - began < 20
    assert ended.status == 4, ended.err
    assert len(vendor.seen) == 1
    assert vendor.seen[0].headers["Authorization"] == f"Bearer {KEY}", "the test's own premise"
    assert "api key" in ended.err.lower()
    assert KEY not in ended.err + ended.out
    for file in tmp_path.iterdir():
        if file.is_file():
            assert KEY.encode() not in file.read_bytes(), file
    check_books(db)
    assert money(db).held == 0


class Thrice(threading.Event):
    """Holds a slow server's replies until the fast one has answered three times as many, or has no more to answer."""

    def __init__(self, slow: Vendor, fast: Vendor, *, requests: int) -> None:
        super().__init__()
        self._slow, self._fast, self._requests = slow, fast, requests

    def is_set(self) -> bool:
        done = len(self._slow.billed)
        return len(self._fast.billed) < min(3 * (done + 1), self._requests - done - self._slow.in_flight)


def test_several_servers_least_outstanding_first(tmp_path):
    slow, fast = openai_vendor(flavour="vllm"), openai_vendor(flavour="vllm")
    slow.held = Thrice(slow, fast, requests=30 * 16 // 4)
    db = tmp_path / "test.db"
    with serving(slow, fast):
        sweep = SweepFile({"m": vllm(slow, fast, max_n=4, sequences=16)}, problems=30, samples=16)
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 0, ended.result
    check_books(db)
    check_complete(db, {"m": (30, 16)})
    assert money(db).settled == slow.billed_pico + fast.billed_pico
    assert slow.most_in_flight <= 4
    assert fast.most_in_flight <= 4
    assert len(slow.billed) >= 8
    assert len(fast.billed) > 2 * len(slow.billed), "who answers sooner is asked more"
    found = rows(db, "SELECT server, count(*) AS n FROM sample_records GROUP BY 1")
    assert {row["server"]: row["n"] for row in found} == {
        of.base_url: sum(asked.body["n"] for asked in of.seen) for of in (slow, fast)
    }
    assert one(db, "SELECT count(*) FROM sample_records WHERE token_basis = 'reported'") == 30 * 16


def test_a_server_that_dies_costs_only_its_own_requests(tmp_path):
    dies, lives = (openai_vendor(flavour="vllm", latency=0.05) for _ in range(2))
    db = tmp_path / "test.db"
    deaths: list[asyncio.Task[None]] = []

    def until_the_thirtieth(_) -> float:
        if len(dies.seen) == 30:
            deaths.append(asyncio.ensure_future(die(dies)))
        return 0.05

    dies.latency = until_the_thirtieth
    with serving(dies, lives):
        sweep = SweepFile({"m": vllm(dies, lives, max_n=4, sequences=16)}, problems=50, samples=16)
        ended = run(sweep.write(tmp_path), db)
    assert len(deaths) == 1
    assert ended.status == 0, ended.result
    check_books(db)
    check_complete(db, {"m": (50, 16)})
    lost = rows(db, "SELECT server FROM request WHERE state = 'presumed'")
    assert 1 <= len(lost) <= 4
    assert {row["server"] for row in lost} == {dies.base_url}
    assert money(db).settled <= dies.billed_pico + lives.billed_pico <= money(db).settled + money(db).presumed


@pytest.mark.parametrize("provider", ["vllm", "openai-compatible"])
def test_nothing_is_asked_twice_where_the_second_run_has_another_server(tmp_path, provider):
    first, second = (openai_vendor(flavour="vllm") for _ in range(2))
    db = tmp_path / "test.db"
    for vendor in (first, second):
        with serving(vendor):
            one_model = vllm(vendor) if provider == "vllm" else model(vendor)
            sweep = SweepFile({"m": one_model}, problems=4 if vendor is first else 6)
            assert run(sweep.write(tmp_path), db).status == 0
    assert len(first.billed) == 4
    assert len(second.billed) == 2
    check_books(db)
    assert money(db).settled == first.billed_pico + second.billed_pico <= 10 * USD
    check_bill(db, {}, 10 * USD)
