"""One connection of HTTP/1.1: a request goes out, and its reply is taken apart as it comes, by llhttp."""

from __future__ import annotations

import asyncio
import select
import zlib
from typing import TYPE_CHECKING, NamedTuple, cast

import httptools

if TYPE_CHECKING:
    pass

LARGEST_HEAD = 1 << 20
MOST_UNREAD = 1 << 20
"""Bytes of a body that wait to be read: the server waits then. Unpacked, no piece is larger either."""
CUT_SHORT = "it ended before its stated length"
GZIP_BEGINS = b"\x1f"
"""A packed body may be several, one behind another."""
TLS_ALERT = b"\x15\x03"
"""So begins what a server of TLS says to a request without it."""


class BrokenReply(Exception):  # noqa: N818 - reads as what it is
    """What came is no HTTP reply, or only a part of one."""


class Misencoded(BrokenReply):
    """Its body can't be decoded by the encoding that its header names."""

    def __init__(self) -> None:
        super().__init__("it is not encoded as its Content-Encoding header says")


class Disconnected(OSError):  # noqa: N818 - reads as what it is
    """The server closed the connection before it said anything."""


class Head(NamedTuple):
    """What the reply says of itself before its body."""

    status: int
    headers: dict[str, str]
    """The first of each name, as it was written."""
    content_length: int | None
    """None: chunked, or until the connection ends."""


class ReplyWire(asyncio.Protocol):
    """For one request after another. `more` gives b"" at the end of a body."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()  # asking for it takes a call of the system
        self._waits: asyncio.Future[None] | None = None
        self._parser = httptools.HttpResponseParser(self)
        # As lenient as aiohttp is with what servers answer.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._headers: dict[str, str] = {}
        self._head_size = 0
        self._head: Head | None = None
        self._pieces: list[bytes] = []
        self._unread = 0
        self._encoding = ""
        self._unpack: zlib._Decompress | None = None  # pyright: ignore[reportPrivateUsage]
        self._as_it_comes = False
        self._ended = True
        self._keeps = True
        self._until_end = False
        """The body is what comes until the connection ends."""
        self._error: BaseException | None = None
        self.idle_since_ns = 0
        """By a clock that never stands: the server's own time went on while this machine slept."""

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_reusable(self) -> bool:
        """Whether the reply has come whole, and nothing but it."""
        return (
            self._ended
            and self._keeps
            and self._error is None
            and not self._pieces
            and self._transport is not None
            and not self._transport.get_write_buffer_size()
        )

    def has_news(self) -> bool:
        """Whether something has come that the loop hasn't read yet. Of a connection without a request that can only
        be its end."""
        held = None if self._transport is None else self._transport.get_extra_info("socket")
        if held is None:
            return False
        looks = select.poll()
        looks.register(held.fileno(), select.POLLIN)
        return bool(looks.poll(0))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, message: bytes, *, as_it_comes: bool) -> Head:
        """Sends the request and waits for the head of its reply. `as_it_comes`: its body is not to be decompressed.
        Raises OSError, BrokenReply."""
        assert self._transport is not None
        self._as_it_comes = as_it_comes
        self._head, self._ended, self._unpack = None, False, None
        self._headers, self._head_size = {}, 0
        self._transport.write(message)
        while self._head is None:
            await self._wait()
        return self._head

    async def more(self) -> bytes:
        """What of the body has come; waits if nothing has. Raises OSError, BrokenReply."""
        while True:
            while not self._pieces and not self._ended:
                await self._wait()
            if not self._pieces:
                return self._unpacked_end()
            if piece := self._taken():
                return piece

    def at_hand(self) -> bytes | None:
        """The body, where it has come whole and as it is; None where `more` is to be asked."""
        as_it_is = self._as_it_comes or not self._encoding
        if self._ended and self._error is None and as_it_is and self._pieces:
            return self._taken()
        return None

    def _taken(self) -> bytes:
        """What waits, or as much of it as unpacked is no more than a piece may be."""
        assert self._transport is not None
        piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        if self._unread > MOST_UNREAD and self.is_open:
            self._transport.resume_reading()
        self._unread = 0
        if not self._encoding or self._as_it_comes:
            return piece
        if self._unpack is not None and self._unpack.eof:
            if not piece.lstrip(b"\0").startswith(GZIP_BEGINS):
                return b""  # padding
            piece, self._unpack = piece.lstrip(b"\0"), None
        try:
            self._unpack = self._unpack or _unpacks(self._encoding, piece)
            unpacked = self._unpack.decompress(piece, MOST_UNREAD)
        except zlib.error as error:
            self.close()
            raise Misencoded from error
        if rest := self._unpack.unconsumed_tail or self._unpack.unused_data:
            self._pieces.append(rest)
        return unpacked

    def _unpacked_end(self) -> bytes:
        if self._unpack is None or self._unpack.eof:
            return b""
        rest = self._unpack.flush()
        if not self._unpack.eof:
            raise Misencoded
        return rest

    async def _wait(self) -> None:
        if self._error is not None:
            raise self._error
        if not self.is_open and not self._ended:
            raise Disconnected
        waits: asyncio.Future[None] = self._loop.create_future()
        self._waits = waits
        try:
            await waits
        finally:
            self._waits = None

    # -- as it comes ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._ended:  # what nobody asked for: the next reply would be taken for another
            self.close()
            return
        try:
            self._parser.feed_data(data)
            if self._head is None:
                self._head_size += len(data)
                if self._head_size > LARGEST_HEAD:
                    raise BrokenReply("its headers have no end")
        except BrokenReply as error:
            self._fail(error)
        except httptools.HttpParserUpgrade:
            self._fail(BrokenReply("it changes the protocol"))
        except httptools.HttpParserError as error:
            told = error.__context__
            known = isinstance(told, BrokenReply)
            self._fail(
                told if known else BrokenReply(CUT_SHORT if self._head is not None else _no_reply(data))
            )
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended:
            if self._until_end and exc is None:
                self._ended = True
            elif self._head is not None and exc is None:
                self._fail(BrokenReply(CUT_SHORT))
            else:
                self._fail(exc or Disconnected())
        self._keeps = False
        self._wake()

    def _wake(self) -> None:
        if self._waits is not None and not self._waits.done():
            self._waits.set_result(None)

    def _fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error
        self.close()

    # -- told by the parser -----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._ended:  # a second reply behind the first
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is None:
            self._headers.setdefault(
                name.decode("ascii", "replace"), value.decode("utf-8", "surrogateescape").strip(" \t")
            )

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._ended:
            return
        if status < 200:
            self._headers.clear()
            if status == 101:
                raise BrokenReply("it changes the protocol")
            return  # the reply itself follows
        told = {name.lower(): value for name, value in self._headers.items()}
        self._encoding = told.get("content-encoding", "").strip().lower().removeprefix("identity")
        chunked, length = "transfer-encoding" in told, told.get("content-length")
        empty = status in (204, 304)
        self._until_end = not (chunked or length is not None or empty)
        self._head = Head(status, self._headers, None if chunked or length is None else int(length))

    def on_body(self, piece: bytes) -> None:
        if self._ended:
            return
        self._pieces.append(piece)
        self._unread += len(piece)
        if self._unread > MOST_UNREAD and self._transport is not None:
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        if self._head is not None:
            self._ended, self._keeps = True, self._parser.should_keep_alive()


def _no_reply(data: bytes) -> str:
    if data.startswith(TLS_ALERT):
        return "the server speaks TLS: its address begins with https://"
    return "it is no HTTP reply"


def _unpacks(encoding: str, begun: bytes) -> zlib._Decompress:  # pyright: ignore[reportPrivateUsage]
    """Raises Misencoded."""
    if encoding in ("gzip", "x-gzip"):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    if encoding != "deflate":
        raise Misencoded
    has_header = begun[0] & 15 == 8  # as it should
    return zlib.decompressobj(wbits=zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
