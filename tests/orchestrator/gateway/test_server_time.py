"""An agent on a server that is paid by the hour: its calls' shares of the server's time sum to its cost."""

from __future__ import annotations

import asyncio
import time

import openai
import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.gateway.at_work import agent_model, run_agents, sweep_file
from tests.orchestrator.gateway.test_chat import client_of, three_turns
from tests.orchestrator.run.books import check_books, money, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD


async def until_refused(gateway, attempt) -> str:
    async with client_of(gateway, attempt, max_retries=0) as client:
        while True:
            try:
                asked = [{"role": "user", "content": f"turn {attempt.calls}"}]
                await client.chat.completions.create(model="m", messages=asked)
            except openai.APIStatusError:
                return "#### 0"


def test_shares_of_the_servers_time_sum_to_the_attempts_cost(tmp_path, monkeypatch):
    vendor = openai_vendor(flavour="vllm", latency=0.05)
    db = tmp_path / "test.db"
    with serving(vendor):
        model = agent_model(vendor)
        del model["price"], model["base_url"]
        model |= {"provider": "vllm", "servers": [vendor.base_url], "gpu_usd_per_hour": 2.5}
        path = sweep_file({"m": model}, samples=3).write(tmp_path)
        result, worked = run_agents(path, db, three_turns, monkeypatch)
    assert (result.status, worked.ended) == ("complete", ["exit"] * 3)
    samples = rows(db, "SELECT * FROM sample_records")
    assert {s["cost_basis"] for s in samples} == {"gpu_time"}
    of = money(db)
    assert sum(s["cost_pico"] for s in samples) == of.settled - of.unused > 0
    assert (of.presumed, of.reserved) == (0, 0)
    check_books(db)


def test_a_call_is_cancelled_when_its_share_reaches_the_attempts_cap(tmp_path, monkeypatch):
    """At $3.6 an hour a second costs $0.001: the second call, which would take half a minute, has less than one."""
    vendor = openai_vendor(flavour="vllm")
    waits = iter([0.05])
    vendor.latency = lambda _: next(waits, 30.0)
    db = tmp_path / "test.db"
    began = time.monotonic()
    with serving(vendor):
        model = agent_model(vendor, attempt_usd=0.001)
        del model["price"], model["base_url"]
        model |= {"provider": "vllm", "servers": [vendor.base_url], "gpu_usd_per_hour": 3.6}
        result, worked = run_agents(sweep_file({"m": model}).write(tmp_path), db, until_refused, monkeypatch)
    assert (result.status, worked.ended) == ("complete", ["cap"])
    assert time.monotonic() - began < 20
    (sample,) = rows(db, "SELECT * FROM sample_records")
    assert sample["finish_reason"] == "cap"
    assert 10**9 <= sample["cost_pico"] == money(db).settled < 2 * 10**9
    assert [row["error"] for row in rows(db, "SELECT error FROM request ORDER BY id")] == [None, "CapReached"]
    check_books(db)


async def three_at_once(gateway, attempt) -> str:
    async with client_of(gateway, attempt, max_retries=0) as client:
        asked = [
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}])
            for text in ("one", "two", "three")
        ]
        await asyncio.gather(*asked, return_exceptions=True)
    return "#### 0"


@pytest.mark.parametrize("usd", [0.0003, 1e-7], ids=["as it works", "before it leaves"])
def test_an_attempt_that_its_cap_cuts_in_its_first_calls_is_a_sample_and_bought_once(
    tmp_path, monkeypatch, usd
):
    """Made anew it would come no further for the same money."""
    vendor = openai_vendor(flavour="vllm", latency=30.0)
    db = tmp_path / "test.db"
    with serving(vendor):
        model = agent_model(vendor, attempt_usd=usd)
        del model["price"], model["base_url"]
        model |= {"provider": "vllm", "servers": [vendor.base_url], "gpu_usd_per_hour": 3.6}
        result, worked = run_agents(sweep_file({"m": model}).write(tmp_path), db, three_at_once, monkeypatch)
    assert (result.status, worked.ended) == ("complete", ["cap"])
    (sample,) = rows(db, "SELECT * FROM sample_records")
    assert (sample["finish_reason"], sample["completion_tokens"]) == ("cap", None)
    of = money(db)
    assert usd * 10**12 <= sample["cost_pico"] == of.settled < (usd + 0.001) * 10**12
    assert (of.unused, of.presumed, of.reserved) == (0, 0, 0)
    check_books(db)


@pytest.mark.slow
def test_attempts_whose_budget_is_used_up_stay_open_and_go_on_with_more(tmp_path, monkeypatch):
    """At a dollar a second; the other attempt's lease may come free, but nobody is left who would give one back."""
    vendor = openai_vendor(flavour="vllm", latency=0.3)
    db = tmp_path / "test.db"

    async def ten_turns(gateway, attempt) -> str:
        async with client_of(gateway, attempt, max_retries=0, timeout=100) as client:
            for turn in range(10):
                asked = [{"role": "user", "content": f"sample {attempt.sample_index}, turn {turn}"}]
                await client.chat.completions.create(model="m", messages=asked)
        return "#### 0"

    def bought(usd: float):
        model = agent_model(vendor, attempt_usd=100, agent={"concurrency": 2})
        del model["price"], model["base_url"]
        model |= {"provider": "vllm", "servers": [vendor.base_url], "gpu_usd_per_hour": 3600}
        path = sweep_file({"m": model}, samples=2, budget_usd=usd).write(tmp_path)
        return run_agents(path, db, ten_turns, monkeypatch)

    with serving(vendor):
        result, worked = bought(3.0)
        assert (result.status, worked.ended) == ("budget", ["unpaid"] * 2)
        assert [row["state"] for row in rows(db, "SELECT state FROM agent_attempt")] == ["open", "open"]
        assert money(db).held <= 3 * USD
        check_books(db)
        result, worked = bought(60.0)
    assert (result.status, worked.ended) == ("complete", ["exit"] * 2)
    attempts = rows(db, "SELECT state, replayed FROM agent_attempt")
    assert [row["state"] for row in attempts] == ["done", "done"]
    assert all(row["replayed"] for row in attempts)
    of = money(db)
    assert (of.presumed, of.reserved) == (0, 0)
    assert sum(row["cost_pico"] for row in rows(db, "SELECT cost_pico FROM sample")) == of.settled - of.unused
    check_books(db)
