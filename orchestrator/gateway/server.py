"""The gateway's HTTP side: on 127.0.0.1 and on a unix socket, never on another address. It reads calls and writes
answers while they come; what a call is answered is decided elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web
from aiohttp.web_exceptions import HTTPRequestEntityTooLarge

from orchestrator.gateway.body import LARGEST_BODY
from orchestrator.gateway.replies.delivery import Delivery
from orchestrator.gateway.wires import CHAT, Wire

KEEPS_WAITING_AFTER_S = 15.0
"""A client whose call waits for the vendor hears nothing for so long; then it is kept waiting by bytes."""
KEEP_ALIVE_S = 10.0
NO_RETRY = {"x-should-retry": "false"}


class Incoming:
    """One call as it came."""

    def __init__(self, request: web.BaseRequest, body: bytes) -> None:
        self._request = request
        self.method = request.method
        self.path = request.path.rstrip("/") or "/"
        self.headers: Mapping[str, str] = request.headers
        self.body = body

    @property
    def is_gone(self) -> bool:
        """Its client has closed the connection."""
        transport = self._request.transport
        return transport is None or transport.is_closing()

    @property
    def token(self) -> str:
        """As either kind of client sends it."""
        bearer = self.headers.get("Authorization", "")
        return self.headers.get("x-api-key") or bearer.removeprefix("Bearer ").strip()

    @property
    def is_retry(self) -> bool:
        """The client's SDK says that it asks again."""
        return self.headers.get("x-stainless-retry-count", "0") not in ("0", "")


class Answer:
    """What `handle` gives: the answer, as it comes, and what keeps its client waiting."""

    def __init__(self, delivery: Delivery, wire: Wire = CHAT) -> None:
        self.delivery = delivery
        self.keep_alive = wire.keep_alive if delivery.streams else b"\n"
        self._wire = wire

    def late(self, pieces: list[bytes]) -> bytes:
        """An error for a client that was told 200 while it waited."""
        body = b"".join(pieces)
        return self._wire.error_event(body) if self.delivery.streams else body


class GatewayServer:
    """`handle` answers a call."""

    def __init__(
        self, handle: Callable[[Incoming], Awaitable[Answer]], *, clock: Callable[[], float]
    ) -> None:
        self._handle = handle
        self._clock = clock
        self._runner: web.ServerRunner | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self.url = ""
        self.socket = Path()

    async def start(self) -> None:
        self._folder = TemporaryDirectory(prefix="manyfew-")
        self.socket = Path(self._folder.name) / "gateway"
        server = web.Server(self._serve, access_log=None, keepalive_timeout=75.0)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        await web.UnixSite(self._runner, str(self.socket)).start()
        self.socket.chmod(0o600)
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"

    async def aclose(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await runner.cleanup()
        if self._folder is not None:
            self._folder.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await _read(request)
        incoming = Incoming(request, body)
        answer = await self._handle(incoming)
        answer.delivery.clients.append(incoming)
        return await self._write(request, incoming, answer)

    async def _write(
        self, request: web.BaseRequest, incoming: Incoming, answer: Answer
    ) -> web.StreamResponse:
        delivery = answer.delivery
        while not delivery.begun and not self._is_long(delivery):
            await delivery.changes(self._until_long(delivery))
            if incoming.is_gone:
                return web.Response(status=499)
        if delivery.begun and delivery.ended and not delivery.broke_off:
            return await self._write_whole(request, incoming, delivery)
        return await self._write_pieces(request, answer)

    async def _write_whole(
        self, request: web.BaseRequest, incoming: Incoming, delivery: Delivery
    ) -> web.StreamResponse:
        response = web.Response(
            status=delivery.status or 200, body=b"".join(delivery.pieces), headers=_headers(delivery)
        )
        try:
            await response.prepare(request)
            await response.write_eof()
        except ConnectionError:
            return response
        delivery.delivered = delivery.delivered or not incoming.is_gone
        return response

    async def _write_pieces(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        delivery = answer.delivery
        kind = "text/event-stream" if delivery.streams else "application/json"
        headers = _headers(delivery) if delivery.begun else {"Content-Type": kind}
        response = web.StreamResponse(status=delivery.status or 200, headers=headers)
        at, early = 0, not delivery.begun
        try:
            await response.prepare(request)
            while True:
                if early and delivery.ended and (delivery.status or 0) >= 300:
                    await response.write(answer.late(delivery.pieces))
                    break
                for piece in delivery.after(at):
                    await response.write(piece)
                    at += 1
                if at < len(delivery.pieces):
                    continue
                if delivery.ended:
                    break
                if not await delivery.changes(KEEP_ALIVE_S) and not delivery.begun:
                    await response.write(answer.keep_alive)
            if delivery.broke_off:
                if request.transport is not None:
                    request.transport.abort()
                return response
            # Some clients hang up at the last event, before the connection says that it was the last.
            delivery.delivered = True
            await response.write_eof()
        except ConnectionError:
            return response
        return response

    def _is_long(self, delivery: Delivery) -> bool:
        """Whether it waits for so long that its client may leave."""
        since = delivery.waits_since
        return since is not None and self._clock() - since >= KEEPS_WAITING_AFTER_S

    def _until_long(self, delivery: Delivery) -> float:
        since = delivery.waits_since
        left_s = KEEPS_WAITING_AFTER_S if since is None else since + KEEPS_WAITING_AFTER_S - self._clock()
        return max(0.05, min(left_s, 1.0))


def _headers(delivery: Delivery) -> dict[str, str]:
    return {"Content-Type": delivery.content_type, **({} if delivery.may_retry else NO_RETRY)}


async def _read(request: web.BaseRequest) -> bytes:
    """The body. One that is too large is not read: the answer ends its connection."""
    size = 0
    chunks: list[bytes] = []
    if (request.content_length or 0) > LARGEST_BODY:
        raise HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0)
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise HTTPRequestEntityTooLarge(LARGEST_BODY, size)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
