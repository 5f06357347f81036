"""Streamed replies: asked for if a reply may take long, so that a broken one has its id, what it had used so far
and its whole samples. A whole one becomes the body that an unstreamed one would have had, and is read by the same
parser.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from providers.errors import Lost, MayHaveCost, Overloaded, ProviderError
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
_KEEP_ALIVE = (b"", b"ping", b"[ping]", b"keep-alive", b"[keep-alive]", b"keepalive", b"heartbeat")
_REFUSALS = (400, 403, 404, 405, 406, 422)
_UNCLEAR = (200, 500, 501)
"""Here a refusal must say that it is one."""
_ABOUT_STREAMING = re.compile(r"(?<![a-z])stream(?:s|ed|ing|_options)?\b", re.IGNORECASE)
_REFUSES = re.compile(
    r"\bonly (?:\w+ ){0,2}(?:support|stream|accept|allow)|support\w* only|\bmust (?:be|have|set|use)"
    r"|requir|mandatory|disabled|unsupported|(?:not|n.t) (?:yet )?(?:be )?"
    r"(?:support|implement|allow|available|enabled)",
    re.IGNORECASE,
)


class BrokenStream(Exception):  # noqa: N818 - reads as what it is
    """A stream that ended early, or says itself that something went wrong: then `said` is the event that does."""

    def __init__(self, message: str, said: bytes = b"") -> None:
        super().__init__(message)
        self.said = said


def says_nothing(data: bytes) -> bool:
    """Whether an event's data only keeps the connection alive."""
    return data.strip().lower() in _KEEP_ALIVE


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

    def read(self, body: bytes) -> None:
        """A stream that came whole. Raises BrokenStream and TooLarge."""
        self.feed(body)
        self.end()

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
            found = parse(self._assembly.finished()).choices
            error.choices = tuple(choice for choice in found if not choice.broken_off)
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
    kind = headers.get("content-type") or headers.get("Content-Type")
    if kind is None:
        kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return kind.partition(";")[0].strip().lower() == "text/event-stream"


def looks_like_events(body: bytes) -> bool:
    """Whether a body is a stream whatever its header says."""
    if body[:1] == b"{":  # as nearly all
        return False
    return body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"data:", b"event:", b": "))


class StreamMode:
    """Whether an endpoint is asked for streams: where a reply may take long, until the endpoint refuses one way. An
    old server knows no stream_options, an organisation may not stream a model, some models only stream."""

    def __init__(self) -> None:
        self._only: bool | None = None

    def asks_stream(self, request: Request) -> bool:
        return may_take_long(request) if self._only is None else self._only

    def mended(self, error: ProviderError, name: str, *, streamed: bool) -> ProviderError | None:
        """A refusal of the way a reply was asked for as what it is: one more attempt, the other way, mends it. None
        where it is about anything else, or the other way was refused before."""
        if not _is_refused(error):
            return None
        if self._only is None:
            self._only = not streamed
        elif self._only is streamed:
            return None
        way = "does not stream: its replies are now requested whole"
        if self._only:
            way = "only streams: its replies are now requested as streams"
        mended = Overloaded(f"{name}: the server {way}", status=error.status, request_id=error.request_id)
        mended.outcome = error.outcome
        if error.outcome is MayHaveCost.FREE:
            mended.retry_after_s = 0.0
        return mended


def _is_refused(error: ProviderError) -> bool:
    if not _ABOUT_STREAMING.search(error.message):
        return False
    if error.status in _UNCLEAR:
        said = (
            error.message.partition("an error in a 200 reply: ")[2] if error.status == 200 else error.message
        )
        return bool(_ABOUT_STREAMING.search(said) and _REFUSES.search(said))
    return error.status in _REFUSALS
