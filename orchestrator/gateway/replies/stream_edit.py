"""A chat stream without the chunk of usage that the agent did not ask for: every other event keeps its bytes. Pure."""

from __future__ import annotations

import re

from providers.reading.lenient_json import decode_object
from providers.wires.chat_stream import Chunk

_EVENT_END = re.compile(rb"\r?\n\r?\n")


class UsageTakenOut:
    """Bytes in, bytes out, whole events at a time."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> bytes:
        text, out = self._rest + chunk, b""
        while (end := _EVENT_END.search(text)) is not None:
            event, text = text[: end.end()], text[end.end() :]
            if not _is_usage(event):
                out += event
        self._rest = text
        return out

    def end(self) -> bytes:
        rest, self._rest = self._rest, b""
        return b"" if _is_usage(rest) else rest


def _is_usage(event: bytes) -> bool:
    if b'"usage"' not in event:
        return False
    data = b"".join(
        line[5:].lstrip() for line in event.replace(b"\r", b"").split(b"\n") if line.startswith(b"data:")
    )
    chunk = decode_object(data, Chunk)
    return chunk is not None and chunk.choices == [] and bool(chunk.usage)
