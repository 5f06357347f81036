"""Streams of OpenAI's chat/completions and completions wires: chunks of n choices, in any order. Pure; no I/O."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from providers.reading.error_text import error_in_reply
from providers.reading.lenient_json import (
    as_object,
    as_objects,
    decode_first,
    decode_object,
    split_objects,
    written,
)
from providers.transport.streaming import BrokenStream, says_nothing
from providers.wires.counts import falls_below, grown
from providers.wires.ends import finish_reason
from providers.wires.error_event import error_in_stream, not_an_object
from providers.wires.openai_usage import OUTPUT, TOTAL

STREAMING: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
"""What a request says to be answered by a stream with usage at its end."""
_TEXTS = ("reasoning_content", "reasoning", "refusal")


class Chunk(msgspec.Struct):
    """The fields read of one event of either wire."""

    id: Any = None
    model: Any = None
    choices: Any = None
    usage: Any = None
    x_groq: Any = None
    service_tier: Any = None
    system_fingerprint: Any = None
    error: Any = None
    object: Any = None
    code: Any = None
    status: Any = None
    message: Any = None
    msg: Any = None
    success: Any = None
    errors: Any = None
    base_resp: Any = None
    prompt_token_ids: Any = None


class ChatStream:
    """An Assembly of either wire. `n`: the samples asked for."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._head: dict[str, Any] = {}
        self._usage: dict[str, Any] | None = None
        self._usage_is_final = False
        """No sample went on after the largest counts: some servers tell the usage so far all along, and some end with
        zeros."""
        self._prompt_ids: int | None = None
        self._choices: list[_Choice] = []
        """As they began; one index twice where the stream repeats a choice that had ended."""
        self._latest: dict[object, _Choice] = {}
        self.whole = False
        self.size = 0

    def take(self, data: bytes) -> None:
        if data.strip() == b"[DONE]":
            self._close()
            return
        if says_nothing(data):
            return
        chunk = decode_object(data, Chunk) or decode_first(data, Chunk)
        if chunk is None:
            if chunks := split_objects(data):
                for one in chunks:
                    self.take(one)
                return
            raise not_an_object(data)
        if chunk.error or (not chunk.choices and self._may_fail(chunk) and error_in_reply(data) is not None):
            raise error_in_stream(data)
        for name in ("id", "model", "service_tier", "system_fingerprint"):
            if value := getattr(chunk, name):
                self._head[name] = value
        pieces = as_objects(chunk.choices)
        if any(goes_on(piece) for piece in pieces):
            self._usage_is_final = False
        self._count(chunk.usage)
        self._count(as_object(chunk.x_groq).get("usage"))
        if self._n == 1:
            for piece in pieces:
                self._count(piece.get("usage"))  # where Moonshot has it
        self._count_prompt(chunk.prompt_token_ids)
        for piece in pieces:
            self._count_prompt(piece.get("prompt_token_ids"))  # where vLLM's completions have them
            self._add(piece)

    def _may_fail(self, chunk: Chunk) -> bool:
        """Errors that are no `error`: Alibaba's {"code": "Throttling", "message": …}, MiniMax's base_resp …"""
        return chunk.object == "error" or any(
            (
                chunk.code,
                chunk.status,
                chunk.message,
                chunk.msg,
                chunk.success is False,
                chunk.errors,
                chunk.base_resp,
            )
        )

    def _close(self) -> None:
        """Some servers tell of no sample that it has ended, but close a stream that is whole."""
        ended = [choice.ended for choice in self._choices]
        if not all(ended) and (any(ended) or not self._usage_is_final):
            raise BrokenStream("the stream was closed before every sample had ended (no finish_reason)")
        self.whole = True

    def end(self) -> None:
        """Some servers leave the closing [DONE] out: without it, all samples and the usage must be there."""
        ended = [choice.ended for choice in self._choices]
        if not (self._usage_is_final and len(ended) >= self._n and all(ended)):
            raise BrokenStream("the stream ended early")
        self.whole = True

    def body(self) -> dict[str, Any]:
        return {
            **self._head,
            "choices": [choice.body() for choice in self._choices],
            "usage": self._usage if self._usage_is_final else None,
        }

    def finished(self) -> dict[str, Any]:
        whole = [choice for choice in self._choices if choice.ended]
        return {
            **self._head,
            "choices": [choice.body() for choice in whole],
            "usage": self._counted(whole),
        }

    def begun(self) -> dict[str, Any]:
        usage = self._usage if self._usage is not None else self._counted(self._choices)
        return {**self._head, "choices": [], "usage": usage}

    def _add(self, piece: dict[str, Any]) -> None:
        index = piece.get("index")
        key = index if isinstance(index, int | str | None) else repr(index)
        choice = self._latest.get(key)
        if choice is None or (choice.ended and has_output(piece) and self._n > 1):
            choice = self._latest[key] = _Choice(index)
            self._choices.append(choice)
            self.size += 64
        if not choice.ended or (self._n == 1 and has_output(piece) and not choice.repeats(piece)):
            self.size += choice.add(piece)

    def _count(self, usage: object) -> None:
        told = as_object(usage)
        if not told:
            return
        before = self._usage or {}
        if not falls_below(told, before, f"{OUTPUT} {TOTAL}"):
            self._usage_is_final = True
        self._usage = grown(before, told)

    def _count_prompt(self, ids: object) -> None:
        if isinstance(ids, list):
            self._prompt_ids = len(cast("list[Any]", ids))

    def _counted(self, choices: list[_Choice]) -> dict[str, int] | None:
        """Usage by the token ids that were reported, of the prompt and of these choices; None without any."""
        ids = [choice.ids for choice in choices if choice.ids is not None]
        if not ids and self._prompt_ids is None:
            return None
        return {"prompt_tokens": self._prompt_ids or 0, "completion_tokens": sum(ids)}


class _Choice:
    """One sample as far as it has come."""

    def __init__(self, index: object) -> None:
        self.index = index
        self.ids: int | None = None
        self._finish_reason: Any = None
        self._error: Any = None
        self._message: dict[str, Any] = {}
        """A whole message, as servers have it that stream in name only."""
        self._content: list[Any] = []
        """Texts, or typed parts."""
        self._texts: dict[str, list[str]] = {}
        self._text: list[str] = []

    @property
    def ended(self) -> bool:
        return finish_reason(self._finish_reason) is not None or bool(self._error)

    def add(self, piece: dict[str, Any]) -> int:
        """Bytes kept of this piece, about."""
        size = 0
        delta = as_object(piece.get("delta"))
        content = delta.get("content")
        if isinstance(content, str) and content:
            self._content.append(content)
            size += len(content)
        elif isinstance(content, list):
            parts = cast("list[Any]", content)
            self._content.extend(parts)
            size += sum(len(str(part)) for part in parts)
        elif content is not None and content != "":
            self._content.append(content if isinstance(content, dict) else written(content))
            size += len(str(self._content[-1]))
        if isinstance(text := piece.get("text"), str):
            self._text.append(text)
            size += len(text)
        for name in _TEXTS:
            if isinstance(more := delta.get(name, piece.get(name)), str) and more:
                self._texts.setdefault(name, []).append(more)
                size += len(more)
        if message := as_object(piece.get("message")):
            self._message = message
            size += len(str(message))
        if isinstance(ids := piece.get("token_ids"), list):
            self.ids = (self.ids or 0) + len(cast("list[Any]", ids))
        self._finish_reason = finish_reason(piece.get("finish_reason")) or self._finish_reason
        self._error = piece.get("error") or self._error
        return size

    def repeats(self, piece: dict[str, Any]) -> bool:
        """Whether a piece that comes after the end is the whole text once more."""
        delta = as_object(piece.get("delta"))
        return (delta.get("content") or "", piece.get("text") or "") == (
            self._whole_content(),
            "".join(self._text),
        )

    def body(self) -> dict[str, Any]:
        """The choice as it would have come unstreamed, on either wire."""
        texts = {name: "".join(texts) for name, texts in self._texts.items()}
        pieces = {"content": self._whole_content(), **texts}
        body: dict[str, Any] = {
            "message": pieces if any(pieces.values()) else self._message or pieces,
            "text": "".join(self._text),
            **texts,
            "finish_reason": self._finish_reason,
            "error": self._error,
            "token_ids": None if self.ids is None else [0] * self.ids,
        }
        return body if self.index is None else {"index": self.index, **body}

    def _whole_content(self) -> str | list[Any]:
        if all(isinstance(part, str) for part in self._content):
            return "".join(self._content)
        return [{"type": "text", "text": part} if isinstance(part, str) else part for part in self._content]


def has_output(piece: dict[str, Any]) -> bool:
    """Whether a chunk's choice holds anything: the last chunks of some servers hold only its index."""
    delta = as_object(piece.get("delta"))
    return any(
        (delta.get("content"), piece.get("text"), *(delta.get(name) or piece.get(name) for name in _TEXTS))
    )


def goes_on(piece: dict[str, Any]) -> bool:
    """Whether a chunk's choice may hold tokens that an earlier usage did not count: anything but its role and end."""
    delta = as_object(piece.get("delta"))
    return any(value for name, value in delta.items() if name != "role") or bool(
        piece.get("text") or piece.get("token_ids") or piece.get("message")
    )
