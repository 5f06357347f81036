"""What `plan` says that packing and caching save is what they then save."""

from __future__ import annotations

import pytest

from orchestrator.report.terminal.plan import remarks
from orchestrator.run.planning.plan import plan_sweep
from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from tests.loopback.anthropic_wire import anthropic_vendor
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run
from tests.orchestrator.run.test_prompt_cache import LONG, anthropic
from tests.orchestrator.run.test_server_time import gpu


def planned(path, db):
    return plan_sweep(prepare(load(path)), db)


def test_packing(tmp_path):
    """By the ledger's means: the same samples, each with the prompt's input of its own."""
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor, max_n=8)}, problems=5, samples=20).write(tmp_path)
        assert run(path, db).status == 0
        path = SweepFile({"m": model(vendor, max_n=8)}, problems=5, samples=52).write(tmp_path)
        plan = planned(path, db)
    (m,) = plan.models
    assert (m.requests, m.samples) == (5 * 4, 5 * 32)
    mean = one(db, "SELECT avg(prompt_tokens) FROM request")
    assert m.packing_pico == 140 * round(mean) * 5 * USD // 10**6
    saves = plan.document()["models"]["m"]["packing_saves"]
    assert saves == {"requests": 140, "usd": pytest.approx(140 * round(mean) * 5 / 10**6)}
    assert any("m: packing saves 140 requests and $" in line for line in remarks(plan))


@pytest.mark.parametrize("max_n", [1, 8])
def test_where_nothing_or_nobody_knows_what_is_saved(tmp_path, max_n):
    vendor = openai_vendor(flavour="vllm")
    vendor.root_url = "http://127.0.0.1:9"
    plan = planned(SweepFile({"m": gpu(vendor, max_n=max_n)}).write(tmp_path), tmp_path / "test.db")
    assert plan.models[0].packing_pico is None
    assert plan.document()["models"]["m"]["packing_saves"]["usd"] is None
    lines = [line for line in remarks(plan) if "packing saves" in line]
    assert lines == ([] if max_n == 1 else ["m: packing saves 30 requests against one for each sample."])


def test_caching(tmp_path, monkeypatch):
    """What is planned by the first run's means is what the second saves."""
    monkeypatch.setenv("LOOPBACK_KEY", "key")
    vendor = anthropic_vendor(latency=0.01, caches=True)
    problems = [{"id": f"p{i}", "question": f"{i}: {LONG}", "answer": "1"} for i in range(3)]
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": anthropic(vendor)}, problems, samples=1).write(tmp_path)
        assert run(path, db).status == 0
        paid = vendor.billed_pico
        tokens = one(db, "SELECT sum(prompt_tokens) FROM request")
        path = SweepFile({"m": anthropic(vendor)}, problems, samples=17).write(tmp_path)
        plan = planned(path, db)
        assert run(path, db).status == 0
    (m,) = plan.models
    saved = one(
        db,
        "SELECT sum(prompt_tokens) * 3000000 + sum(completion_tokens) * 15000000 - sum(settled_pico) FROM request",
    )
    assert paid > tokens * 3000000
    assert m.caching_pico == pytest.approx(saved, rel=0.01)
    assert m.caching_pico > 0.5 * 16 * tokens * 3000000
    assert plan.document()["models"]["m"]["caching_saves_usd"] == m.caching_pico / USD
    assert plan.expected_pico == pytest.approx(vendor.billed_pico - paid, rel=0.2)
    assert any("m: caching of prompts saves $" in line for line in remarks(plan))
