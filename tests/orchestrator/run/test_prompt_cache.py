"""Anthropic's cache of prompts, end to end through its SDK, against a vendor that keeps and bills one."""

from __future__ import annotations

import pytest

from tests.loopback.anthropic_wire import anthropic_vendor
from tests.orchestrator.run.books import check_bill, check_books, check_complete, money, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, run

PRICE = {"input": 3.0, "cached_input": 0.3, "cache_write": 3.75, "cache_write_1h": 6.0, "output": 15.0}
LONG = "A long story that all may read. " * 200


def anthropic(vendor, **keys):
    return {
        "provider": "anthropic",
        "model": "claude-3-5-haiku-20241022",
        "base_url": vendor.root_url,
        "price": PRICE,
        "api_key_env": "LOOPBACK_KEY",
        **keys,
    }


def ask(tmp_path, monkeypatch, question=LONG, *, samples=12, budget: float = 10, **keys):
    monkeypatch.setenv("LOOPBACK_KEY", "key")
    vendor = anthropic_vendor(latency=0.05, caches=True)
    db = tmp_path / "l.db"
    problems = [{"id": f"p{i}", "question": f"{i}: {question}", "answer": "1"} for i in range(4)]
    with serving(vendor):
        sweep = SweepFile({"m": anthropic(vendor, **keys)}, problems, samples=samples, budget_usd=budget)
        ended = run(sweep.write(tmp_path), db)
    check_books(db)
    check_bill(db, {"m": vendor}, int(budget * USD))
    return vendor, db, ended


def test_each_prompt_is_written_once_and_read_by_the_others(tmp_path, monkeypatch):
    vendor, db, ended = ask(tmp_path, monkeypatch)
    assert ended.status == 0
    check_complete(db, {"m": (4, 12)})
    assert one(db, "SELECT count(*) FROM request WHERE cache_write_tokens > 0") == 4
    assert one(db, "SELECT count(*) FROM request WHERE cached_tokens > 0") == 4 * 11
    assert money(db).settled == vendor.billed_pico
    spent = money(db).settled
    plain = one(db, "SELECT sum(prompt_tokens) * 3000000 + sum(completion_tokens) * 15000000 FROM request")
    assert spent < 0.35 * plain, "input is nearly all of it, and eleven of twelve are read at a tenth"


def test_a_price_that_lacks_what_a_write_costs_derives_it(tmp_path, monkeypatch):
    """The cache is ours to ask for: what is settled is the bill, and what is reserved holds a write."""
    price = {name: usd for name, usd in PRICE.items() if not name.startswith("cache_write")}
    vendor, db, ended = ask(tmp_path, monkeypatch, price=price)
    assert ended.status == 0
    assert money(db).settled == vendor.billed_pico
    assert one(db, "SELECT count(*) FROM request WHERE cache_write_tokens > 0") == 4
    least = (len(f"0: {LONG}".encode()) + 512) * 3_750_000
    assert one(db, "SELECT min(reserved_pico) FROM request WHERE cache_write_tokens > 0") > least


@pytest.mark.parametrize(
    ("question", "keys"),
    [("short", {}), (LONG, {"prompt_cache": False}), (LONG, {"samples": 1})],
)
def test_what_would_not_pay_asks_for_no_cache(tmp_path, monkeypatch, question, keys):
    samples = keys.pop("samples", 6)
    vendor, db, ended = ask(tmp_path, monkeypatch, question, samples=samples, **keys)
    assert ended.status == 0
    assert not any("cache_control" in str(seen.body) for seen in vendor.seen)
    assert money(db).settled == vendor.billed_pico


def test_a_small_budget_is_kept_with_writes_at_their_price(tmp_path, monkeypatch):
    """Rounds of 1, 1, 2, 4: the first two ask for no cache."""
    _, db, ended = ask(tmp_path, monkeypatch, samples=40, budget=0.1)
    assert ended.status == 3
    assert money(db).held <= 0.1 * USD
    assert one(db, "SELECT count(*) FROM request WHERE cached_tokens > 0") > 0


def test_a_first_one_that_is_lost_holds_nothing_back(tmp_path, monkeypatch):
    from tests.loopback import faults

    monkeypatch.setenv("LOOPBACK_KEY", "key")
    vendor = anthropic_vendor(caches=True)
    vendor.faults.extend([faults.RESET_BILLED, faults.RATE_LIMITED])
    db = tmp_path / "l.db"
    problems = [{"id": f"p{i}", "question": f"{i}: {LONG}", "answer": "1"} for i in range(2)]
    with serving(vendor):
        ended = run(SweepFile({"m": anthropic(vendor)}, problems, samples=5).write(tmp_path), db)
    assert ended.status == 0
    check_complete(db, {"m": (2, 5)})
    check_books(db)
    check_bill(db, {"m": vendor}, 10 * USD)
