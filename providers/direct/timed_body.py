"""A request body that reports when it starts to leave: from then on the request may be billed, and its time-out
runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp.payload import Payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.abc import AbstractStreamWriter


class TimedBody(Payload):
    """JSON bytes. aiohttp holds the headers back until the body is written, so nothing leaves before `leaves` is
    called."""

    _autoclose = True

    def __init__(self, data: bytes, leaves: Callable[[], None]) -> None:
        super().__init__(data, content_type="application/json")
        self._data = data
        self._size = len(data)
        self._leaves = leaves

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._data.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        del content_length  # ours alone: it is the length of this very body
        self._leaves()
        await writer.write(self._data)
