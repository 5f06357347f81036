"""The stream of Anthropic's /v1/messages: message_start, content blocks, message_delta, message_stop. Pure; no I/O."""

from __future__ import annotations

from typing import Any

from providers.reading.lenient_json import as_count, as_object
from providers.transport.streaming import BrokenStream, says_nothing
from providers.wires.counts import falls_below, grown
from providers.wires.ends import finish_reason
from providers.wires.error_event import TypedEvent, typed_event

STREAMING: dict[str, Any] = {"stream": True}
_PIECES = {"text_delta": "text", "thinking_delta": "thinking"}


class Event(TypedEvent):
    """The fields read of any event."""

    message: Any = None
    index: Any = None
    content_block: Any = None
    delta: Any = None
    usage: Any = None


class MessagesStream:
    """An Assembly of this wire's one sample."""

    def __init__(self) -> None:
        self._message: dict[str, Any] | None = None
        self._usage: dict[str, Any] = {}
        self._counted = False
        """Whether the final count of output came: message_start only has that of its first tokens."""
        self._blocks: dict[object, tuple[dict[str, Any], list[str]]] = {}
        self.whole = False
        self.size = 0

    def take(self, data: bytes) -> None:
        if says_nothing(data):
            return
        event = typed_event(data, Event)
        if event.type == "message_start" and self._message is None:
            self._message = as_object(event.message)
            self._usage = dict(as_object(self._message.get("usage")))
        elif self._message is None and event.type not in ("ping", None):
            raise BrokenStream("a stream that begins in the middle")
        match event.type:
            case "content_block_start":
                self._blocks[str(event.index)] = (as_object(event.content_block), [])
                self.size += len(data)
            case "content_block_delta":
                self._add(event)
            case "message_delta":
                self._close(event)
            case "message_stop":
                if not self._ended:
                    raise BrokenStream("the stream was closed before its sample had ended")
                self.whole = True
            case _:
                pass

    def end(self) -> None:
        raise BrokenStream("the stream ended early")

    def body(self) -> dict[str, Any]:
        content = [_block(start, pieces) for start, pieces in self._blocks.values()]
        return {**(self._message or {}), "content": content, "usage": self._usage if self._counted else None}

    def finished(self) -> dict[str, Any]:
        return self.body() if self._ended else {}

    def begun(self) -> dict[str, Any]:
        return {**(self._message or {}), "content": None, "usage": self._usage}

    @property
    def _ended(self) -> bool:
        return self._message is not None and finish_reason(self._message.get("stop_reason")) is not None

    def _add(self, event: Event) -> None:
        delta = as_object(event.delta)
        name = _PIECES.get(str(delta.get("type")))
        block = self._blocks.get(str(event.index))
        if name is None:
            return  # signatures, citations, tools: nothing that a sample keeps
        if block is None:
            raise BrokenStream("a piece of a content block that never began")
        if isinstance(piece := delta.get(name), str):
            block[1].append(piece)
            self.size += len(piece)

    def _close(self, event: Event) -> None:
        """The end of the message, with its whole counts. What is no count, or is lower than before, is none: some
        gateways put zeros there."""
        assert self._message is not None
        self._message.update(_told(event.delta))
        usage = _told(event.usage)
        is_final = as_count(usage.get("output_tokens")) is not None
        lower = falls_below(usage, self._usage, "output_tokens")
        self._counted = self._counted or (is_final and not lower)
        self._usage = grown(self._usage, usage)


def _block(start: dict[str, Any], pieces: list[str]) -> dict[str, Any]:
    name = "thinking" if start.get("type") == "thinking" else "text"
    first = start.get(name)
    return {**start, name: (first if isinstance(first, str) else "") + "".join(pieces)}


def _told(fields: object) -> dict[str, Any]:
    return {name: value for name, value in as_object(fields).items() if value is not None}
