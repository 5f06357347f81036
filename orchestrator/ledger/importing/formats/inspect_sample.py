"""One sample of an inspect_ai log, with only what is imported of it; the transcript of events is passed over."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from pricing.types import Tokens

_Count = Annotated[int, msgspec.Meta(ge=0)]


class Part(msgspec.Struct):
    """Of a message's content."""

    type: str = ""
    text: str | None = None
    reasoning: str | None = None


class Message(msgspec.Struct):
    """Of the input, or of a choice."""

    role: str = ""
    content: str | list[Part] | None = ""


class Choice(msgspec.Struct):
    """One answer of the model."""

    message: Message
    stop_reason: str | None = None


class Output(msgspec.Struct):
    """What the model answered."""

    model: str | None = None
    choices: list[Choice] | None = None


class Score(msgspec.Struct):
    """Of one scorer."""

    value: Any = None
    answer: Any = None


class Usage(msgspec.Struct):
    """Tokens, by inspect_ai's names."""

    input_tokens: _Count = 0
    output_tokens: _Count = 0
    total_tokens: int = 0
    input_tokens_cache_read: _Count | None = None
    input_tokens_cache_write: _Count | None = None
    reasoning_tokens: _Count | None = None
    total_cost: Any = None

    def tokens(self, model: str) -> Tokens:
        """All input and all output: newer logs, and Anthropic's, count cached input apart; older ones within."""
        read, write = self.input_tokens_cache_read or 0, self.input_tokens_cache_write or 0
        apart = "anthropic" in model or "claude" in model or read + write > self.input_tokens
        if self.total_tokens == self.input_tokens + read + write + self.output_tokens:
            apart = True
        elif self.total_tokens == self.input_tokens + self.output_tokens:
            apart = read + write > self.input_tokens
        whole = self.input_tokens + (read + write if apart else 0)
        return Tokens(input=whole, output=self.output_tokens, cached=read, cache_write=write)


class Failure(msgspec.Struct):
    """Why a sample ended early."""

    message: str | None = None


class Sample(msgspec.Struct):
    """A sample of one problem in one epoch."""

    id: int | str
    epoch: int = 1
    input: str | list[Message] = ""
    target: str | list[str] | None = None
    choices: list[str] | None = None
    output: Output | None = None
    scores: dict[str, Score] | None = None
    score: Score | None = None
    """Of the one scorer, in logs of early 2024."""
    model_usage: dict[str, Usage] | None = None
    total_time: float | None = None
    working_time: float | None = None
    completed_at: str | None = None
    uuid: str | None = None
    error: Failure | str | None = None
    attachments: dict[str, str] | None = None
    metadata: dict[str, Any] | None = None

    @property
    def latency_s(self) -> float | None:
        return self.total_time if self.working_time is None else self.working_time

    def whole(self, text: str) -> str:
        """A text, or what an attachment's name stands for."""
        name = text.removeprefix("attachment://")
        return text if name is text or not self.attachments else self.attachments.get(name, text)

    def said(self, message: Message) -> tuple[str, str | None]:
        """(text, reasoning) of a message."""
        if not isinstance(message.content, list):
            return self.whole(message.content or ""), None
        texts = [self.whole(part.text) for part in message.content if part.type == "text" and part.text]
        thoughts = [self.whole(part.reasoning) for part in message.content if part.reasoning]
        return "\n".join(texts), "\n".join(thoughts) or None

    def question(self) -> str | None:
        """The input, or the last message of the user in it."""
        if isinstance(self.input, str):
            return self.whole(self.input)
        mine = [message for message in self.input if message.role == "user"]
        return self.said(mine[-1])[0] if mine else None

    def gold(self) -> str | list[str] | None:
        target = self.target
        if isinstance(target, list):
            targets = [self.whole(one) for one in target]
            return targets[0] if len(targets) == 1 else targets
        return None if target is None else self.whole(target)


def seconds(time: str | None) -> float | None:
    """A date and time of ISO 8601 as Unix seconds; None if it is none."""
    if time is None:
        return None
    try:
        return max(0.0, datetime.fromisoformat(time).timestamp())
    except (ValueError, OverflowError, OSError):
        return None
