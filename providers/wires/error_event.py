"""An event of a stream, on any wire. One that is an error breaks the stream, and may say that no retry helps. Pure."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from providers.errors import Lost, ProviderError
from providers.reading.error_text import one_line, read_error
from providers.reading.failures import failure_in_reply
from providers.reading.lenient_json import decode_object
from providers.transport.streaming import BrokenStream


class TypedEvent(msgspec.Struct):
    """What is read of an event on the wires that name each event's type."""

    type: Any = None
    error: Any = None


_Event = TypeVar("_Event", bound=TypedEvent)


def typed_event(data: bytes, of: type[_Event]) -> _Event:
    """Raises BrokenStream for one that is an error, or no JSON object."""
    event = decode_object(data, of)
    if event is None:
        raise not_an_object(data)
    if event.type == "error" or event.error:
        raise error_in_stream(data)
    return event


def not_an_object(data: bytes) -> BrokenStream:
    return BrokenStream(f"an event that is not a JSON object: {one_line(data[:120])!r}")


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
