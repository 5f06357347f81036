"""What a vendor refused was not done: it holds no money, however many requests were in flight."""

from __future__ import annotations

import pytest

from tests.loopback.anthropic_wire import anthropic_vendor
from tests.loopback.faults import refusal
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, money, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run

MAKERS = {"openai-compatible": openai_vendor, "openai": openai_vendor, "anthropic": anthropic_vendor}


@pytest.mark.parametrize("provider", MAKERS)
@pytest.mark.parametrize("status", [402, 405, 410, 412, 451])
def test_no_refusal_is_charged(tmp_path, monkeypatch, provider, status):
    monkeypatch.setenv("KEY", "sk-test-123456789")
    vendor = MAKERS[provider](fault_rates={refusal(status): 1.0}, latency=0.02)
    db = tmp_path / "test.db"
    with serving(vendor):
        at = vendor.root_url if provider == "anthropic" else vendor.base_url
        keys = {"provider": provider, "base_url": at, "api_key_env": "KEY", "max_n": 1}
        ended = run(SweepFile({"m": model(vendor, **keys)}, samples=8).write(tmp_path), db)
    assert ended.status == 4
    assert f"HTTP {status}" in (ended.result.reason or "")
    assert "no answer" not in (ended.result.reason or "")
    check_books(db)
    of = money(db)
    assert (of.settled, of.presumed, of.reserved) == (0, 0, 0)
    assert one(db, "SELECT count(DISTINCT state) FROM request") == 1
