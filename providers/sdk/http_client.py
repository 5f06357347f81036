"""The HTTP client that the vendors' SDKs are given: connections as we want them, and a witness of each exchange.

The SDKs tell an error's class, but not whether the request had left; that decides whether it may have been billed.
So the transport itself notes it, for the exchange that the running task has opened.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpx2

from providers.reading.lenient_json import is_whole
from providers.sdk.connection_pools import Pools
from providers.transport.awake import awake_clock
from providers.transport.connections import CONNECT_S, IDLE_S, keep_alive
from providers.transport.proxies import proxy_for
from providers.transport.reply_size import LARGEST_ERROR, Bounded, TooLarge, reply_limit, stream_limit
from providers.transport.second_look import id_begun
from providers.transport.streaming import LINGER_S, is_event_stream, looks_like_events

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Mapping

    from providers.transport.awake import AwakeLimit
    from providers.transport.streaming import Streamed

LARGEST_PACKED_ERROR = LARGEST_ERROR >> 6
"""The same of a compressed error body, which the SDK unpacks whole."""

_current: ContextVar[SdkExchange] = ContextVar("exchange")


class SecondAttempt(Exception):  # noqa: N818 - reads as what it is
    """An SDK was about to send a request again by itself, which nobody has reserved money for."""


class SdkExchange:
    """One attempt as far as it got. `made_stream` makes what becomes of a reply that the server streams; None: it is
    kept as it comes. `as_it_comes`: it is asked for uncompressed, and its Content-Encoding not believed. `left_at`:
    when the first byte left, by the loop's own time; None: nothing did. `attempts`: how often the SDK asked the
    transport, 0 or 1."""

    def __init__(
        self,
        request: Bounded,
        made_stream: Callable[[], Streamed] | None = None,
        *,
        leaves: Callable[[], None] | None = None,
        as_it_comes: bool = False,
    ) -> None:
        self.timeout_s = request.timeout_s
        self.as_it_comes = as_it_comes
        self.stream: Streamed | None = None
        """Once the server does stream."""
        self._made_stream = made_stream
        self.reply = b""
        self._begun: list[bytes] = []
        self._largest = reply_limit(request)
        self._largest_stream = stream_limit(request)
        self.attempts = 0
        self.left_at: float | None = None
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.error_body = b""
        """What came of the body of a reply that is no 2xx, even where it broke off."""
        self.latency_s = 0.0
        self._leaves = leaves
        self._limit: AwakeLimit | None = None

    @contextmanager
    def opened(self, limit: AwakeLimit) -> Generator[None]:
        """Makes this the exchange that the transport witnesses in this task. `limit` is set when the request
        leaves: waiting for a connection is no part of its time."""
        self._limit = limit
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def came_whole(self) -> bool:
        """Of an exchange that broke: whether the whole reply came all the same."""
        if self.stream is not None:
            return self.stream.whole
        self.reply = b"".join(self._begun)
        if not is_whole(self.reply):
            return False
        self._ended()
        return True

    @property
    def reply_id(self) -> str | None:
        """The id that a reply which isn't a stream begins with, even if it broke off."""
        return None if self.stream is not None else id_begun(b"".join(self._begun))

    async def read(self, response: httpx2.Response) -> None:
        """Reads a 2xx reply. Raises TooLarge, BrokenStream and what httpx2 does."""
        try:
            if self._made_stream is not None and is_event_stream(response.headers):
                self.stream = self._made_stream()
                await self._read_stream(response, self.stream)
            else:
                async for chunk in _bounded(response.aiter_bytes(), self._largest):
                    self._begun.append(chunk)
                self.reply = b"".join(self._begun)
                if self._made_stream is not None and looks_like_events(self.reply):
                    self.stream = self._made_stream()
                    self.stream.read(self.reply)
                self._ended()
        finally:
            await response.aclose()

    async def _read_stream(self, response: httpx2.Response, stream: Streamed) -> None:
        async for chunk in _bounded(response.aiter_bytes(), self._largest_stream):
            was_whole = stream.whole
            stream.feed(chunk)
            if stream.whole and not was_whole:
                self._ended()
                self._within(LINGER_S)
        if not stream.whole:
            stream.end()
            self._ended()

    def _ended(self) -> None:
        if self.left_at is not None:
            self.latency_s = awake_clock().time() - self.left_at

    def _within(self, seconds: float) -> None:
        if self._limit is not None:
            self._limit.within(seconds)

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
        if self._leaves is not None:
            self._leaves()
        self.left_at = awake_clock().time()
        self._within(self.timeout_s)


class WitnessedTransport(httpx2.AsyncBaseTransport):
    """Notes of every exchange how far it got, bounds an error's body, and sends nothing twice."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        exchange = _current.get()
        exchange.begin()
        request.extensions = {**request.extensions, "trace": exchange.trace}
        if exchange.as_it_comes:
            request.headers["Accept-Encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if exchange.as_it_comes and "content-encoding" in response.headers:
            del response.headers["content-encoding"]
        exchange.status, exchange.headers = response.status_code, response.headers
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        if response.status_code < 300:
            return response  # the exchange itself reads it
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_ErrorBody(response.stream, exchange),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class _ErrorBody(httpx2.AsyncByteStream):
    """The body of a reply that is no 2xx, which the SDK reads: bounded, and kept even if it breaks off."""

    def __init__(self, inner: httpx2.AsyncByteStream, exchange: SdkExchange) -> None:
        self._inner = inner
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        packed = "content-encoding" in self._exchange.headers
        async for chunk in _bounded(self._inner, LARGEST_PACKED_ERROR if packed else LARGEST_ERROR):
            if not packed:
                self._exchange.error_body += chunk
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _bounded(chunks: AsyncIterable[bytes], limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(limit)
        yield chunk


def open_client(base_url: str, concurrency: int) -> httpx2.AsyncClient:
    """A client with room for `concurrency` connections and no retries, redirects or cookies of its own."""
    proxy, certificates = proxy_for(base_url), httpx2.create_ssl_context()

    def pool(connections: int) -> httpx2.AsyncHTTPTransport:
        limits = httpx2.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=IDLE_S
        )
        return httpx2.AsyncHTTPTransport(
            verify=certificates,
            limits=limits,
            retries=0,
            proxy=proxy,
            socket_options=keep_alive(),
        )

    return httpx2.AsyncClient(
        transport=WitnessedTransport(Pools(pool, concurrency)),
        follow_redirects=False,
        trust_env=False,  # the proxy is chosen above; the environment is not asked a second time
    )


def time_limits() -> httpx2.Timeout:
    """To connect. Waiting for a free connection has none, since it costs nothing; from the first byte on the
    exchange's own limit holds, which does not count the time that the event loop stands."""
    return httpx2.Timeout(connect=CONNECT_S, write=None, read=None, pool=None)
