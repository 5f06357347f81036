"""Vendors that state what a reply cost, and bill it: booked to the pico-dollar, and reserved from then on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from orchestrator.run.planning.plan import plan_sweep
from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.work import Job, Sample
from tests.orchestrator.run.books import check_books, check_complete, money, one, rows, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run, warned
from tests.orchestrator.run.vendors import STREAMED

TICK = 100
"""xAI's, in pico-dollars."""


def router(times: int, *, by: str = "cost", **settings: Any):
    """Bills so many times its price, and says so."""

    def bill(job: Job) -> int:
        return times * (job.input_tokens * 5 + job.output_tokens * 15) * 10**6

    def rewrite(body: dict[str, Any], job: Job) -> dict[str, Any]:
        pico = bill(job)
        usage: dict[str, Any] = dict(body["usage"])
        if by == "ticks":
            usage["cost_in_usd_ticks"] = pico // TICK
        elif by == "byok":
            fee = pico // 20
            usage |= {"cost": fee / 1e12, "is_byok": True}
            usage["cost_details"] = {"upstream_inference_cost": (pico - fee) / 1e12}
        else:
            usage["cost"] = pico / 1e12
        return {**body, "usage": usage}

    return openai_vendor(
        rewrite=rewrite, bill=bill, answer=lambda *_: Sample(text="#### 4", tokens=16), **settings
    )


@pytest.mark.parametrize("way", [pytest.param({}, id="whole"), pytest.param(STREAMED, id="streamed")])
@pytest.mark.parametrize("by", ["cost", "ticks", "byok"])
def test_what_the_vendor_states_is_settled(tmp_path, by, way):
    vendor = router(3, by=by)
    db = tmp_path / "test.db"
    with serving(vendor):
        ended = run(SweepFile({"m": model(vendor, **way)}, problems=4, samples=2).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    check_complete(db, {"m": (4, 2)})
    assert (money(db).settled, money(db).presumed) == (vendor.billed_pico, 0)
    assert [row[0] for row in rows(db, "SELECT DISTINCT cost_basis FROM sample_records")] == ["stated"]
    (line,) = warned(ended.result.warnings)
    assert "usage.cost" in line
    assert "(4 times)" in line


def test_a_budget_holds_though_the_vendor_bills_several_times_the_price(tmp_path):
    """But for the first replies, 4 at most: what follows is reserved at what was seen."""
    vendor = router(6, latency=0.01)
    budget = USD // 10
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile(
            {"m": model(vendor, max_n=1, max_tokens=16, prompt_overhead_tokens=0)},
            problems=40,
            samples=20,
            budget_usd=budget / USD,
        )
        path = sweep.write(tmp_path)
        ended = run(path, db)
        first = one(db, "SELECT max(id) FROM request")
        again = run(path, db, budget="0.2")
    assert (ended.status, again.status) == (3, 3)
    check_books(db)
    assert money(db).settled == vendor.billed_pico
    assert vendor.billed_pico <= 2 * budget
    unproven = rows(db, "SELECT reserved_pico, settled_pico FROM request WHERE settled_pico > reserved_pico")
    assert 0 < len(unproven) <= 4
    # the next run knows it from the ledger
    over = one(db, "SELECT count(*) FROM request WHERE id > ? AND settled_pico > reserved_pico", first)
    assert over == 0


def test_a_plan_counts_what_the_ledger_has_learnt(tmp_path):
    """The worst case of what is left, as the next run will reserve it."""
    vendor = router(6)
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}, problems=4, samples=1).write(tmp_path)
        before = plan_sweep(prepare(load(path)), db).worst_pico
        run(path, db)
        more = SweepFile({"m": model(vendor)}, problems=4, samples=2).write(tmp_path)
        assert plan_sweep(prepare(load(more)), db).worst_pico == 6 * before
        overhead = one(db, "SELECT overhead_tokens FROM model")
        with closing(sqlite3.connect(db)) as connection:
            connection.execute("UPDATE model SET overhead_tokens = overhead_tokens + 1000")
            connection.commit()
        assert overhead == 512
        assert plan_sweep(prepare(load(more)), db).worst_pico == 6 * (before + 4 * 1000 * 5 * 10**6)


@pytest.mark.parametrize("corrected", [False, True])
def test_a_tier_that_costs_more_than_was_reserved_is_known_to_the_next_run(tmp_path, monkeypatch, corrected):
    """Its replies name a tier at twice the price asked for."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-many-letters")
    full = lambda asked: len(asked.prompt) + 16 + 512  # noqa: E731 - as much input as its bound
    vendor = openai_vendor(
        service_tier="priority",
        prompt_tokens=full,
        answer=lambda *_: Sample(text="#### 4", tokens=64),
        prices={"input": "5", "output": "30"},
    )
    db = tmp_path / "test.db"
    with serving(vendor):
        keys = {"provider": "openai", "model": "gpt-5.4", "base_url": vendor.base_url, "max_n": 1}
        run(SweepFile({"m": keys}, problems=2, samples=1).write(tmp_path), db)
        first = one(db, "SELECT max(id) FROM request")
        assert one(db, "SELECT count(*) FROM request WHERE settled_pico > reserved_pico")
        if corrected:
            keys["service_tier"] = "priority"
        ended = run(SweepFile({"m": keys}, problems=2, samples=3).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    assert not rows(db, "SELECT 1 FROM request WHERE id > ? AND settled_pico > reserved_pico", first)
    largest = one(db, "SELECT max(reserved_pico * 1.0 / settled_pico) FROM request WHERE id > ?", first)
    assert largest < (1.3 if corrected else 2.6), "no more is held than it needs"


def test_a_corrected_price_needs_no_margin(tmp_path):
    vendor = router(6)
    db = tmp_path / "test.db"
    with serving(vendor):
        run(SweepFile({"m": model(vendor)}, problems=4, samples=1).write(tmp_path), db)
        true = {"input": 30.0, "output": 90.0}
        ended = run(SweepFile({"m": model(vendor, price=true)}, problems=4, samples=2).write(tmp_path), db)
    assert ended.status == 0
    assert not warned(ended.result.warnings)
    # What had not left when the first reply came was reserved anew at six times as much.
    reserved = rows(db, "SELECT min(reserved_pico), max(reserved_pico) FROM request GROUP BY run_id")
    assert reserved[1][0] == reserved[1][1] == 6 * reserved[0][0]


def test_below_the_price_the_price_is_booked(tmp_path):
    def rewrite(body: dict[str, Any], _: Job) -> dict[str, Any]:
        return {**body, "usage": {**body["usage"], "cost": 0.00000001}}

    vendor = openai_vendor(rewrite=rewrite)
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, USD):
        sweep = SweepFile({"m": model(vendor)}, problems=4, samples=2, budget_usd=1)
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    assert money(db).settled == vendor.billed_pico
    assert "below" in ended.result.warnings[0]


@pytest.mark.parametrize("cost", [-1, "free", True, 20_000])
def test_what_is_no_cost_is_presumed_and_said(tmp_path, cost):
    def rewrite(body: dict[str, Any], _: Job) -> dict[str, Any]:
        return {**body, "usage": {**body["usage"], "cost": cost}}

    vendor = openai_vendor(rewrite=rewrite)
    db = tmp_path / "test.db"
    with serving(vendor):
        ended = run(SweepFile({"m": model(vendor)}, problems=4, samples=2).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    check_complete(db, {"m": (4, 2)})
    assert money(db).settled == 0
    assert money(db).presumed >= vendor.billed_pico
    assert "usage.cost" in ended.result.warnings[0]


def test_a_free_model_that_bills_stops(tmp_path):
    """No multiple of nothing bounds it."""
    vendor = router(1, latency=0.05)
    db = tmp_path / "test.db"
    with serving(vendor):
        free = model(vendor, price={"input": 0.0, "output": 0.0}, max_n=1, limits={"concurrency": 2})
        ended = run(SweepFile({"m": free}, problems=10, samples=4).write(tmp_path), db)
    assert ended.status == 4
    assert "state its price" in (ended.result.reason or "")
    assert len(vendor.seen) <= 2
    check_books(db)
    assert money(db).settled == vendor.billed_pico
