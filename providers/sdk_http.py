"""The HTTP client that the vendors' SDKs are given: connections as we want them, and a witness of each exchange.

The SDKs tell an error's class, but not whether the request had left; that decides whether it may have been billed.
So the transport itself notes it, for the exchange that the running task has opened.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpx2

from providers.connections import CONNECT_S, IDLE_S, KEEPALIVE_IDLE_S, proxy_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Mapping

    from providers.types import Request

LARGEST_REPLY = 64 << 20
"""Bytes that any reply may have, on top of 64 bytes for each token asked for."""
LARGEST_ERROR = 1 << 20
"""Bytes of an error body that are read."""

_current: ContextVar[Exchange] = ContextVar("exchange")


class TooLarge(Exception):  # noqa: N818 - reads as what it is
    """More bytes than a reply of this request can have."""


class SecondAttempt(Exception):  # noqa: N818 - reads as what it is
    """An SDK was about to send a request again by itself, which nobody has reserved money for."""


class Exchange:
    """One attempt as far as it got. `left_at`: loop time when the first byte left; None: nothing did. `attempts`:
    how often the SDK asked the transport, 0 or 1."""

    def __init__(self, request: Request) -> None:
        self.timeout_s = request.timeout_s
        self.reply_limit = LARGEST_REPLY + request.n * request.max_tokens * 64
        self.attempts = 0
        self.left_at: float | None = None
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.error_body = b""
        """What came of the body of a reply that is no 2xx, even where it broke off."""
        self.latency_s = 0.0
        self._limit: asyncio.Timeout | None = None

    @contextmanager
    def opened(self, limit: asyncio.Timeout) -> Generator[None]:
        """Makes this the exchange that the transport witnesses in this task. `limit` is set when the request
        leaves: waiting for a connection is no part of its time."""
        self._limit = limit
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)
            if self.left_at is not None:
                self.latency_s = asyncio.get_running_loop().time() - self.left_at

    def begin(self) -> None:
        """Raises SecondAttempt for any attempt but the first."""
        if self.attempts:
            raise SecondAttempt("the SDK wanted to send the request a second time")
        self.attempts += 1

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore's trace hook. `send_request_headers.started` comes before the first byte is written; on the way
        through a proxy it also comes for the CONNECT, which carries nothing of ours."""
        if not event.endswith("send_request_headers.started") or self.left_at is not None:
            return
        if getattr(info.get("request"), "method", b"") == b"CONNECT":
            return
        self.left_at = asyncio.get_running_loop().time()
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(self.left_at + self.timeout_s)


class WitnessedTransport(httpx2.AsyncBaseTransport):
    """Notes of every exchange how far it got, bounds its reply, and sends nothing twice."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        exchange = _current.get()
        exchange.begin()
        request.extensions = {**request.extensions, "trace": exchange.trace}
        response = await self._inner.handle_async_request(request)
        exchange.status, exchange.headers = response.status_code, response.headers
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_BoundedBody(response.stream, exchange),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedBody(httpx2.AsyncByteStream):
    """A body that ends in TooLarge where it is longer than its exchange allows, and keeps an error's bytes."""

    def __init__(self, inner: httpx2.AsyncByteStream, exchange: Exchange) -> None:
        self._inner = inner
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange = self._exchange
        is_error = (exchange.status or 0) >= 300
        limit = LARGEST_ERROR if is_error else exchange.reply_limit
        readable = is_error and "content-encoding" not in exchange.headers
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if size > limit:
                raise TooLarge(f"a reply above the {limit} bytes that this request can bring")
            if readable:
                exchange.error_body += chunk
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def open_client(base_url: str, concurrency: int) -> httpx2.AsyncClient:
    """A client with room for `concurrency` connections and no retries, redirects or cookies of its own."""
    limits = httpx2.Limits(
        max_connections=max(1, concurrency),
        max_keepalive_connections=max(1, concurrency),
        keepalive_expiry=IDLE_S,
    )
    transport = httpx2.AsyncHTTPTransport(
        limits=limits, retries=0, proxy=proxy_for(base_url), socket_options=_keep_alive()
    )
    return httpx2.AsyncClient(
        transport=WitnessedTransport(transport),
        follow_redirects=False,
        trust_env=False,  # the proxy is chosen above; the environment is not asked a second time
    )


def time_limits(timeout_s: float) -> httpx2.Timeout:
    """To connect, to write and to read; waiting for a free connection has none, since it costs nothing."""
    return httpx2.Timeout(connect=CONNECT_S, write=timeout_s, read=timeout_s, pool=None)


def _keep_alive() -> list[tuple[int, int, int]]:
    """TCP probes a silent connection, so that NATs keep it and a dead peer is noticed."""
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", KEEPALIVE_IDLE_S), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 6)):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options
