"""Caps of calls and time, rate limits shared with plain requests, other models, programs that fail."""

from __future__ import annotations

import asyncio
import time

import openai
import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.gateway.at_work import Failed, agent_model, check_attempts, run_agents, sweep_file
from tests.orchestrator.gateway.test_chat import HI, client_of
from tests.orchestrator.run.books import money, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import model, warned


async def asks_on(gateway, attempt) -> str:
    """Until it is refused, then stays."""
    async with client_of(gateway, attempt, max_retries=0) as client:
        turn = 0
        while True:
            turn += 1
            try:
                asked = [{"role": "user", "content": f"turn {turn}"}]
                await client.chat.completions.create(model="m", messages=asked)
            except openai.APIStatusError as error:
                return f"#### 0 {error.body}"
            await asyncio.sleep(0.01)


def test_attempt_calls_and_attempt_s_end_an_attempt_with_a_sample(tmp_path, monkeypatch):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        models = {
            "calls": agent_model(vendor, agent={"attempt_calls": 3}),
            "time": agent_model(vendor, agent={"attempt_s": 0.5}),
        }
        path = sweep_file(models).write(tmp_path)
        result, _ = run_agents(path, db, asks_on, monkeypatch)
    assert result.status == "complete"
    samples = {s["model"]: s for s in rows(db, "SELECT * FROM sample_records")}
    assert (samples["calls"]["finish_reason"], samples["time"]["finish_reason"]) == ("cap", "time")
    assert one(db, "SELECT count(*) FROM agent_calls WHERE model = 'calls'") == 3
    said = "manyfew: this attempt's cap is used up: it has made the 3 calls that attempt_calls allows"
    assert said in samples["calls"]["text"]
    check_attempts(db, vendor)


def test_an_attempt_that_the_gateway_refused_everything_says_so(tmp_path, monkeypatch):
    vendor = openai_vendor()

    async def asks_for_a_picture(gateway, attempt) -> str:
        image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
        async with client_of(gateway, attempt, max_retries=0) as client:
            with pytest.raises(openai.APIStatusError):
                await client.chat.completions.create(
                    model="m", messages=[{"role": "user", "content": [image]}]
                )
        return ""

    with serving(vendor):
        path = sweep_file({"a": agent_model(vendor)}, samples=3).write(tmp_path)
        result, _ = run_agents(path, tmp_path / "test.db", asks_for_a_picture, monkeypatch)
    assert result.status == "complete"
    assert not vendor.billed
    (said,) = warned(result.warnings)
    assert "had bought nothing: the gateway refused its calls: manyfew refuses images" in said
    assert "(3 times)" in said


@pytest.mark.slow
def test_calls_keep_the_limit_that_they_share_with_plain_requests(tmp_path, monkeypatch):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    limits = {"requests_per_minute": 300, "group": "account"}

    async def ten(gateway, attempt) -> str:
        async with client_of(gateway, attempt, max_retries=0) as client:
            for turn in range(2):
                asked = [{"role": "user", "content": f"turn {turn}"}]
                await client.chat.completions.create(model="m", messages=asked)
        return "#### 0"

    with serving(vendor):
        models = {
            "agents": {**agent_model(vendor, agent={"concurrency": 8}), "limits": limits},
            "plain": model(vendor, limits=limits, max_n=1),
        }
        path = sweep_file(models, samples=8).write(tmp_path)
        result, _ = run_agents(path, db, ten, monkeypatch)
    assert result.status == "complete"
    assert len(vendor.billed) == 8 * 2 + 8
    times = sorted(seen.at for seen in vendor.seen)
    assert times[-1] - times[5] >= 2.5  # 18 more at five a second; some of the first come in late
    assert money(db).reserved == 0


def test_another_model_is_priced_by_its_alias_and_booked_to_the_attempt(tmp_path, monkeypatch):
    vendor = openai_vendor()
    cheap = openai_vendor(prices={"input": "0.5", "cached_input": "0.5", "output": "1"})
    db = tmp_path / "test.db"

    async def program(gateway, attempt) -> str:
        async with client_of(gateway, attempt) as client:
            await client.chat.completions.create(**HI)
            await client.chat.completions.create(**{**HI, "model": "small-fast"})
        return "#### 0"

    with serving(vendor, cheap):
        models = {
            "m": agent_model(vendor, agent={"other_models": {"small-fast": "small"}}),
            "small": model(cheap, samples=0),
        }
        path = sweep_file(models).write(tmp_path)
        result, _ = run_agents(path, db, program, monkeypatch)
    assert result.status == "complete"
    assert (len(vendor.billed), len(cheap.billed)) == (1, 1)
    assert money(db, "m").settled == vendor.billed_pico + cheap.billed_pico
    assert money(db, "small").settled == 0
    calls = rows(db, "SELECT model, asked, cost_pico FROM agent_calls ORDER BY call")
    assert [tuple(c) for c in calls] == [
        ("m", "m", vendor.billed_pico),
        ("m", "small-fast", cheap.billed_pico),
    ]


@pytest.mark.parametrize(("paid", "status"), [(True, "complete"), (False, "provider")])
def test_a_program_that_fails_is_judged_if_a_call_was_paid(tmp_path, monkeypatch, paid, status):
    vendor = openai_vendor()
    db = tmp_path / "test.db"

    async def fails(gateway, attempt) -> str:
        if paid:
            async with client_of(gateway, attempt) as client:
                await client.chat.completions.create(**HI)
        raise Failed(3, "#### 0")

    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor)}, samples=2).write(tmp_path)
        result, _ = run_agents(path, db, fails, monkeypatch)
    assert result.status == status
    found = rows(db, "SELECT finish_reason, passed FROM sample_records")
    assert [tuple(s) for s in found] == ([("error", 1)] * 2 if paid else [])
    assert {a["exit_status"] for a in rows(db, "SELECT exit_status FROM agent_attempt")} == {3}
    check_attempts(db, vendor)


@pytest.mark.slow
def test_waiting_for_a_rate_limit_is_no_time_that_an_attempt_works(tmp_path, monkeypatch):
    vendor = openai_vendor(rate=(1, 2.0))
    db = tmp_path / "test.db"

    async def three(gateway, attempt) -> str:
        async with client_of(gateway, attempt, max_retries=0) as client:
            for turn in range(3):
                asked = [{"role": "user", "content": f"turn {turn}"}]
                await client.chat.completions.create(model="m", messages=asked)
        return "#### 0"

    began = time.monotonic()
    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor, agent={"attempt_s": 2.5})}).write(tmp_path)
        result, _ = run_agents(path, db, three, monkeypatch)
    assert result.status == "complete"
    assert time.monotonic() - began > 3
    sample = rows(db, "SELECT * FROM sample_records")[0]
    assert (sample["finish_reason"], sample["latency_s"] < 2) == ("stop", True)
    check_attempts(db, vendor)


@pytest.mark.slow
def test_an_attempt_that_mostly_waits_is_lost_after_attempt_wall_s_not_wrong(tmp_path, monkeypatch):
    """The vendor lets one call through and refuses all others for longer than the attempt may last."""
    vendor = openai_vendor(rate=(1, 60.0))
    db = tmp_path / "test.db"

    async def two(gateway, attempt) -> str:
        async with client_of(gateway, attempt, max_retries=0) as client:
            for turn in range(2):
                asked = [{"role": "user", "content": f"turn {turn}"}]
                await client.chat.completions.create(model="m", messages=asked)
        return "#### 0"

    with serving(vendor):
        keys = {"attempt_s": 2, "attempt_wall_s": 4}
        path = sweep_file({"m": agent_model(vendor, agent=keys)}).write(tmp_path)
        result, worked = run_agents(path, db, two, monkeypatch)
    assert worked.ended == ["wall_time"]
    assert (result.status, result.reason) == ("incomplete", "1 sample failed for good")
    (attempt,) = rows(db, "SELECT * FROM agent_attempt")
    assert (attempt["state"], attempt["ended_by"], attempt["worked_s"] < 2) == ("lost", "wall_time", True)
    assert rows(db, "SELECT * FROM sample_records") == []
    assert money(db).unused == money(db).settled > 0
    check_attempts(db, vendor)
