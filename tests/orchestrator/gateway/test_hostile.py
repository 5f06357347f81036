"""An agent that tries to spend more, on something else, or with another's key: refused in words, without a bill."""

from __future__ import annotations

import io
import json
from typing import Any

import aiohttp
import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.gateway.at_work import agent_model, check_attempts, run_agents, sweep_file
from tests.orchestrator.gateway.test_chat import HI
from tests.orchestrator.gateway.test_other_wires import claude, gpt, scripted
from tests.orchestrator.run.serving import serving

KEY = "sk-the-vendors-own-key"
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}
USER = {"role": "user", "content": "hi"}
CHAT = [
    ({"tools": [{"type": "web_search"}]}, 400, "tool"),
    ({"web_search_options": {}}, 400, "web_search_options"),
    ({"messages": [{"role": "user", "content": [IMAGE]}]}, 400, "images"),
    ({"model": "gpt-5.5-pro"}, 404, "no price"),
    ({"n": 10**9}, 400, "n must be"),
    ({"n": -1}, 400, "n must be"),
    ({"max_tokens": -5}, 400, "max_tokens"),
    ({"service_tier": "priority"}, 400, "service_tier"),
    ({"best_of": 5}, 400, "best_of"),
    ({"prediction": {"type": "content", "content": "x"}}, 400, "prediction"),
    ({"some_new_field": 1}, 400, "some_new_field"),
    ({"messages": "hi"}, 400, "messages must"),
    ({"messages": []}, 400, "messages must"),
]
RESPONSES = [
    ({"previous_response_id": "resp_1"}, 400, "previous_response_id"),
    ({"conversation": "conv_1"}, 400, "conversation"),
    ({"prompt": {"id": "pmpt_1"}}, 400, "prompt"),
    ({"background": True}, 400, "background"),
    ({"tools": [{"type": "mcp", "server_url": "https://example.org"}]}, 400, "mcp"),
    ({"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}, 400, "code_interpreter"),
    ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}, 400, "files"),
]
MESSAGES = [
    ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, 400, "web_search"),
    ({"tools": [{"type": "code_execution_20250522", "name": "c"}]}, 400, "code_execution"),
    ({"mcp_servers": [{"type": "url", "url": "https://example.org"}]}, 400, "mcp_servers"),
    ({"container": "c"}, 400, "container"),
    ({"speed": "fast"}, 400, "speed"),
]


async def post(gateway, path: str, body: Any, token: str, **headers: str) -> tuple[int, str]:
    data = body if isinstance(body, bytes | io.BytesIO) else json.dumps(body).encode()
    sent = {"Authorization": f"Bearer {token}", **headers}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{gateway.url}{path}", data=data, headers=sent) as response,
    ):
        return response.status, await response.text()


def test_nothing_that_can_not_be_bounded_is_sent(tmp_path, monkeypatch):
    monkeypatch.setenv("THE_KEY", KEY)
    vendor, other = openai_vendor(key=KEY), scripted("done", key=KEY)
    db = tmp_path / "test.db"
    said: list[tuple[dict[str, Any], int, str, int, str]] = []

    async def program(gateway, attempt) -> str:
        path, ask, tries = {
            "c": ("/v1/chat/completions", HI, CHAT),
            "r": ("/v1/responses", {"model": "m", "input": [USER]}, RESPONSES),
            "a": ("/v1/messages", {"model": "m", "max_tokens": 9, "messages": [USER]}, MESSAGES),
        }[attempt.alias]
        for more, status, word in tries:
            said.append((more, status, word, *await post(gateway, path, {**ask, **more}, attempt.token)))
        for token in ("", "mf-guess", attempt.token[:-1], KEY):
            assert (await post(gateway, path, ask, token))[0] == 401
        assert (await post(gateway, "/v1/embeddings", ask, attempt.token))[0] == 404
        assert (await post(gateway, path, b"{" * 100_000, attempt.token))[0] == 400
        assert (await post(gateway, path, b"\xff\xfe", attempt.token))[0] == 400
        wrong = "/v1/messages" if attempt.alias != "a" else "/v1/chat/completions"
        assert (await post(gateway, wrong, ask, attempt.token))[0] in (400, 404)
        status, text = await post(gateway, path, ask, attempt.token)
        assert (status, KEY in text) == (200, False)
        return "#### 0"

    with serving(vendor, other):
        models = {
            "c": {**agent_model(vendor), "api_key_env": "THE_KEY"},
            "r": gpt(other),
            "a": claude(other),
        }
        path = sweep_file(models).write(tmp_path)
        result, _ = run_agents(path, db, program, monkeypatch)
    assert result.status == "complete"
    for more, status, word, got, text in said:
        assert (got, word in text, "manyfew" in text or "must" in text) == (status, True, True), more
    assert not [text for *_, text in said if KEY in text]
    assert len(vendor.billed) <= 2
    assert len(other.asked) == 2


@pytest.mark.slow
def test_a_huge_body_and_ten_thousand_refusals_cost_nothing(tmp_path, monkeypatch):
    vendor = openai_vendor()
    db = tmp_path / "test.db"

    async def program(gateway, attempt) -> str:
        try:
            huge = io.BytesIO(b" " * (100 << 20))
            status, _ = await post(gateway, "/v1/chat/completions", huge, attempt.token)
            assert status == 413
        except aiohttp.ClientError:
            pass  # it may close instead
        body = json.dumps({**HI, "model": "another"}).encode()
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {attempt.token}"}) as session:
            for _ in range(10_000):
                async with session.post(f"{gateway.url}/v1/chat/completions", data=body) as response:
                    assert response.status == 404
        assert (await post(gateway, "/v1/chat/completions", HI, attempt.token))[0] == 200
        return "#### 0"

    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor)}).write(tmp_path)
        result, _ = run_agents(path, db, program, monkeypatch)
    assert result.status == "complete"
    assert len(vendor.billed) == 1
    check_attempts(db, vendor)


@pytest.mark.parametrize("samples", [2])
def test_a_token_of_an_ended_attempt_is_none(tmp_path, monkeypatch, samples):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    tokens: list[str] = []

    async def program(gateway, attempt) -> str:
        for token in tokens:
            assert (await post(gateway, "/v1/chat/completions", HI, token))[0] == 401
        tokens.append(attempt.token)
        return "#### 0"

    with serving(vendor):
        path = sweep_file({"m": agent_model(vendor, agent={"concurrency": 1})}, samples=samples).write(
            tmp_path
        )
        run_agents(path, db, program, monkeypatch)
    assert len(set(tokens)) == samples
    assert vendor.billed == []
