"""A budget too small for the plan: spent almost whole, never more, evenly, and shared out."""

from __future__ import annotations

import pytest

from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.work import Sample
from tests.orchestrator.run.books import check_bill, check_books, counts, money, one, sample_keys, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, USD, SweepFile, model, run


def full_length(prompt: str, index: int) -> Sample:
    """Always as long as it may be, so that what is spent is near what is reserved."""
    return Sample(text=f"{index} #### 4", tokens=64)


def small(vendor, **keys):
    return model(vendor, prompt_overhead_tokens=0, **keys)


# One sample of 64 tokens at $15 and some 40 bytes at $5 per million: a worst case of about 0.00115 dollars.
WORST = 1_200_000_000


@pytest.mark.parametrize("concurrency", [1, 64])
def test_nearly_all_of_a_budget_too_small_is_spent(tmp_path, concurrency):
    vendor = openai_vendor(answer=full_length, latency=0.01)
    budget = 75 * WORST  # the most expensive single-sample worst case is below 2% of it
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, budget):
        sweep = SweepFile(
            {"m": small(vendor, limits={"concurrency": concurrency})},
            problems=20,
            samples=16,
            budget_usd=budget / USD,
        )
        ended = run(sweep.write(tmp_path), db)
    assert (ended.status, ended.result.status) == (3, "budget")
    check_books(db)
    check_bill(db, {"m": vendor}, budget)
    assert money(db).settled == vendor.billed_pico >= 0.95 * budget
    found = [counts(db, "m")[f"p{i}"] for i in range(20)]
    assert max(found) <= 2 * min(found), "breadth first: rounds of 1, 1, 2, 4, 8"


def test_short_answers_too(tmp_path):
    """Where samples cost far less than their worst case, reservations are many times what is spent."""
    vendor = openai_vendor(answer=lambda _, i: Sample(text=f"{i} #### 4", tokens=4), latency=0.005)
    budget = 60 * WORST
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, budget):
        sweep = SweepFile({"m": small(vendor)}, problems=10, samples=400, budget_usd=budget / USD)
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 3
    check_books(db)
    assert money(db).settled == vendor.billed_pico >= 0.95 * budget
    found = [counts(db, "m")[f"p{i}"] for i in range(10)]
    assert max(found) <= 2 * min(found)


def test_two_models_share_by_expected_cost_and_both_go_on_when_it_is_raised(tmp_path):
    cheap = openai_vendor(prices=CHEAP_PRICES, answer=full_length, latency=0.002)
    expensive = openai_vendor(answer=full_length, latency=0.01)
    budget = 150 * WORST
    db = tmp_path / "test.db"
    with serving(cheap, expensive), watched(db, 40 * budget):
        models = {"cheap": small(cheap, samples=64), "expensive": small(expensive)}
        sweep = SweepFile(models, problems=40, samples=16, budget_usd=budget / USD)
        path = sweep.write(tmp_path)
        assert run(path, db).status == 3
        check_books(db)
        check_bill(db, {"cheap": cheap, "expensive": expensive}, budget)
        spent = cheap.billed_pico + expensive.billed_pico
        assert spent >= 0.95 * budget
        # 64 samples at $0.4 beside 16 at $15: about 1 to 9 of the plan's expected cost.
        assert 0.05 * budget <= cheap.billed_pico <= 0.2 * budget
        for alias in ("cheap", "expensive"):
            found = [counts(db, alias)[f"p{i}"] for i in range(40)]
            assert max(found) <= max(1, 2 * min(found))
        before = set(sample_keys(db))
        assert run(path, db, budget=str(2 * budget / USD)).status == 3
        assert 0.95 * 2 * budget <= money(db).settled <= 2 * budget
        assert before < set(sample_keys(db))
        assert run(path, db, budget=str(40 * budget / USD)).status == 0
    check_books(db)
    assert len(sample_keys(db)) == 40 * 80
    assert money(db).settled == cheap.billed_pico + expensive.billed_pico


def test_what_one_model_does_not_use_passes_on(tmp_path):
    """The first model's answers are shorter than expected; its own cap holds the second; the third takes the rest."""
    few, capped, hungry = (openai_vendor(answer=full_length, latency=0.003) for _ in range(3))
    few.answer = lambda _, i: Sample(text=f"{i} #### 4", tokens=1)
    budget = 120 * WORST
    db = tmp_path / "test.db"
    with serving(few, capped, hungry), watched(db, budget):
        sweep = SweepFile(
            {
                "few": small(few, samples=2),
                "capped": small(capped, budget_usd=10 * WORST / USD),
                "hungry": small(hungry),
            },
            problems=10,
            samples=50,
            budget_usd=budget / USD,
        )
        assert run(sweep.write(tmp_path), db).status == 3
    check_books(db)
    assert counts(db, "few").total() == 20
    assert 9 * WORST * 0.9 <= capped.billed_pico <= 10 * WORST
    assert sum(v.billed_pico for v in (few, capped, hungry)) >= 0.95 * budget


def test_a_model_that_stops_leaves_its_share_to_the_others(tmp_path):
    bad, good = openai_vendor(), openai_vendor(answer=full_length, latency=0.003)
    bad.fault_rates = {faults.NO_CREDIT: 1.0}
    budget = 60 * WORST
    db = tmp_path / "test.db"
    with serving(bad, good), watched(db, budget):
        sweep = SweepFile(
            {"bad": small(bad), "good": small(good)}, problems=10, samples=50, budget_usd=budget / USD
        )
        assert run(sweep.write(tmp_path), db).status == 4
    assert good.billed_pico >= 0.95 * budget


def test_a_budget_already_exceeded_sends_nothing(tmp_path):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}).write(tmp_path)
        assert run(path, db).status == 0
        sent = len(vendor.seen)
        whole = run(path, db, budget="0.000001")
        assert (whole.status, whole.result.status) == (3, "budget")
        assert whole.result.reason is not None
        assert "exceeded" in whole.result.reason
        path = SweepFile({"m": model(vendor, samples=8)}).write(tmp_path)
        assert run(path, db, budget="0.000001").status == 3
        assert len(vendor.seen) == sent
        assert one(db, "SELECT budget_pico FROM sweep") == 1_000_000, "the last stated"
        assert run(path, db, budget="1").status == 0
    check_books(db)


def test_many_at_once_on_a_budget_for_few(tmp_path):
    """64 requests in flight at most, a budget for 16 of them: 4 at first, until one has shown what it costs, then as
    many as the budget has left."""
    vendor = openai_vendor(answer=full_length, latency=0.05)
    budget = 16 * WORST
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, budget) as held:
        sweep = SweepFile(
            {"m": small(vendor, max_n=1, limits={"concurrency": 64})},
            problems=64,
            samples=2,
            budget_usd=budget / USD,
        )
        assert run(sweep.write(tmp_path), db).status == 3
    assert 4 < vendor.most_in_flight <= 16
    assert vendor.billed_pico <= budget
    assert max(held) > 0.8 * budget
    check_books(db)


def test_nothing_fits(tmp_path):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        ended = run(SweepFile({"m": model(vendor)}, budget_usd=0.0001).write(tmp_path), db)
    assert ended.status == 3
    assert vendor.seen == []


def test_presumed_money_counts(tmp_path):
    """Every reply is lost and billed: the budget ends the run, and the bill stays within it."""
    vendor = openai_vendor(answer=full_length)
    vendor.fault_rates = {faults.RESET_BILLED: 0.5}
    budget = 20 * WORST
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, budget):
        keys = {"max_n": 1, "limits": {"concurrency": 8}}
        sweep = SweepFile({"m": small(vendor, **keys)}, problems=20, samples=8, budget_usd=budget / USD)
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 3
    check_books(db)
    check_bill(db, {"m": vendor}, budget)
    assert money(db).presumed > 0


def test_exceeded_already_nothing_is_sent_not_even_what_is_free(tmp_path):
    paid, free = openai_vendor(), openai_vendor(prices={"input": "0", "output": "0"})
    local = openai_vendor(flavour="vllm")
    db = tmp_path / "test.db"
    with serving(paid, free, local):
        sweep = SweepFile({"paid": model(paid)}, problems=4)
        assert run(sweep.write(tmp_path), db).status == 0
        spent = money(db).held
        sweep.models |= {
            "free": model(free),
            "local": {
                "provider": "vllm",
                "model": "m",
                "servers": [local.base_url],
                "price": {"input": 0.0, "output": 0.0},
            },
        }
        sweep.samples, sweep.budget_usd = 8, (spent - 1) / USD
        seen = len(paid.seen)
        ended = run(sweep.write(tmp_path), db)
        assert (ended.status, len(paid.seen), free.seen, local.seen) == (3, seen, [], [])
        assert "exceeded already" in str(ended.result.reason)
        assert money(db).held == spent
        assert one(db, "SELECT count(*) FROM request WHERE state = 'reserved'") == 0
        sweep.budget_usd = 10
        assert run(sweep.write(tmp_path), db).status == 0
    check_books(db)
    assert len(free.seen) > 0
