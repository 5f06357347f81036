"""Connections on every wire: probed when silent, given up when never made, and time that runs from the first byte."""

import asyncio
import socket
import time
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import Any

import pytest

from providers.errors import Lost, MayHaveCost, NotSent
from providers.transport import connections, streaming
from tests.loopback import faults
from tests.providers.sdk.sdk_ends import ask, failing
from tests.providers.wires.wires import SDK, WIRES, provider_of, talking


def live_socket(wire: str, provider: Any) -> Any:
    """The socket of the provider's one connection."""
    if wire in SDK:
        (connection,) = provider._account.client._client._transport._inner._pools[
            0
        ].transport._pool.connections
        return connection._connection._network_stream.get_extra_info("socket")
    (held,) = provider._clients[False]._idle
    return held._transport.get_extra_info("socket")


@pytest.mark.parametrize("wire", WIRES)
async def test_a_silent_connection_is_probed(wire):
    async with talking(wire) as (_, provider):
        await provider.send(ask())
        held = live_socket(wire, provider)
        assert held.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        for name, value in (
            ("TCP_KEEPIDLE", connections.KEEPALIVE_IDLE_S),
            ("TCP_KEEPINTVL", connections.PROBE_S),
            ("TCP_KEEPCNT", connections.PROBES),
        ):
            if hasattr(socket, name):
                assert held.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) == value


def test_macos_has_another_name_for_the_idle_time(monkeypatch):
    monkeypatch.delattr(socket, "TCP_KEEPIDLE", raising=False)
    monkeypatch.setattr(socket, "TCP_KEEPALIVE", 16, raising=False)
    assert (socket.IPPROTO_TCP, 16, connections.KEEPALIVE_IDLE_S) in connections.keep_alive()


@contextmanager
def full_house():
    """A port where connections are never made: its backlog is full. Gives its root URL."""
    with ExitStack() as stack:
        door = stack.enter_context(socket.socket())
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        for _ in range(4):
            guest = stack.enter_context(socket.socket())
            guest.setblocking(False)
            guest.connect_ex(door.getsockname())
        yield f"http://127.0.0.1:{door.getsockname()[1]}"


@pytest.mark.parametrize("wire", WIRES)
async def test_a_server_that_cannot_be_reached_is_not_sent_to(wire, monkeypatch):
    monkeypatch.setattr("providers.transport.connections.CONNECT_S", 0.3)
    monkeypatch.setattr("providers.sdk.http_client.CONNECT_S", 0.3)
    with full_house() as root_url:
        provider = provider_of(wire, root_url)
        began = time.monotonic()
        error = await failing(provider, ask(timeout_s=60))
        await provider.aclose()
    assert type(error) is NotSent
    assert error.outcome is MayHaveCost.FREE
    assert "no connection in time" in error.message
    assert time.monotonic() - began < 9  # of ten


async def test_a_dead_server_is_noticed_within_seconds():
    assert connections.CONNECT_S <= 10


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("wire", WIRES)
async def test_a_server_that_never_answers_is_lost_at_the_time_out(wire, streamed, monkeypatch):
    """And that time runs from the first byte of each request: those that wait for a connection lose none of it."""
    if streamed:
        monkeypatch.setattr(streaming, "STREAM_ABOVE_S", 0.0)
    async with talking(wire, provider={"concurrency": 1}) as (vendor, provider):
        await provider.send(ask())  # connected: what follows is no time of connecting
        vendor.faults.extend([faults.SILENCE] * 3)
        ended: list[float] = []

        async def one() -> None:
            assert type(await failing(provider, ask(timeout_s=0.15))) is Lost
            ended.append(time.monotonic())

        began = time.monotonic()
        await asyncio.gather(one(), one(), one())
        assert len(vendor.seen) == 4
        assert ended[0] - began >= 0.15
        assert all(later - sooner >= 0.14 for sooner, later in pairwise(ended)), "one after the other"


@pytest.mark.parametrize("wire", WIRES)
async def test_time_spent_in_a_loop_before_sending_is_none_of_the_requests(wire):
    """A request that is held up on our side, here by a busy loop, still has its whole time."""
    async with talking(wire, latency=0.1) as (_, provider):
        await provider.send(ask())
        task = asyncio.create_task(provider.send(ask(timeout_s=0.4)))
        time.sleep(0.5)  # noqa: ASYNC251 - the loop itself is to be busy
        assert (await task).usage is not None


@pytest.mark.parametrize("max_tokens", [21_333, 64_000, 128_000])
async def test_anthropic_is_asked_for_long_replies(max_tokens):
    """Its SDK refuses to send such requests without a stream or a time-out of the caller's own."""
    async with talking("messages") as (vendor, provider):
        for timeout_s in (60, 3600):
            assert (await provider.send(ask(max_tokens=max_tokens, timeout_s=timeout_s))).usage is not None
        assert [seen.body["max_tokens"] for seen in vendor.seen] == [max_tokens] * 2
        assert [seen.body.get("stream", False) for seen in vendor.seen] == [False, True]
