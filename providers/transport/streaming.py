"""Streamed replies: asked for if a reply may take long, so that a broken one has its id, what it had used so far
and its whole samples. A whole one becomes the body that an unstreamed one would have had, and is read by the same
parser.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from providers.errors import Lost, Overloaded, ProviderError
from providers.transport.reply_size import TooLarge, reply_limit
from providers.transport.second_look import is_plain_id
from providers.transport.server_sent_events import Events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from providers.types import Reply, Request

STREAM_ABOVE_S = 300.0
"""A reply whose time-out is longer is streamed: middle boxes drop what is silent for minutes."""
LINGER_S = 1.0
"""Once a stream has said that it is whole, its connection's end is waited for this long, to keep the connection."""
_ABOUT_STREAMING = re.compile(r"(?<![a-z])stream(?:s|ed|ing|_options)?\b", re.IGNORECASE)


class BrokenStream(Exception):  # noqa: N818 - reads as what it is
    """A stream that ended early, or says itself that something went wrong."""


class Assembly(Protocol):
    """What one wire makes of its events. Bodies are such as its parser reads."""

    @property
    def whole(self) -> bool:
        """All came, and nothing more will."""
        ...

    @property
    def size(self) -> int:
        """Bytes kept, about."""
        ...

    def take(self, data: bytes) -> None:
        """One event's data. Raises BrokenStream."""
        ...

    def end(self) -> None:
        """The stream has ended. Raises BrokenStream if it is not whole."""
        ...

    def body(self) -> dict[str, Any]:
        """The reply as it would have come unstreamed."""
        ...

    def finished(self) -> dict[str, Any]:
        """A reply of the samples alone that are whole."""
        ...

    def begun(self) -> dict[str, Any]:
        """A reply without samples: the id, and the usage so far."""
        ...


class Streamed:
    """One streamed reply while it comes."""

    def __init__(self, request: Request, assembly: Assembly) -> None:
        self._limit = reply_limit(request)
        self._events = Events(self._limit)
        self._assembly = assembly
        self._n = request.n

    @property
    def whole(self) -> bool:
        return self._assembly.whole

    def feed(self, chunk: bytes) -> None:
        """Raises BrokenStream and TooLarge."""
        self._take(self._events.feed(chunk))

    def end(self) -> None:
        """Raises BrokenStream."""
        self._take(self._events.end())
        if not self.whole:
            self._assembly.end()

    def body(self) -> dict[str, Any]:
        return self._assembly.body()

    def add_to(self, error: Lost, parse: Callable[[dict[str, Any]], Reply]) -> None:
        """Adds what is known to a broken stream's error: the id, whole samples, the usage so far."""
        body = self._assembly.begun()
        error.reply_id = reply_id if is_plain_id(reply_id := body.get("id")) else None
        try:
            begun = parse(body)
            error.usage, error.request_id = begun.usage, error.request_id or begun.request_id
        except ProviderError as none:  # what came so far is no reply, but may have an id
            error.request_id = error.request_id or none.request_id
        with suppress(ProviderError):
            error.choices = parse(self._assembly.finished()).choices
        if self._n > 1 and error.choices:
            error.message = f"{error.message} ({len(error.choices)} of {self._n} samples were whole)"
            error.args = (error.message,)

    def _take(self, events: list[bytes]) -> None:
        for data in events:
            if not self.whole:
                self._assembly.take(data)
        if self._assembly.size > self._limit:
            raise TooLarge(self._limit)


def may_take_long(request: Request) -> bool:
    """Whether its reply is better streamed."""
    return request.timeout_s > STREAM_ABOVE_S


def is_event_stream(headers: Mapping[str, str]) -> bool:
    """Whether a reply is a stream: some servers ignore that one was asked for."""
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return kind.partition(";")[0].strip().lower() == "text/event-stream"


def refuses_streaming(error: ProviderError) -> bool:
    """Whether a refusal is about streaming and nothing else: an old server that knows no stream_options, an
    organisation that may not stream this model."""
    return error.status in (400, 403, 404, 422) and bool(_ABOUT_STREAMING.search(error.message))


def without_streaming(error: ProviderError, name: str) -> Overloaded:
    """The refusal of a stream as what it is: one more attempt, unstreamed, mends it."""
    message = f"{name}: it refuses to stream: from now on its replies are asked for in one piece"
    return Overloaded(message, status=error.status, retry_after_s=0.0, request_id=error.request_id)
