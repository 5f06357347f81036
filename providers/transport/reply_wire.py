"""One connection of HTTP/1.1: a request goes out, and its reply is taken apart as it comes."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, cast

from providers.transport.reply_head import LARGEST_HEAD, BrokenReply, Head, Misencoded, read_head

if TYPE_CHECKING:
    from collections.abc import Callable

CUT_SHORT = "it ended before its stated length"


class Disconnected(OSError):  # noqa: N818 - reads as what it is
    """The server closed the connection before it said anything."""


class ReplyWire(asyncio.Protocol):
    """For one request after another. `more` gives b"" at the end of a body."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waits: asyncio.Future[None] | None = None
        self._buffer = bytearray()
        self._head: Head | None = None
        self._pieces: list[bytes] = []
        self._left = 0
        """Bytes that are still to come: of the body, or of its chunk."""
        self._step: Callable[[], bool] = self._nothing_expected
        self._ended = True
        self._as_it_comes = False
        self._error: BaseException | None = None
        self._unpack: zlib._Decompress | None = None  # pyright: ignore[reportPrivateUsage]
        self.idle_since = 0.0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_reusable(self) -> bool:
        """Whether the reply has come whole, and nothing but it."""
        return (
            self._ended
            and self._error is None
            and not self._pieces
            and not self._buffer
            and self._head is not None
            and self._head.keeps
            and self._transport is not None
            and not self._transport.get_write_buffer_size()
        )

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, message: bytes, *, as_it_comes: bool) -> Head:
        """Sends the request and waits for the head of its reply. `as_it_comes`: its body is not to be decompressed.
        Raises OSError, BrokenReply."""
        assert self._transport is not None
        self._as_it_comes = as_it_comes
        self._head, self._ended, self._step = None, False, self._read_head
        self._transport.write(message)
        while self._head is None:
            await self._wait()
        return self._head

    async def more(self) -> bytes:
        """What of the body has come; waits if nothing has. Raises OSError, BrokenReply."""
        while not self._pieces and not self._ended:
            await self._wait()
        pieces, self._pieces = self._pieces, []
        if not pieces:
            return b""
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _wait(self) -> None:
        if self._error is not None:
            raise self._error
        if not self.is_open and not self._ended:
            raise Disconnected
        waits = self._waits = asyncio.get_running_loop().create_future()
        try:
            await waits
        finally:
            self._waits = None
        if self._error is not None and not self._pieces:
            raise self._error

    # -- as it comes ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._within(self._take_apart)
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended:
            until_end = (
                self._head is not None and self._head.content_length is None and not self._head.chunked
            )
            if until_end and exc is None:
                self._within(self._end)
            elif self._head is not None and exc is None:
                self._fail(BrokenReply(CUT_SHORT))
            else:
                self._fail(exc or Disconnected())
        self._wake()

    def _take_apart(self) -> None:
        while self._step():
            pass

    def _within(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BrokenReply as error:
            self._fail(error)
        except zlib.error:
            self._fail(Misencoded())

    def _wake(self) -> None:
        if self._waits is not None and not self._waits.done():
            self._waits.set_result(None)

    def _fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error
        self._step = self._nothing_expected
        self.close()

    def _end(self) -> None:
        if self._unpack is not None and (rest := self._unpack.flush()):
            self._pieces.append(rest)
        if self._unpack is not None and not self._unpack.eof:
            raise Misencoded
        self._ended, self._step = True, self._nothing_expected

    def _nothing_expected(self) -> bool:
        if self._buffer and self._ended:  # what nobody asked for: the next reply would be taken for another
            self.close()
        return False

    def _read_head(self) -> bool:
        at = self._buffer.find(b"\r\n\r\n")
        size = 4
        if at < 0:
            at, size = self._buffer.find(b"\n\n"), 2
        if at < 0 or at > LARGEST_HEAD:
            if len(self._buffer) > LARGEST_HEAD:
                raise BrokenReply("its headers have no end")
            return False
        head = read_head(bytes(self._buffer[:at]))
        del self._buffer[: at + size]
        if head.status < 200:
            if head.status == 101:
                raise BrokenReply("it changes the protocol")
            return True  # the reply itself follows
        self._unpack = None
        self._head = head
        if head.chunked:
            self._step = self._read_chunk_size
        elif head.content_length is None:
            self._step = self._read_all
        else:
            self._left, self._step = head.content_length, self._read_rest
        return True

    def _read_rest(self) -> bool:
        """Of a body of known length."""
        if self._buffer and self._left:
            self._keep(self._take())
        if not self._left:
            self._end()
            return True
        return False

    def _read_all(self) -> bool:
        """Of a body that ends with its connection."""
        self._left = len(self._buffer)
        if self._buffer:
            self._keep(self._take())
        return False

    def _read_chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        digits = line.partition(b";")[0].strip()
        try:
            size = int(digits, 16) if digits.isalnum() and len(digits) <= 12 else -1
        except ValueError:
            size = -1
        if size < 0:
            raise BrokenReply(CUT_SHORT)
        self._left = size
        self._step = self._read_chunk if size else self._read_trailer
        return True

    def _read_chunk(self) -> bool:
        if self._left:
            if not self._buffer:
                return False
            self._keep(self._take())
            return True
        line = self._line()
        if line is None:
            return False
        if line:
            raise BrokenReply(CUT_SHORT)
        self._step = self._read_chunk_size
        return True

    def _read_trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if not line:
            self._end()
        return True

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > LARGEST_HEAD:
                raise BrokenReply(CUT_SHORT)
            return None
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        return line

    def _take(self) -> bytes:
        piece = bytes(memoryview(self._buffer)[: self._left])
        del self._buffer[: len(piece)]
        self._left -= len(piece)
        return piece

    def _keep(self, piece: bytes) -> None:
        if self._head is not None and self._head.encoding and not self._as_it_comes:
            self._unpack = self._unpack or _unpacks(self._head.encoding)
            piece = self._unpack.decompress(piece)
        if piece:
            self._pieces.append(piece)


def _unpacks(encoding: str) -> zlib._Decompress:  # pyright: ignore[reportPrivateUsage]
    """Raises Misencoded."""
    if encoding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    raise Misencoded
