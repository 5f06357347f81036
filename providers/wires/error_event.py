"""An event of a stream that is an error, on any wire: it breaks the stream, and may say that no retry helps. Pure."""

from __future__ import annotations

from providers.errors import Lost, ProviderError
from providers.reading.error_text import read_error
from providers.reading.failures import failure_in_reply
from providers.transport.streaming import BrokenStream


def error_in_stream(data: bytes) -> BrokenStream:
    """What the event says breaks the stream."""
    return BrokenStream(f"an error in the stream: {read_error(data).message}", data)


def meaning_of(error: Exception, lost: Lost) -> ProviderError | None:
    """What a stream's own error means if it is more than a lost reply, such as a limit or no credit. None for any
    other, and if whole samples came before it."""
    if not isinstance(error, BrokenStream) or not error.said or lost.choices:
        return None
    meant = failure_in_reply(read_error(error.said), status=200, headers=lost.rate_headers)
    if isinstance(meant, Lost):
        return None
    meant.message = str(error)
    meant.args = (meant.message,)
    meant.request_id = lost.request_id
    return meant
