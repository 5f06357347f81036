"""Counts that contradict what came, that are taken back, or that come under another index: nothing is free by them, and
nothing that was paid for is lost. On every wire, whole and streamed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loopback.work import Job
from tests.orchestrator.run.books import check_bill, check_books, check_complete, money, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, run, warned
from tests.orchestrator.run.vendors import KEY, STREAMED, WIRES, model_of, vendor_of

WAYS = [pytest.param({}, id="whole"), pytest.param(STREAMED, id="streamed")]
BUDGET = USD // 2


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv(KEY, "a-key-of-many-letters")


def zeros(usage: dict[str, Any]) -> dict[str, Any]:
    return {
        name: zeros(value) if isinstance(value, dict) else 0 if isinstance(value, int) else value
        for name, value in usage.items()
    }


def all_zeros(body: dict[str, Any], _: Job) -> dict[str, Any]:
    return {**body, "usage": zeros(body["usage"])}


def no_input(body: dict[str, Any], _: Job) -> dict[str, Any]:
    names = ("prompt_tokens", "input_tokens", "total_tokens")
    return {**body, "usage": {k: 0 if k in names else v for k, v in zeros_in_details(body["usage"]).items()}}


def zeros_in_details(usage: dict[str, Any]) -> dict[str, Any]:
    return {name: zeros(value) if isinstance(value, dict) else value for name, value in usage.items()}


def sweep(wire: str, vendor, **keys: Any) -> SweepFile:
    return SweepFile({"m": model_of(wire, vendor, **keys)}, problems=5, samples=2, budget_usd=BUDGET / USD)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("false", [all_zeros, no_input])
def test_counts_that_contradict_the_texts_are_presumed(tmp_path, wire, way, false):
    vendor = vendor_of(wire, rewrite=false, answer=lambda *_: "The answer is 4")
    db = tmp_path / "test.db"
    with serving(vendor):
        path = sweep(wire, vendor, **way).write(tmp_path)
        ended = run(path, db)
        asked = len(vendor.seen)
        again = run(path, db)
    assert (ended.status, again.status) == (0, 0)
    assert len(vendor.seen) == asked, "what was kept is not bought again"
    assert bool(vendor.seen[0].body.get("stream")) is bool(way)
    check_books(db)
    check_complete(db, {"m": (5, 2)})
    check_bill(db, {"m": vendor}, BUDGET)
    assert money(db).settled == 0
    assert one(db, "SELECT count(*) FROM request WHERE state != 'presumed' OR error != 'BadCounts'") == 0
    assert one(db, "SELECT count(completion_tokens) FROM sample_records") == 0
    assert any(word in line for line in ended.result.warnings for word in ("contradict", "without usage"))


@pytest.mark.parametrize("wire", ["openai-compatible", "openai", "anthropic"])
def test_a_count_that_is_taken_back_at_the_end_of_a_stream_holds(tmp_path, wire):
    def late(body: dict[str, Any], _: Job) -> list[dict[str, Any]]:
        if wire == "anthropic":
            return [{"type": "message_delta", "delta": {}, "usage": zeros(body["usage"])}]
        return [{"id": body["id"], "choices": [], "usage": zeros(body["usage"])}]

    vendor = vendor_of(wire, late_events=late)
    db = tmp_path / "test.db"
    with serving(vendor):
        ended = run(sweep(wire, vendor, **STREAMED).write(tmp_path), db)
    assert ended.status == 0
    assert not warned(ended.result.warnings)
    check_books(db)
    assert (money(db).settled, money(db).presumed) == (vendor.billed_pico, 0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("wire", ["openai-compatible", "openai"])
def test_choices_that_all_have_index_0_are_all_kept(tmp_path, wire, way):
    def one_index(body: dict[str, Any], _: Job) -> dict[str, Any]:
        return {**body, "choices": [{**choice, "index": 0} for choice in body["choices"]]}

    vendor = vendor_of(wire, rewrite=one_index, answer=lambda _, i: f"{i % 2} #### 4")
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model_of(wire, vendor, max_n=8, **way)}, problems=3, samples=8).write(tmp_path)
        assert run(path, db).status == 0
    check_books(db)
    check_complete(db, {"m": (3, 8)})
    assert len(vendor.seen) == 3
    assert (money(db).settled, money(db).unused) == (vendor.billed_pico, 0)
    assert one(db, "SELECT count(DISTINCT text) FROM sample_records") == 2
