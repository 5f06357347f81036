"""The answer to one body while it comes. Any number of clients read it from its beginning, so that one whose connection
broke gets what was bought for it when it asks again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol


class Client(Protocol):
    """Who waits for an answer."""

    @property
    def is_gone(self) -> bool: ...


class Delivery:
    """`streams`: whether an event stream was asked for."""

    def __init__(self, sha: bytes, *, streams: bool) -> None:
        self.sha = sha
        self.streams = streams
        self.clients: list[Client] = []
        self.status: int | None = None
        self.content_type = "application/json"
        self.may_retry = True
        """False: the client is told not to ask the same again by itself."""
        self.pieces: list[bytes] = []
        self.ended = False
        self.broke_off = False
        """It can't be completed: the connection is to end without an end of the message."""
        self.delivered = False
        self.waits_since: float | None = None
        """Since when it waits for the vendor, its lane or money: clients are kept waiting by bytes that say nothing."""
        self.request_id: int | None = None
        """The call that brought it."""
        self._changed = asyncio.Event()

    @property
    def begun(self) -> bool:
        return self.status is not None

    @property
    def is_reply(self) -> bool:
        """It ended as the vendor's whole answer."""
        return self.ended and not self.broke_off and self.status is not None and self.status < 300

    @property
    def is_abandoned(self) -> bool:
        """Nobody waits for it any more."""
        return all(client.is_gone for client in self.clients)

    def begin(self, status: int, content_type: str, *, may_retry: bool = True) -> None:
        self.status, self.content_type, self.may_retry = status, content_type, may_retry
        self._tell()

    def add(self, piece: bytes) -> None:
        if piece:
            self.pieces.append(piece)
            self._tell()

    def end(self, *, broke_off: bool = False) -> None:
        self.ended, self.broke_off = True, broke_off
        self._tell()

    def answer(self, status: int, content_type: str, body: bytes, *, may_retry: bool = True) -> None:
        """All of it at once."""
        self.begin(status, content_type, may_retry=may_retry)
        self.add(body)
        self.end()

    def after(self, at: int) -> Iterator[bytes]:
        """The pieces from that on."""
        return iter(self.pieces[at:])

    async def changes(self, within_s: float) -> bool:
        """Waits for more of it; False if none came in time."""
        try:
            async with asyncio.timeout(within_s):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
