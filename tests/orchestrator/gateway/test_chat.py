"""An agent over the openai SDK: its calls are metered, its sample is worth what they cost."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import openai
import pytest

from orchestrator.ledger.reading.money.status import read_status
from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.work import Sample
from tests.orchestrator.gateway.at_work import Failed, agent_model, check_attempts, run_agents, sweep_file
from tests.orchestrator.run.books import money, one, rows
from tests.orchestrator.run.serving import serving

HI: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def client_of(gateway, attempt, **settings) -> Any:
    return openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=attempt.token, **settings)


async def three_turns(gateway, attempt) -> str:
    messages = [{"role": "user", "content": "What is 1 + 1?"}]
    async with client_of(gateway, attempt) as client:
        for turn in range(3):
            reply = await client.chat.completions.create(model="m", messages=messages)
            text = reply.choices[0].message.content
            messages += [{"role": "assistant", "content": text}, {"role": "user", "content": f"turn {turn}"}]
    return "#### 0"


def test_an_attempts_calls_are_paid_and_summed(tmp_path, monkeypatch):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor)}, samples=4).write(tmp_path)
        result, worked = run_agents(path, db, three_turns, monkeypatch)
    assert result.status == "complete"
    assert worked.ended == ["exit"] * 4
    samples = rows(db, "SELECT * FROM sample_records")
    assert [(s["text"], s["finish_reason"], s["passed"]) for s in samples] == [("#### 0", "stop", 1)] * 4
    assert {s["request"] for s in samples} == {f"agent:{i}" for i in range(1, 5)}
    calls = rows(db, "SELECT * FROM agent_calls")
    assert len(calls) == len(vendor.billed) == 12
    assert {(c["state"], c["delivered"]) for c in calls} == {("settled", 1)}
    assert sum(s["completion_tokens"] for s in samples) == sum(c["completion_tokens"] for c in calls)
    assert all(seen.body["max_tokens"] == 400 for seen in vendor.seen)
    check_attempts(db, vendor)
    assert money(db).settled == vendor.billed_pico
    (shown,) = result.progress.models
    assert (shown.requests, shown.in_flight_requests) == (12, 0)
    assert read_status(db)["models"]["m"]["requests"] == 12


def test_faults_are_the_gateways_to_bear(tmp_path, monkeypatch):
    broken = [faults.RATE_LIMITED, None, faults.RESET_BILLED, None, faults.HALF_BODY]
    vendor = openai_vendor(faults=deque(broken))
    db = tmp_path / "test.db"

    async def program(gateway, attempt) -> str:
        async with client_of(gateway, attempt, max_retries=0) as client:
            for turn in range(3):
                asked = [{"role": "user", "content": f"turn {turn}"}]
                await client.chat.completions.create(model="m", messages=asked)
        return "#### 0"

    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor)}).write(tmp_path)
        result, _ = run_agents(path, db, program, monkeypatch)
    assert result.status == "complete"
    states = [r["state"] for r in rows(db, "SELECT state FROM request ORDER BY id")]
    assert states == ["free", "settled", "presumed", "settled", "presumed", "settled"]
    check_attempts(db, vendor)


def test_max_tokens_shrinks_to_what_is_left_and_the_rest_is_refused(tmp_path, monkeypatch):
    vendor = openai_vendor(answer=lambda *_: Sample(text="x " * 300, tokens=300))
    db = tmp_path / "test.db"
    said: list[openai.APIStatusError] = []

    async def greedy(gateway, attempt) -> str:
        async with client_of(gateway, attempt) as client:
            try:
                for turn in range(100):
                    asked = [{"role": "user", "content": f"turn {turn}"}]
                    await client.chat.completions.create(model="m", messages=asked, max_tokens=5000)
            except openai.APIStatusError as error:
                said.append(error)
                raise Failed(1, "#### 0") from error
        return ""

    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor, attempt_usd=0.05)}, max_tokens=2000).write(tmp_path)
        result, worked = run_agents(path, db, greedy, monkeypatch)
    assert result.status == "complete"
    assert worked.ended == ["cap"]
    assert [(e.status_code, e.response.headers["x-should-retry"]) for e in said] == [(402, "false")]
    assert "cap is used up" in said[0].message
    assert 0.7 * 0.05e12 <= vendor.billed_pico <= 0.05e12
    sample = rows(db, "SELECT * FROM sample_records")[0]
    assert (sample["text"], sample["finish_reason"]) == ("#### 0", "cap")
    sent = [seen.body["max_tokens"] for seen in vendor.seen]
    assert max(sent) == 2000 > min(sent) >= 512
    assert {r[0] for r in rows(db, "SELECT stated_max_tokens FROM exchange")} == {5000}
    check_attempts(db, vendor)


def test_a_stream_without_usage_is_settled_and_looks_as_asked(tmp_path, monkeypatch):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    chunks: list[Any] = []

    async def streams(gateway, attempt) -> str:
        async with client_of(gateway, attempt) as client:
            stream = await client.chat.completions.create(**HI, stream=True)
            chunks.extend([chunk async for chunk in stream])
            usage = {"include_usage": True}
            stream = await client.chat.completions.create(**HI, stream=True, stream_options=usage)
            assert [chunk async for chunk in stream][-1].usage is not None
        return "#### 0"

    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor)}).write(tmp_path)
        result, _ = run_agents(path, db, streams, monkeypatch)
    assert result.status == "complete"
    assert chunks
    assert all(chunk.choices for chunk in chunks)
    assert [r["state"] for r in rows(db, "SELECT state FROM request")] == ["settled", "settled"]
    assert money(db).settled == vendor.billed_pico
    check_attempts(db, vendor)


def test_a_client_that_leaves_too_early_gets_what_was_bought(tmp_path, monkeypatch):
    vendor = openai_vendor(latency=1.0)
    db = tmp_path / "test.db"

    async def impatient(gateway, attempt) -> str:
        async with client_of(gateway, attempt, timeout=0.4, max_retries=6) as client:
            await client.chat.completions.create(**HI)
        return "#### 0"

    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor)}).write(tmp_path)
        result, _ = run_agents(path, db, impatient, monkeypatch)
    assert result.status == "complete"
    assert len(vendor.billed) == len(vendor.seen) == 1
    check_attempts(db, vendor)


def test_equal_bodies_on_live_connections_are_calls_of_their_own(tmp_path, monkeypatch):
    vendor = openai_vendor(latency=0.2)
    db = tmp_path / "test.db"

    async def best_of_two(gateway, attempt) -> str:
        async with client_of(gateway, attempt) as client:
            await asyncio.gather(*(client.chat.completions.create(**HI) for _ in range(2)))
        return "#### 0"

    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor)}).write(tmp_path)
        run_agents(path, db, best_of_two, monkeypatch)
    assert len(vendor.billed) == 2
    check_attempts(db, vendor)


def test_of_two_calls_at_once_with_a_cap_for_one_the_second_waits(tmp_path, monkeypatch):
    vendor = openai_vendor(latency=0.3, answer=lambda *_: Sample(text="x " * 300, tokens=600))
    db = tmp_path / "test.db"
    ends: list[str] = []

    async def two(gateway, attempt) -> str:
        async def one_of(number: int) -> None:
            asked = [{"role": "user", "content": f"{number}"}]
            try:
                await client.chat.completions.create(model="m", messages=asked)
                ends.append("served")
            except openai.APIStatusError as error:
                ends.append(str(error.status_code))

        async with client_of(gateway, attempt) as client:
            await asyncio.gather(one_of(1), one_of(2))
        return "#### 0"

    for cap, expected in ((0.016, ["served", "402"]), (0.024, ["served", "served"])):
        ends.clear()
        vendor.billed.clear()
        db = tmp_path / f"{cap}.db"
        with serving(vendor):
            path = sweep_file({"m": agent_model(vendor, attempt_usd=cap)}, max_tokens=800).write(tmp_path)
            run_agents(path, db, two, monkeypatch)
        assert ends == expected
        assert vendor.most_in_flight == 1
        assert vendor.billed_pico <= cap * 1e12
        vendor = openai_vendor(latency=0.3, answer=lambda *_: Sample(text="x " * 300, tokens=600))


def test_the_budget_holds_whole_attempts(tmp_path, monkeypatch):
    """Three holds fit: never more at once, and none is ended for the budget."""
    vendor = openai_vendor(latency=0.05)
    db = tmp_path / "test.db"
    with serving(vendor):
        models = {"m": agent_model(vendor, agent={"concurrency": 10})}
        path = sweep_file(models, samples=10, budget_usd=0.16).write(tmp_path)
        _, worked = run_agents(path, db, three_turns, monkeypatch)
        assert worked.most == 3
        assert set(worked.ended) == {"exit"}
        check_attempts(db, vendor, 0.16)
        sweep_file(models, samples=10, budget_usd=1).write(tmp_path)
        result, worked = run_agents(path, db, three_turns, monkeypatch)
    assert result.status == "complete"
    assert one(db, "SELECT count(*) FROM sample_records") == 10
    check_attempts(db, vendor)


@pytest.mark.parametrize("fault", [faults.BAD_KEY, faults.NO_CREDIT], ids=["key", "credit"])
def test_a_vendor_that_can_not_go_on_ends_the_model(tmp_path, monkeypatch, fault):
    vendor = openai_vendor(fault_rates={fault: 1.0})
    db = tmp_path / "test.db"

    async def stubborn(gateway, attempt) -> str:
        async with client_of(gateway, attempt, max_retries=0) as client:
            while True:
                try:
                    await client.chat.completions.create(**HI)
                except openai.APIStatusError:
                    await asyncio.sleep(0.05)

    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor)}).write(tmp_path)
        result, _ = run_agents(path, db, stubborn, monkeypatch)
    assert result.status == "provider"
    assert one(db, "SELECT count(*) FROM sample_records") == 0
    assert vendor.billed_pico == money(db).held == 0
