"""The bound of a request's input holds for all that is sent and counted, at vendors that count as much as can be."""

from __future__ import annotations

import json

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.loopback.work import Asked, Sample
from tests.orchestrator.run.books import check_bill, check_books, one, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run, warned

SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"description": "x" * 3000}}}
BUDGET = USD // 10


def every_byte(asked: Asked) -> int:
    """A token a byte, 16 a message, and the schema as it was sent."""
    messages = asked.body["messages"]
    schema = asked.body.get("response_format")
    sent = 0 if schema is None else len(json.dumps({"response_format": schema}, separators=(",", ":")))
    return sum(len(one["content"].encode()) + 16 for one in messages) + sent


@pytest.mark.parametrize(
    ("messages", "extra"), [(201, {}), (1, {"response_format": SCHEMA})], ids=["messages", "schema"]
)
def test_a_bill_stays_within_the_budget(tmp_path, messages, extra):
    vendor = openai_vendor(
        prompt_tokens=every_byte, answer=lambda *_: Sample(text="4", tokens=8), latency=0.01
    )
    asked = [{"role": "user", "content": "?"}] * messages
    problems = [{"id": f"p{i}", "messages": asked, "answer": "4"} for i in range(12)]
    keys = {"extra": extra, "prompt_overhead_tokens": 0, "max_n": 1, "max_tokens": 8}
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, BUDGET):
        sweep = SweepFile({"m": model(vendor, **keys)}, problems=problems, samples=8, budget_usd=BUDGET / USD)
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 3
    check_books(db)
    check_bill(db, {"m": vendor}, BUDGET)
    assert vendor.billed_pico >= 0.8 * BUDGET
    assert not warned(ended.result.warnings)


HIDDEN = 6000
"""Tokens of a prompt that the server adds and nobody knows of."""


def test_of_a_bound_that_does_not_hold_few_pay(tmp_path):
    """At most 4 requests go out until a reply shows what they cost; one above its bound raises it for all that follow,
    in this run and the next."""
    vendor = openai_vendor(
        prompt_tokens=lambda asked: HIDDEN, answer=lambda *_: Sample(text="4", tokens=8), latency=0.02
    )
    keys = {"max_n": 1, "max_tokens": 8, "limits": {"concurrency": 64}}
    db = tmp_path / "test.db"
    error = 4 * HIDDEN * 5 * 10**6
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor, **keys)}, problems=50, samples=4, budget_usd=BUDGET / USD)
        ended = run(sweep.write(tmp_path), db)
        first = one(db, "SELECT max(id) FROM request")
        again = run(sweep.write(tmp_path), db, budget="0.3")
    assert (ended.status, again.status) == (3, 3)
    check_books(db)
    above = "SELECT count(*) FROM request WHERE settled_pico > reserved_pico AND id > ?"
    assert 1 <= one(db, above, 0) <= 4
    assert one(db, above, first) == 0
    assert vendor.billed_pico <= 3 * BUDGET + error
    assert any("more input than its bound" in line for line in ended.result.warnings)


def test_many_go_out_once_a_reply_has_shown_that_it_holds(tmp_path):
    vendor = openai_vendor(latency=0.05)
    db = tmp_path / "test.db"
    most: list[int] = []

    def latency(_: Asked) -> float:
        most.append(vendor.in_flight)
        return 0.05

    vendor.latency = latency
    with serving(vendor):
        path = SweepFile({"m": model(vendor, max_n=1)}, problems=40, samples=2).write(tmp_path)
        assert run(path, db).status == 0
        assert max(most[:4]) <= 4
        assert max(most) > 4
        most.clear()
        again = SweepFile({"m": model(vendor, max_n=1)}, problems=40, samples=3).write(tmp_path)
        assert run(again, db).status == 0
    assert max(most) > 4, "the ledger knows it"


@pytest.mark.parametrize("price", [{"input": 0.0, "output": 0.0}, None])
def test_nothing_is_to_be_shown_where_nothing_is_paid_by_counts(tmp_path, price):
    vendor = openai_vendor(flavour="vllm", latency=0.1)
    paid = {"gpu_usd_per_hour": 1.0} if price is None else {"price": price}
    db = tmp_path / "test.db"
    with serving(vendor):
        keys = {"provider": "vllm", "model": "m", "servers": [vendor.base_url], "max_n": 1}
        assert run(SweepFile({"m": {**keys, **paid}}, samples=2).write(tmp_path), db).status == 0
    assert vendor.most_in_flight > 8
