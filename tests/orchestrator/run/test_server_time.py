"""A server whose time is paid: shares sum to the busy time, leases hold the budget."""

from __future__ import annotations

import time
from decimal import Decimal
from functools import partial
from math import ceil

import pytest

from orchestrator.errors import InputError
from orchestrator.sweep.load import load
from pricing.lease import SECOND_NS, Lease
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, check_complete, money, one, rows, sample_keys, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run


def gpu(*vendors, usd_per_hour=2.5, **keys):
    return {
        "provider": "vllm",
        "model": "m",
        "servers": [v.base_url for v in vendors],
        "gpu_usd_per_hour": usd_per_hour,
        **keys,
    }


def busy_pico(db) -> int:
    """What the servers' busy time costs by their leases."""
    total = 0
    for row in rows(db, "SELECT busy_s, usd_per_hour FROM lease"):
        total += ceil(Decimal(row["usd_per_hour"]) * round(row["busy_s"] * 1e9) * USD / (3600 * 10**9))
    return total


@pytest.mark.parametrize("servers", [1, 2])
def test_costs_sum_to_the_busy_time(tmp_path, servers):
    vendors = [openai_vendor(flavour="vllm", latency=0.05) for _ in range(servers)]
    db = tmp_path / "test.db"
    with serving(*vendors), watched(db, 10 * USD) as held:
        sweep = SweepFile({"m": gpu(*vendors, gpus=2, max_n=4, sequences=8)}, problems=20, samples=8)
        assert run(sweep.write(tmp_path), db).status == 0
    check_books(db)
    check_complete(db, {"m": (20, 8)})
    assert one(db, "SELECT sum(cost_pico) FROM sample_records") == money(db).settled == busy_pico(db) > 0
    assert {r[0] for r in rows(db, "SELECT cost_basis FROM sample_records")} == {"gpu_time"}
    leases = rows(db, "SELECT * FROM lease")
    assert len(leases) == servers
    assert all(r["reserved_pico"] == 0 and r["ended_at"] is not None for r in leases)
    # 20 x 8 samples in fours, two at once a server, 50 ms each, at $5 an hour a server
    seconds = money(db).settled / USD / 5 * 3600
    assert 40 / 2 * 0.05 * 0.9 < seconds < 4
    assert max(held) >= servers * 30 / 3600 * 5 * USD, "the lease was reserved"


@pytest.fixture
def short_leases(monkeypatch):
    """Leases of five seconds instead of thirty, so that a test sees them end."""
    short = partial(Lease, term_ns=5 * SECOND_NS, margin_ns=SECOND_NS)
    monkeypatch.setattr("orchestrator.sending.paid_servers.Lease", short)


@pytest.mark.usefixtures("short_leases")
def test_a_budget_for_a_part_of_it(tmp_path):
    """At $3,600 an hour a second is a dollar; the budget is one lease and a bit. What runs when it ends is ended, its
    time settled, its samples not made."""
    vendor = openai_vendor(flavour="vllm", latency=0.3)
    db = tmp_path / "test.db"
    budget = 6 * USD
    with serving(vendor), watched(db, budget) as held:
        sweep = SweepFile(
            {"m": gpu(vendor, usd_per_hour=3600, max_n=1, sequences=4)},
            problems=400,
            samples=4,
            budget_usd=6,
        )
        ended = run(sweep.write(tmp_path), db, stop_after_s=60)
    assert ended.status == 3, ended.result
    check_books(db)
    assert 0.8 * budget < money(db).settled <= budget
    assert max(held) <= budget
    assert one(db, "SELECT count(*) FROM failure") == 0
    assert money(db).presumed == 0


def test_a_budget_below_one_lease_sends_nothing(tmp_path):
    vendor = openai_vendor(flavour="vllm")
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, USD):
        sweep = SweepFile({"m": gpu(vendor, usd_per_hour=3600)}, budget_usd=1)
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 3
    assert [seen for seen in vendor.seen if seen.path.endswith("completions")] == []
    assert money(db).held == 0


def test_an_idle_lease_gives_way(tmp_path):
    """One server is done with its model and still holds its lease: what is left goes to the other model."""
    first, second = openai_vendor(flavour="vllm"), openai_vendor(latency=0.02)
    db = tmp_path / "test.db"
    budget = 32 * USD
    with serving(first, second), watched(db, budget):
        sweep = SweepFile(
            {
                "first": gpu(first, usd_per_hour=3600, samples=1),
                "second": model(second, price={"input": 5000.0, "output": 15000.0}, prompt_overhead_tokens=0),
            },
            problems=4,
            samples=4,
            budget_usd=32,
        )
        ended = run(sweep.write(tmp_path), db)
    check_books(db)
    assert ended.status == 0, ended.result.reason
    assert len(sample_keys(db)) == 4 + 16


def test_a_killed_servers_lease_is_presumed(tmp_path):
    from tests.orchestrator.run.kills.test_signals import wait_for
    from tests.orchestrator.run.sweeps import finish, start

    vendor = openai_vendor(flavour="vllm", latency=60)
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": gpu(vendor)}).write(tmp_path)
        process = start(path, db)
        wait_for(process, lambda: vendor.in_flight >= 1)
        process.kill()
        finish(process)
        lease = money(db).reserved
        assert lease == ceil(Decimal("2.5") * 30 * USD / 3600)
        vendor.latency = 0
        assert run(path, db).status == 0
    check_books(db)
    assert money(db).presumed == lease


@pytest.mark.parametrize("second", ["same", "localhost"])
def test_two_aliases_of_one_server_pay_its_time_once(tmp_path, second):
    """The bill of a server is the wall time that it had work of ours; the second alias may write it otherwise."""
    vendor = openai_vendor(flavour="vllm", latency=0.5)
    db = tmp_path / "test.db"
    with serving(vendor):
        models = {"a": gpu(vendor, usd_per_hour=3600, max_n=1), "b": gpu(vendor, usd_per_hour=3600, max_n=1)}
        models["a"]["sequences"] = models["b"]["sequences"] = 2
        if second == "localhost":
            models["b"]["servers"] = [vendor.base_url.replace("127.0.0.1", "localhost")]
        sweep = SweepFile(models, problems=4, samples=2, budget_usd=200)
        began = time.monotonic()
        assert run(sweep.write(tmp_path), db).status == 0
        wall_s = time.monotonic() - began
    check_books(db)
    check_complete(db, {"a": (4, 2), "b": (4, 2)})
    seconds = money(db).settled / USD
    # eight requests each, two at once: 2 s of one server, not of two
    assert 1.8 < seconds < min(wall_s, 3.5)
    assert one(db, "SELECT sum(busy_s) FROM lease") == pytest.approx(seconds, rel=0.01)
    for alias in ("a", "b"):
        assert money(db, alias).settled / USD == pytest.approx(seconds / 2, rel=0.35)
    assert money(db).reserved == 0


@pytest.mark.parametrize(
    "other",
    [
        {"gpu_usd_per_hour": 3.0},
        {"gpus": 2},
        {"gpu_usd_per_hour": None, "price": {"input": 0.1, "output": 0.1}},
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_two_prices_of_one_server_are_refused(tmp_path, other, order):
    first = {
        "provider": "vllm",
        "model": "m",
        "servers": ["http://127.0.0.1:8000/v1"],
        "gpu_usd_per_hour": 2.5,
    }
    second = {
        k: v for k, v in (first | {"servers": ["http://localhost:8000/v1/"]} | other).items() if v is not None
    }
    named = [("a", first), ("b", second)][::order]
    path = SweepFile(dict(named)).write(tmp_path)
    with pytest.raises(InputError, match="an hour") as refused:
        load(path)
    assert "models." in str(refused.value)
