"""vLLM's own metrics, read while a server works: a queue there means that more requests would only wait."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from aiohttp import web

from orchestrator.run.server_queues import watch
from orchestrator.scheduler.endpoints import Endpoint
from providers.direct.probe import Load, read_load
from providers.vllm import vllm

TEXT = b"""# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 12.0
vllm:num_requests_running{engine="1",model_name="m"} 10.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="m"} 3.0
vllm:num_requests_waiting{engine="1",model_name="m"} 1.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.875
vllm:num_requests_waiting_by_reason{engine="0"} 99
"""


def test_engines_are_added_up():
    assert read_load(TEXT) == Load(waiting=4, running=22, cache_used=0.875)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"vllm:num_requests_waiting{} many\n",
        b"vllm:num_requests_waiting{} nan\n",
        b"\xff{\xfe",
    ],
)
def test_what_tells_no_queue_is_none(body):
    assert read_load(body) is None


async def watched(answer: web.Response, endpoint: Endpoint, *, passes: int = 3) -> int:
    """Serves `answer` as /metrics and watches until it was asked so often, or the watch ends. Gives how often."""
    asked = 0
    enough = asyncio.Event()

    async def metrics(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked >= passes:
            enough.set()
        return web.Response(status=answer.status, body=answer.body)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    server = vllm(f"http://127.0.0.1:{port}/v1")
    task = asyncio.create_task(watch(server, endpoint, every_s=0.005))
    waiting = asyncio.create_task(enough.wait())
    try:
        await asyncio.wait([task, waiting], timeout=10, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in (task, waiting):
            one.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await one
        await server.aclose()
        await runner.cleanup()
    return asked


async def test_a_queue_holds_new_requests_back():
    endpoint = Endpoint(server="s", sequences=256, samples=26)
    await watched(web.Response(body=TEXT), endpoint)
    assert endpoint.ceiling == 22
    assert not endpoint.takes(1)


async def test_a_server_without_metrics_is_asked_once():
    endpoint = Endpoint(server="s", samples=26)
    assert await watched(web.Response(status=404), endpoint) == 1
    assert endpoint.ceiling is None


async def test_one_that_fails_is_asked_again():
    endpoint = Endpoint(server="s", samples=26)
    assert await watched(web.Response(status=500), endpoint) >= 3


async def test_an_idle_server_is_not_asked():
    endpoint = Endpoint(server="s")
    server = vllm("http://127.0.0.1:9/v1")
    task = asyncio.create_task(watch(server, endpoint, every_s=0.001))
    await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    await server.aclose()
