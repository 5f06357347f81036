"""HTTP/1.1 to one address without TLS, as servers of one's own are asked: a request costs a fraction of aiohttp's."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from aiohappyeyeballs import start_connection  # pyright: ignore[reportUnknownVariableType]

from providers.transport import connections
from providers.transport.awake import AwakeLimit, elapsed_ns
from providers.transport.proxies import proxy_for
from providers.transport.reply_wire import Disconnected, ReplyWire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

LOOKED_S = 0.1
"""After so long without a request a connection is looked at: its server may have closed it, and the loop not read
that yet."""
FIRST_ADDRESS_S = 0.25
"""So long one of a name's addresses has before the next is tried beside it."""


def plain_client(
    base_url: str, concurrency: int, headers: Mapping[str, str], *, as_it_comes: bool = False
) -> PlainClient | None:
    """None where more is needed: TLS, a proxy, a password in the address, or an address to be written otherwise.
    `as_it_comes`: bodies are requested uncompressed, and read whatever their headers say."""
    parts = urlsplit(base_url)
    usual = (
        base_url.isascii() and base_url.isprintable() and not any(sign in base_url for sign in ' "<>\\^`{|}@')
    )
    sendable = all(text.isascii() and text.isprintable() for pair in headers.items() for text in pair)
    if parts.scheme != "http" or not usual or not sendable or proxy_for(base_url) is not None:
        return None
    if as_it_comes:
        headers = {**headers, "Accept-Encoding": "identity"}
    return PlainClient(
        parts.hostname or "",
        parts.port or 80,
        parts.netloc,
        concurrency,
        headers,
        as_it_comes=as_it_comes,
    )


class PlainClient:
    """At most `concurrency` connections. `host` is as the Host header says it."""

    def __init__(
        self,
        name: str,
        port: int,
        host: str,
        concurrency: int,
        headers: Mapping[str, str],
        *,
        as_it_comes: bool,
    ) -> None:
        self.as_it_comes = as_it_comes
        self._name = name
        self._port = port
        lines = {"Host": host, **headers}
        self._lines = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._room = asyncio.Semaphore(max(1, concurrency))
        self._idle: list[ReplyWire] = []
        self._open: set[ReplyWire] = set()
        self._heads: dict[str, bytes] = {}

    def post(self, url: str, body: bytes, leaves: Callable[[], None]) -> PlainExchange:
        """`body` is JSON. `leaves` is called right before the first byte leaves; what it raises keeps it here."""
        head = self._heads.get(url)
        if head is None:
            head = self._heads[url] = self._head("POST", url) + b"Content-Type: application/json\r\n"
        return PlainExchange(self, b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body), leaves)

    def get(self, url: str) -> PlainExchange:
        return PlainExchange(self, self._head("GET", url) + b"\r\n", _nothing)

    def _head(self, method: str, url: str) -> bytes:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not (target.isascii() and target.isprintable()) or " " in target:
            raise ValueError("no target of a request")
        return f"{method} {target} HTTP/1.1\r\n{self._lines}".encode("ascii")

    async def take(self) -> ReplyWire:
        """A connection for one request, once there is room. Raises OSError, TimeoutError."""
        await self._room.acquire()
        try:
            now = elapsed_ns()
            while self._idle:
                wire = self._idle.pop()
                idle_s = (now - wire.idle_since_ns) / 1e9
                if (
                    wire.is_open
                    and idle_s < connections.IDLE_S
                    and not (idle_s > LOOKED_S and wire.has_news())
                ):
                    return wire
                self._forget(wire)
            async with AwakeLimit() as limit:
                limit.within(connections.CONNECT_S)
                wire = await self._connect()
        except BaseException:
            self._room.release()
            raise
        self._open.add(wire)
        return wire

    def give_back(self, wire: ReplyWire) -> None:
        if wire.is_open and wire.is_reusable:
            wire.idle_since_ns = elapsed_ns()
            self._idle.append(wire)
        else:
            self._forget(wire)
        self._room.release()

    def _forget(self, wire: ReplyWire) -> None:
        wire.close()
        self._open.discard(wire)

    async def close(self) -> None:
        """Closes all connections."""
        for wire in self._open:
            wire.close()
        self._idle.clear()
        self._open.clear()
        await asyncio.sleep(0)

    async def _connect(self) -> ReplyWire:
        loop = asyncio.get_running_loop()
        try:  # an address needs nobody who knows names
            found = socket.getaddrinfo(
                self._name, self._port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
        except OSError:
            found = await loop.getaddrinfo(
                self._name, self._port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            )
        made = await start_connection(
            found, happy_eyeballs_delay=FIRST_ADDRESS_S, interleave=1, socket_factory=connections.new_socket
        )
        try:
            _, wire = await loop.create_connection(ReplyWire, sock=made)
        except BaseException:
            made.close()
            raise
        return wire


class PlainExchange:
    """One request. As a context manager it sends, and gives the reply once its head is there; what is not read of it
    by the end closes the connection. Raises OSError, TimeoutError, BrokenReply."""

    def __init__(self, client: PlainClient, message: bytes, leaves: Callable[[], None]) -> None:
        self._client = client
        self._message = message
        self._leaves = leaves
        self._wire: ReplyWire | None = None

    async def __aenter__(self) -> PlainReply:
        wire = self._wire = await self._client.take()
        try:
            if not wire.is_open:
                raise Disconnected
            self._leaves()
            head = await wire.ask(self._message, as_it_comes=self._client.as_it_comes)
        except BaseException:
            self._end()
            raise
        return PlainReply(wire, head.status, head.headers, head.content_length)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._wire is not None:
            self._client.give_back(self._wire)
            self._wire = None


class PlainReply:
    """`content.iter_any()` gives the body's pieces as they come, without their encodings."""

    __slots__ = ("_wire", "content_length", "headers", "status")

    def __init__(
        self, wire: ReplyWire, status: int, headers: Mapping[str, str], content_length: int | None
    ) -> None:
        self._wire = wire
        self.status = status
        self.headers = headers
        self.content_length = content_length

    @property
    def content(self) -> Self:
        return self

    def iter_any(self) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    def at_hand(self) -> bytes | None:
        """The body, if it has come whole; nothing is left to iterate over then."""
        return self._wire.at_hand()

    async def __anext__(self) -> bytes:
        if piece := await self._wire.more():
            return piece
        raise StopAsyncIteration

    def close(self) -> None:
        """Nothing more of it is wanted."""
        self._wire.close()


def _nothing() -> None:
    pass
