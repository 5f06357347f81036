"""Usage that no reply can have, and usage at the edges of what one can have: the run goes on or stops, never breaks."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from random import Random

import pytest

from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from pricing.cost import worst_pico
from tests.loopback import faults
from tests.loopback.openai_wire import ChatWire, openai_vendor
from tests.loopback.vendor import Sample, Vendor
from tests.orchestrator.run.books import check_bill, check_books, check_complete, money, one, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run


@pytest.mark.parametrize("tokens", [1 << 38, 1 << 62, 1 << 70])
def test_a_reply_that_would_cost_more_than_a_ledger_can_hold_is_charged_at_its_bound(tmp_path, tokens):
    """At $60 a million, 2^38 tokens are 1.6·10^19 pico-dollars, beyond SQLite's integers."""
    vendor = openai_vendor(
        prices={"input": "5", "output": "60"}, answer=lambda *_: Sample(text="4", tokens=tokens)
    )
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}, problems=3, samples=2).write(tmp_path)
        ended = run(path, db)
        assert any("counted at the most it can cost" in line for line in ended.result.warnings)
        again = run(path, db)
    check_books(db)
    check_complete(db, {"m": (3, 2)})
    assert len(vendor.seen) == 3, "what was kept is not bought again"
    assert money(db).settled == 0
    assert money(db).presumed == one(db, "SELECT sum(reserved_pico) FROM request WHERE state != 'free'") < USD
    # Above 2^40 a count is no count at all; below, it says that max_tokens bounds nothing there.
    # A first reply may stop the model before its last request left, which the next run then sends.
    assert ended.status == (4 if tokens < 1 << 40 else 0)
    assert again.status == 0 or tokens < 1 << 40


def fine_rates():
    yield {"input": Decimal("0.0000005"), "output": Decimal("0.0000010001")}  # seen from 5,000 samples on
    random = Random(1)
    for digits in (6, 7, 9, 12, 12, 18, 18, 30):
        yield {name: Decimal(random.randrange(1, 10**5)).scaleb(-digits) for name in ("input", "output")}


@pytest.mark.parametrize("rates", list(fine_rates()), ids=lambda rates: f"{rates['output']:f}")
@pytest.mark.parametrize("max_tokens", [1, 512])
def test_a_bound_holds_for_any_n_at_rates_finer_than_a_pico_dollar(tmp_path, rates, max_tokens):
    """A request's cost is rounded up once: n samples' worst case must not be below what n samples can cost."""
    keys = {"provider": "openai-compatible", "model": "m", "base_url": "http://127.0.0.1:1/v1"}
    problems = [{"id": str(i), "question": "?" * i, "answer": "1"} for i in (1, 2)]
    sweep = SweepFile(
        {"m": {**keys, "max_n": 16_384, "price": rates}}, problems=problems, max_tokens=max_tokens
    )
    path = sweep.write(tmp_path)
    prepared = prepare(load(path))
    for ordinal in range(2):
        bound, tokens = prepared.bound("m", ordinal), prepared.input_bound("m", ordinal)
        for n in [*range(1, 130), 999, 1000, 1001, 5000, 16_383, 16_384]:
            assert bound.worst(n) >= worst_pico(prepared.prices["m"], tokens, n * max_tokens)


def test_a_thousand_samples_in_a_request_of_which_some_are_missing(tmp_path):
    """What is missing is asked again with what it costs; its first reply is settled whole, each sample once."""
    vendor = openai_vendor(
        n_limit=1000, faults=deque([faults.MISSING, faults.DUPLICATE, faults.SHUFFLED, faults.SURPLUS])
    )
    db = tmp_path / "test.db"
    with serving(vendor), watched(db, 10 * USD):
        keys = {"max_n": 1000, "limits": {"concurrency": 1}}
        sweep = SweepFile({"m": model(vendor, **keys)}, problems=4, samples=1000, max_tokens=8)
        assert run(sweep.write(tmp_path), db).status == 0
    check_books(db)
    check_complete(db, {"m": (4, 1000)})
    check_bill(db, {"m": vendor}, 10 * USD)
    asked = [seen.body.get("n", 1) for seen in vendor.seen]
    assert sorted(asked) == [1, 1000, 1000, 1000, 1000]


class Odd(ChatWire):
    """Usage that says what it likes."""

    def __init__(self, usage):
        self.usage = usage

    def write(self, job, vendor):
        return {**super().write(job, vendor), "usage": self.usage}


@pytest.mark.parametrize(
    ("usage", "settled"),
    [
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, None),
        ({"prompt_tokens": 0, "completion_tokens": 2}, None),
        ({"prompt_tokens": 7, "completion_tokens": 1}, None),
        ({"prompt_tokens": 7, "total_tokens": 9}, 7 * 5 + 2 * 15),
        ({"prompt_tokens": 7.0, "completion_tokens": 2.0}, 7 * 5 + 2 * 15),
        ({"prompt_tokens": 7, "completion_tokens": 2.5}, None),
        ({"prompt_tokens": 7, "completion_tokens": -2}, None),
        ({"prompt_tokens": "7", "completion_tokens": "2"}, 7 * 5 + 2 * 15),
        ({"prompt_tokens": "seven", "completion_tokens": "2"}, None),
        ({"prompt_tokens": True, "completion_tokens": 2}, None),
        ({"prompt_tokens": 1e308, "completion_tokens": 2}, None),
        ({"prompt_tokens": 7}, None),
        ([], None),
        ("7", None),
    ],
    ids=str,
)
def test_usage_is_taken_at_its_word_or_not_at_all(tmp_path, usage, settled):
    vendor = Vendor([Odd(usage)])
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}, problems=1, samples=2).write(tmp_path)
        assert run(path, db).status == 0
        assert run(path, db).status == 0
    check_books(db)
    check_complete(db, {"m": (1, 2)})
    assert len(vendor.seen) == 1
    of = money(db)
    bound = one(db, "SELECT reserved_pico FROM request")
    assert (of.settled, of.presumed) == ((0, bound) if settled is None else (settled * 10**6, 0))
