"""The bound of a request's input holds for all that is sent and counted, at vendors that count as much as can be."""

from __future__ import annotations

import json

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.loopback.work import Asked, Sample
from tests.orchestrator.run.books import check_bill, check_books, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run

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
    assert not ended.result.warnings
