"""Each table of the cookbook: it loads, has a price, and samples from a server that answers on that vendor's path."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import tomllib
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from tests.docs.pages import DOCS, blocks
from tests.orchestrator.run.books import check_books, one
from tests.orchestrator.run.sweeps import run

BODIES = [
    block.body for block in blocks((DOCS / "cookbook.md").read_text("utf-8")) if block.language == "toml"
]
HEAD, TABLES = BODIES[0], {name: body for body in BODIES[1:] for name in tomllib.loads(body)["models"]}
PATHS = {
    "anthropic": "/v1/messages",
    "azure": "/openai/deployments/DEPLOYMENT/chat/completions?api-version=2024-10-21",
    "bedrock": "/openai/v1/chat/completions",
    "deepseek": "/chat/completions",
    "fireworks": "/inference/v1/chat/completions",
    "google": "/v1beta/openai/chat/completions",
    "groq": "/openai/v1/chat/completions",
    "openrouter": "/api/v1/chat/completions",
}
"""The others': /v1/chat/completions."""
OWN = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com/v1beta/openai",
}


def reply_to(name: str, body: dict[str, Any]) -> dict[str, Any]:
    if name == "anthropic":
        usage = {"input_tokens": 9, "output_tokens": 3, "service_tier": "standard", "inference_geo": "global"}
        content = [{"type": "text", "text": "#### 4"}]
        kind = {"id": "msg_1", "type": "message", "role": "assistant", "stop_reason": "end_turn"}
        return {**kind, "model": body["model"], "content": content, "usage": usage}
    n = body.get("n") or 1
    choices = [
        {"index": i, "finish_reason": "stop", "message": {"role": "assistant", "content": "#### 4"}}
        for i in range(n)
    ]
    usage: dict[str, Any] = {"prompt_tokens": 9, "completion_tokens": 3 * n, "total_tokens": 9 + 3 * n}
    if name == "openrouter":
        usage["cost"] = 0.000004
    if name == "xai":
        usage["cost_in_usd_ticks"] = 200_000
    return {
        "id": "c",
        "object": "chat.completion",
        "model": body["model"],
        "choices": choices,
        "usage": usage,
    }


@contextmanager
def answering(name: str):
    """Gives its port, and what it was asked: path with query, headers, body."""
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
    port: list[int] = []
    ready, over, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def answer(request: web.Request) -> web.Response:
        if request.method != "POST":
            return web.json_response({"data": []})
        body = json.loads(await request.read())
        asked.append((request.path_qs, dict(request.headers), body))
        return web.json_response(reply_to(name, body))

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.append(runner.addresses[0][1])
        ready.set()
        await over.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield port[0], asked
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


def test_every_vendor_has_its_table():
    wanted = """vllm sglang llamacpp ollama openai azure anthropic google bedrock deepseek openrouter together fireworks
        groq mistral xai litellm"""
    assert set(wanted.split()) == set(TABLES)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_samples_from_its_vendor(tmp_path, monkeypatch, name):
    for variable in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "problems.jsonl").write_text('{"id": "1", "question": "2 + 2?", "answer": "4"}\n')
    path, text = tmp_path / "sweep.toml", HEAD.replace("# [models.…]", TABLES[name])
    path.write_text(text)
    model = load(path).models[name]
    monkeypatch.setenv(model.api_key_env or "UNUSED", "sk-cookbook")
    price = prepare(load(path)).prices[name]
    with answering(name) as (port, asked):
        url = model.base_url or (model.servers[0] if model.servers else OWN[name])
        here = urlsplit(url)._replace(scheme="http", netloc=f"127.0.0.1:{port}").geturl()
        if url in text:
            text = text.replace(url, here)
        else:
            text = text.replace(
                f'provider = "{model.provider}"', f'provider = "{model.provider}"\nbase_url = "{here}"'
            )
        if "price" not in TABLES[name] and not model.gpu_usd_per_hour:
            rates = price.bands[0].rates
            stated = f"price = {{ input = {rates.input}, output = {rates.output} }}"
            text = re.sub(r'(?m)^(model = ".*")$', lambda found: f"{found[1]}\n{stated}", text)
        path.write_text(text)
        db = tmp_path / "cookbook.db"
        ended = run(path, db)
    assert ended.status == 0, ended.result
    check_books(db)
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed = 1") == 4
    assert {path for path, _, _ in asked} == {PATHS.get(name, "/v1/chat/completions")}
    for _, headers, body in asked:
        if model.api_key_env:
            assert "sk-cookbook" in (headers.get("Authorization", "") + headers.get("x-api-key", ""))
        assert model.extra.items() <= body.items()
