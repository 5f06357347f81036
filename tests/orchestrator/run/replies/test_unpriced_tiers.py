"""A reply that names a tier or a speed without a price: it may cost any multiple, so the model stops."""

from __future__ import annotations

import pytest

from tests.loopback.anthropic_wire import anthropic_vendor
from tests.orchestrator.run.books import check_books, money, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, run
from tests.orchestrator.run.vendors import KEY, WIRES, model_of, vendor_of


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv(KEY, "a-key-of-many-letters")


def ask(tmp_path, wire, vendor, **keys):
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile({"m": model_of(wire, vendor, max_n=1, **keys)}, problems=20, samples=4)
        return run(sweep.write(tmp_path), db), db


@pytest.mark.parametrize("wire", WIRES)
def test_it_stops_and_names_the_line_that_covers_it(tmp_path, wire):
    vendor = vendor_of(wire, service_tier="turbo", latency=0.05)
    ended, db = ask(tmp_path, wire, vendor)
    assert ended.status == 4
    assert 'price_tiers = ["turbo"]' in (ended.result.reason or "")
    check_books(db)
    assert len(vendor.seen) <= 4, "no reply had shown that its bound holds"
    assert money(db).settled == 0
    assert money(db).presumed == one(db, "SELECT sum(reserved_pico) FROM request WHERE state != 'free'") > 0
    assert one(db, "SELECT count(*) FROM sample_records") == len(vendor.seen)


@pytest.mark.parametrize("wire", WIRES)
def test_price_tiers_says_that_the_stated_price_covers_it(tmp_path, wire):
    vendor = vendor_of(wire, service_tier="turbo")
    ended, db = ask(tmp_path, wire, vendor, price_tiers=["turbo", "priority"])
    assert ended.status == 0
    check_books(db)
    assert money(db).settled == vendor.billed_pico


def test_a_speed_that_was_not_asked_for(tmp_path):
    vendor = anthropic_vendor(speed="fast")
    ended, db = ask(tmp_path, "anthropic", vendor)
    assert ended.status == 4
    assert "fast" in (ended.result.reason or "")
    assert money(db).settled == 0


def test_the_next_run_sends_few_again(tmp_path):
    """What the last reply showed is known from the ledger: a bound that does not hold is proved anew."""
    vendor = vendor_of("openai-compatible", latency=0.05)
    db = tmp_path / "test.db"
    with serving(vendor):

        def more(samples: int) -> int:
            keys = {"max_n": 1, "samples": samples}
            sweep = SweepFile({"m": model_of("openai-compatible", vendor, **keys)}, problems=20)
            return run(sweep.write(tmp_path), db).status

        assert more(1) == 0
        vendor.service_tier = "turbo"
        assert more(2) == 4
        sent = len(vendor.seen)
        assert more(3) == 4
    assert len(vendor.seen) - sent <= 4
    check_books(db)
