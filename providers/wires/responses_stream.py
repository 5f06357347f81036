"""The stream of OpenAI's /v1/responses: its last event holds the whole reply, its first the id. Pure; no I/O."""

from __future__ import annotations

from typing import Any

from providers.reading.lenient_json import as_object
from providers.transport.streaming import BrokenStream, says_nothing
from providers.wires.counts import grown
from providers.wires.error_event import TypedEvent, typed_event

STREAMING: dict[str, Any] = {"stream": True}
_LAST = ("response.completed", "response.incomplete", "response.failed")


class Event(TypedEvent):
    """The fields read of any event."""

    response: Any = None


class ResponsesStream:
    """An Assembly of this wire's one sample: nothing is kept of its pieces, since the last event repeats them."""

    def __init__(self) -> None:
        self._latest: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self.whole = False
        self.size = 0

    def take(self, data: bytes) -> None:
        if says_nothing(data):
            return
        event = typed_event(data, Event)
        if response := as_object(event.response):
            self._usage = grown(self._usage, as_object(response.get("usage")))
            self._latest, self.size = {**response, "usage": self._usage or None}, len(data)
            self.whole = event.type in _LAST

    def end(self) -> None:
        raise BrokenStream("the stream ended early")

    def body(self) -> dict[str, Any]:
        return self._latest

    def finished(self) -> dict[str, Any]:
        return {}

    def begun(self) -> dict[str, Any]:
        return {**self._latest, "status": "in_progress", "output": None}
