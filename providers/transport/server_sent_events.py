"""Server-sent events, as far as the vendors' streams need them: the data of each. Pure; no I/O.

One reader for all wires. Names and ids of events are not read: on every wire the data itself says what it is.
"""

from __future__ import annotations

from providers.transport.reply_size import TooLarge

_MARK = b"\xef\xbb\xbf"


class Events:
    """Bytes in, the data of whole events out. No event may be larger than `largest` bytes."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._begun: list[bytes] = []
        """Pieces of a line that has not ended."""
        self._data: list[bytes] = []
        """Data lines of an event that has not ended."""
        self._size = 0
        self._first = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that end with this chunk. Raises TooLarge."""
        self._size += len(chunk)
        if b"\n" not in chunk and b"\r" not in chunk:
            self._begun.append(chunk)
            return self._checked([])
        text = b"".join((*self._begun, chunk))
        if self._first:
            text, self._first = text.removeprefix(_MARK), False
        held = b"\r" if text.endswith(b"\r") else b""  # a \n may follow, and be the same line end
        if b"\r" in text:
            text = text.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._begun = [rest + held] if rest or held else []
        return self._checked(self._ended(lines))

    def end(self) -> list[bytes]:
        """The data of an event that the end of the stream left without its blank line."""
        text = b"".join(self._begun).removesuffix(b"\r")
        self._begun = []
        return self._ended([text, b""])

    def _ended(self, lines: list[bytes]) -> list[bytes]:
        events: list[bytes] = []
        for line in lines:
            if not line:
                if self._data:
                    events.append(b"\n".join(self._data))
                    self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line == b"data":
                self._data.append(b"")
        return events

    def _checked(self, events: list[bytes]) -> list[bytes]:
        if events:
            self._size = sum(map(len, self._begun)) + sum(map(len, self._data))
        if self._size > self._largest:
            raise TooLarge(self._largest)
        return events
