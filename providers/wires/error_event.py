"""An event of a stream that is an error, on any wire. Pure."""

from __future__ import annotations

from providers.reading.error_text import read_error
from providers.transport.streaming import BrokenStream


def error_in_stream(data: bytes) -> BrokenStream:
    """What the event says breaks the stream."""
    return BrokenStream(f"an error in the stream: {read_error(data).message}", data)
