"""Gemini through `provider = "google"`: what is its own in counts, candidates and quotas."""

from __future__ import annotations

import time
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import check_keys, load
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Said
from tests.orchestrator.run.books import check_bill, check_books, money, one, sample_keys
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run

KEY = "sk-loopback-gemini"
OWN = {"provider": "google", "model": "gemini-3.5-flash"}


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    for other in ("GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(other, raising=False)


def refusal(message: str, status: str, *details: dict[str, Any], code: int) -> list[dict[str, Any]]:
    """Google's error bodies stand in a list."""
    return [{"error": {"code": code, "message": message, "status": status, "details": list(details)}}]


def test_one_candidate_at_a_time_and_a_quota_of_a_minute(tmp_path):
    vendor = openai_vendor(key=KEY)
    limited: list[float] = []

    def says(asked):
        if asked.n > 1:
            return Said(400, refusal("Multiple candidates is not enabled.", "INVALID_ARGUMENT", code=400))
        if not limited:
            limited.append(time.monotonic())
            wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.5s"}
            words = "You exceeded your current quota. Please retry in 500ms."
            return Said(429, refusal(words, "RESOURCE_EXHAUSTED", wait, code=429))
        return None

    vendor.says = says
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor, **OWN)}, problems=2, samples=3).write(tmp_path)
        ended = run(path, db)
    assert ended.status == 0
    check_books(db)
    check_bill(db, {"m": vendor}, 10 * USD)
    assert len(sample_keys(db)) == 6
    assert one(db, "SELECT max_n FROM model") == 1
    assert money(db).presumed == 0


def test_thinking_that_only_the_total_counts_is_paid_as_output(tmp_path):
    vendor = openai_vendor(key=KEY)
    vendor.says = lambda asked: Said(
        200,
        {
            "id": "g",
            "object": "chat.completion",
            "model": "gemini-3.5-flash",
            "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "#### 0"}}
            ],
            "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 44},
        },
    )
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor, **OWN, max_n=1)}, problems=1, samples=1).write(tmp_path)
        assert run(path, db).status == 0
    assert one(db, "SELECT completion_tokens FROM request") == 34
    assert money(db).settled == (10 * 5 + 34 * 15) * USD // 10**6


def test_a_quota_of_the_day_stops_the_model_with_google_s_words(tmp_path):
    vendor = openai_vendor(key=KEY)
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "41400s"}
    words = "You exceeded your current quota: GenerateRequestsPerDayPerProjectPerModel-FreeTier, limit 20."
    vendor.says = lambda asked: Said(429, refusal(words, "RESOURCE_EXHAUSTED", wait, code=429))
    with serving(vendor):
        path = SweepFile({"m": model(vendor, **OWN)}, problems=1, samples=1).write(tmp_path)
        ended = run(path, tmp_path / "test.db")
    assert ended.status == 4
    assert "FreeTier" in (ended.result.reason or "")
    assert money(tmp_path / "test.db").held == 0


def sweep_of(tmp_path, **keys: Any):
    return SweepFile({"m": {**OWN, **keys}}, problems=1).write(tmp_path)


def test_the_key_the_address_and_the_price_are_google_s_own(tmp_path, monkeypatch):
    sweep = load(sweep_of(tmp_path))
    found = sweep.models["m"]
    assert (found.api_key_env, found.base_url, found.own_host) == ("GEMINI_API_KEY", None, True)
    assert prepare(sweep).prices["m"].name == "google/gemini-3.5-flash"
    monkeypatch.delenv("GEMINI_API_KEY")
    with pytest.raises(InputError, match="GEMINI_API_KEY is not set"):
        check_keys(load(sweep_of(tmp_path)))
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    assert load(sweep_of(tmp_path)).models["m"].api_key_env == "GOOGLE_API_KEY"
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "https://proxy.example.com")
    found = load(sweep_of(tmp_path))
    assert found.models["m"].base_url == "https://proxy.example.com/v1beta/openai"
    with pytest.raises(InputError, match="base_url is not Google's"):
        prepare(found)
