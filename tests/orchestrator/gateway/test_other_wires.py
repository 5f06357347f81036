"""Messages and responses through the gateway, with their vendors' SDKs: whole and streamed, tools included."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, ClassVar

import anthropic
import openai
import pytest

from tests.loopback.faults import Fault
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.scripted import Run, ScriptedVendor, steps
from tests.loopback.work import Sample
from tests.orchestrator.gateway.at_work import Failed, agent_model, check_attempts, run_agents, sweep_file
from tests.orchestrator.gateway.test_chat import HI, client_of
from tests.orchestrator.run.books import rows
from tests.orchestrator.run.serving import serving

TOOL: dict[str, Any] = {
    "name": "bash",
    "description": "runs",
    "input_schema": {"type": "object", "properties": {"command": {}}},
}
FUNCTION: dict[str, Any] = {
    "type": "function",
    "name": "bash",
    "parameters": {"type": "object", "properties": {"command": {}}},
}
ASK: dict[str, Any] = {
    "model": "m",
    "max_tokens": 8000,
    "messages": [{"role": "user", "content": "hi"}],
    "tools": [TOOL],
}


class Priced(ScriptedVendor):
    prices: ClassVar = {"input": "2", "output": "10"}


def scripted(*turns: Run | str, **settings: Any) -> Any:
    return Priced(steps(*turns), **settings)


def claude_client(gateway, attempt) -> Any:
    return anthropic.AsyncAnthropic(base_url=gateway.url, api_key=attempt.token)


def claude(vendor, **keys):
    model = agent_model(vendor, **keys)
    return {
        **model,
        "provider": "anthropic",
        "base_url": vendor.root_url,
        "api_key_env": "THE_KEY",
    }


def gpt(vendor, **keys):
    return {**agent_model(vendor, **keys), "provider": "openai", "api_key_env": "THE_KEY"}


def test_messages_whole_and_streamed_with_tools(tmp_path, monkeypatch):
    monkeypatch.setenv("THE_KEY", "sk-the-vendors-own-key")
    vendor = scripted(Run("ls"), "done", key="sk-the-vendors-own-key")
    db = tmp_path / "test.db"
    events: list[str] = []

    async def program(gateway, attempt) -> str:
        async with claude_client(gateway, attempt) as client:
            reply = await client.messages.create(**ASK)
            assert [block.type for block in reply.content] == ["text", "tool_use"]
            headers = {"anthropic-beta": "some-beta", "anthropic-version": "2023-06-01"}
            async with client.messages.stream(**ASK, extra_headers=headers) as stream:
                async for event in stream:
                    events.append(event.type)
            assert [m.id async for m in await client.models.list()] == ["m"]
        return "#### 0"

    with serving(vendor):
        path = sweep_file({"m": claude(vendor)}).write(tmp_path)
        result, _ = run_agents(path, db, program, monkeypatch)
    assert result.status == "complete"
    assert (events[0], events[-1], events.count("content_block_stop")) == ("message_start", "message_stop", 2)
    assert [body["max_tokens"] for body in vendor.asked] == [400, 400]
    assert vendor.headers[1]["anthropic-beta"] == "some-beta"
    assert vendor.headers[1]["anthropic-version"] == "2023-06-01"
    assert not [headers for headers in vendor.headers if "mf-" in str(headers)]
    check_attempts(db, vendor)
    assert [c["state"] for c in rows(db, "SELECT state FROM agent_calls")] == ["settled", "settled"]


def test_responses_whole_and_streamed_with_tools(tmp_path, monkeypatch):
    monkeypatch.setenv("THE_KEY", "sk-the-vendors-own-key")
    vendor = scripted(Run("ls"), "done")
    db = tmp_path / "test.db"
    kinds: list[str] = []

    async def program(gateway, attempt) -> str:
        ask: dict[str, Any] = {
            "model": "m",
            "input": [{"role": "user", "content": "hi"}],
            "tools": [FUNCTION],
        }
        async with client_of(gateway, attempt) as client:
            reply = await client.responses.create(**ask)
            assert [item.type for item in reply.output] == ["message", "function_call"]
            stream = await client.responses.create(**ask, stream=True)
            kinds.extend([event.type async for event in stream])
            known = {"type": "item_reference", "id": reply.output[0].id}
            await client.responses.create(**{**ask, "input": [known]})
            with pytest.raises(openai.BadRequestError, match="no call of this attempt brought it"):
                await client.responses.create(**{**ask, "input": [{**known, "id": "msg_of_another"}]})
        return "#### 0"

    with serving(vendor):
        path = sweep_file({"m": gpt(vendor)}).write(tmp_path)
        result, _ = run_agents(path, db, program, monkeypatch)
    assert result.status == "complete"
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert {body["max_output_tokens"] for body in vendor.asked} == {400}
    assert len(vendor.asked) == 3
    check_attempts(db, vendor)


def test_a_stream_is_passed_on_while_it_comes(tmp_path, monkeypatch):
    vendor = openai_vendor(
        faults=deque([Fault("drip", billed=True, value=0.1)]),
        answer=lambda *_: Sample(text="word " * 80, tokens=80),
    )
    db = tmp_path / "test.db"
    took: list[float] = []

    async def program(gateway, attempt) -> str:
        began = time.monotonic()
        async with client_of(gateway, attempt) as client:
            stream = await client.chat.completions.create(**HI, stream=True)
            async for _ in stream:
                took.append(time.monotonic() - began)
        return "#### 0"

    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor)}).write(tmp_path)
        run_agents(path, db, program, monkeypatch)
    assert took[0] < took[-1] - 0.3
    check_attempts(db, vendor)


def test_a_thinking_budget_above_what_is_left_is_refused_in_words(tmp_path, monkeypatch):
    monkeypatch.setenv("THE_KEY", "k")
    vendor = scripted("done")
    db = tmp_path / "test.db"

    async def program(gateway, attempt) -> str:
        async with claude_client(gateway, attempt) as client:
            with pytest.raises(anthropic.BadRequestError, match=r"2048\) must be below"):
                await client.messages.create(**ASK, thinking={"type": "enabled", "budget_tokens": 2048})
            raise Failed(1)

    with serving(vendor):
        path = sweep_file({"m": claude(vendor)}).write(tmp_path)
        result, _ = run_agents(path, db, program, monkeypatch)
    assert result.status == "provider"
    assert "times in a row" in (result.reason or "")
    assert vendor.asked == []
