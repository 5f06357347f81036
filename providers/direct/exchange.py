"""One attempt of the lean wire, as far as it got: when it left, what was received, why it ended."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from providers.reading.error_text import one_line
from providers.reading.lenient_json import is_whole
from providers.transport.awake import awake_clock
from providers.transport.plain_client import PlainReply
from providers.transport.reply_size import LARGEST_ERROR, TooLarge, reply_limit, stream_limit
from providers.transport.reply_wire import BrokenReply, Disconnected, Misencoded
from providers.transport.second_look import id_begun
from providers.transport.streaming import LINGER_S, BrokenStream, is_event_stream, looks_like_events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import aiohttp

    from providers.transport.awake import AwakeLimit
    from providers.transport.streaming import Streamed
    from providers.types import Request


class DirectExchange:
    """`made_stream` makes what becomes of a reply that the server streams, whatever was asked. `left_at`: when, by the
    loop's own time, the first byte left; None: nothing did."""

    def __init__(self, body: bytes, request: Request, made_stream: Callable[[], Streamed]) -> None:
        self.body = body
        self.timeout_s = request.timeout_s
        self.stream: Streamed | None = None
        """Once the server does stream."""
        self._made_stream = made_stream
        self.left_at: float | None = None
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.reply = b""
        self._begun: list[bytes] = []
        self.latency_s = 0.0
        self._largest = reply_limit(request)
        self._largest_stream = stream_limit(request)
        self._leaves = request.leaves
        self._limit: AwakeLimit | None = None
        self.clock = awake_clock()

    def opened(self, limit: AwakeLimit) -> None:
        """`limit` is set when the request leaves: waiting for a connection is no part of its time."""
        self._limit = limit

    def leaves(self) -> None:
        """The first byte is about to leave. What the request's own `leaves` raises keeps it here."""
        if self._leaves is not None:
            self._leaves()
        self.left_at = self.clock.time()
        if self._limit is not None:
            self._limit.within(self.timeout_s, self.left_at)

    def came_whole(self) -> bool:
        """Of an exchange that broke: whether the vendor's answer is known all the same. A status other than 2xx is
        enough, a stream that declared itself whole is whole, and so is a JSON object that was closed."""
        if self.status is None:
            return False
        if self.stream is not None:
            return self.stream.whole
        body = b"".join(self._begun)
        if self.status < 300 and not is_whole(body):
            return False
        self.reply = body
        self._ended()
        return True

    @property
    def reply_id(self) -> str | None:
        """The id that a reply which isn't a stream begins with, even if it broke off."""
        return None if self.stream is not None else id_begun(b"".join(self._begun))

    async def read(self, response: aiohttp.ClientResponse | PlainReply) -> None:
        """Reads the reply. Raises TooLarge, BrokenStream and what aiohttp does."""
        self.status, self.headers = response.status, response.headers
        if response.status >= 300:
            self.reply = await read_body(response, LARGEST_ERROR, self._begun)
        elif is_event_stream(response.headers):
            self.stream = self._made_stream()
            await self._read_stream(response, self.stream)
        else:
            self.reply = await read_body(response, self._largest, self._begun)
            if looks_like_events(self.reply):
                self.stream = self._made_stream()
                self.stream.read(self.reply)
            self._ended()

    async def _read_stream(self, response: aiohttp.ClientResponse | PlainReply, stream: Streamed) -> None:
        size = 0
        try:
            async for chunk in response.content.iter_any():
                size += len(chunk)
                if size > self._largest_stream:
                    raise TooLarge(self._largest_stream)
                was_whole = stream.whole
                stream.feed(chunk)
                if stream.whole and not was_whole:
                    self._ended()
                    if self._limit is not None:
                        self._limit.within(LINGER_S)
            if not stream.whole:
                stream.end()
                self._ended()
        except (TooLarge, BrokenStream):
            response.close()
            raise

    def _ended(self) -> None:
        self.latency_s = self.clock.time() - self.left_at if self.left_at is not None else 0.0


async def read_body(
    response: aiohttp.ClientResponse | PlainReply, limit: int, begun: list[bytes] | None = None
) -> bytes:
    """The whole body. Raises TooLarge, then with the connection closed. `begun` gets what has come so far."""
    if (response.content_length or 0) > limit:
        response.close()
        raise TooLarge(limit, response.content_length)
    chunks = [] if begun is None else begun
    if isinstance(response, PlainReply) and (body := response.at_hand()) is not None:
        if len(body) > limit:
            response.close()
            raise TooLarge(limit)
        chunks.append(body)
        return body
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > limit:
            response.close()
            raise TooLarge(limit)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def reason_of(error: BaseException) -> str:
    """What went wrong, in one line without the address (which may hold a password)."""
    if isinstance(error, TimeoutError):
        return "no connection in time"
    if isinstance(error, Disconnected):
        return "the server closed the connection"
    if isinstance(error, socket.gaierror | UnicodeError):  # the latter: no name at all
        return "its name is not known"
    if isinstance(error, TooLarge | BrokenStream | BrokenReply):
        return str(error)
    if _is_aiohttps(error) and (said := _reason_of_aiohttp(error)) is not None:
        return said
    if isinstance(error, OSError) and error.errno:
        return _os_reason(error)
    return f"{type(error).__name__}: {one_line(str(error))[:160]}"


def _is_aiohttps(error: BaseException) -> bool:
    return type(error).__module__.startswith("aiohttp.")


def _reason_of_aiohttp(error: BaseException) -> str | None:
    import aiohttp  # takes a quarter of a second, and is there if it raised this

    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return f"no TLS: {one_line(str(error))[:160]}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return _os_reason(error.os_error)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection"
    if is_misencoded(error):
        return str(Misencoded())
    return "it ended before its stated length" if isinstance(error, aiohttp.ClientPayloadError) else None


def is_misencoded(error: BaseException) -> bool:
    """Whether a body can't be decoded by the encoding that its header names."""
    if not _is_aiohttps(error):
        return isinstance(error, Misencoded)
    from aiohttp import ClientPayloadError
    from aiohttp.http_exceptions import ContentEncodingError

    return isinstance(error, ClientPayloadError) and isinstance(error.__cause__, ContentEncodingError)


def _os_reason(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else error.strerror or "refused").lower()


def answer_of(exchange: DirectExchange) -> bytes | dict[str, Any]:
    """The body that its parser reads."""
    return exchange.stream.body() if exchange.stream is not None else exchange.reply
