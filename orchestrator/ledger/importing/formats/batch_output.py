"""Output files of batches at OpenAI and Anthropic: a line a request, with the vendor's reply to it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from orchestrator.ledger.importing.json_stream import opened, records
from orchestrator.ledger.importing.line import Billed, Line, Wrong, checked_values
from orchestrator.ledger.importing.look import Look, as_object
from orchestrator.ledger.importing.reader import FileReader, Lost, Options, Taken
from orchestrator.ledger.importing.typed import converted, decoded
from pricing.cost import split_equally
from pricing.types import Tokens
from providers.reading.content import content_of
from providers.wires.ends import finish_reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def is_openai_batch(seen: Look) -> bool:
    return seen.has("custom_id", "response")


def is_anthropic_batch(seen: Look) -> bool:
    return seen.has("custom_id", "result")


class Answer(msgspec.Struct, frozen=True):
    """One choice of a reply."""

    text: str
    reasoning: str | None = None
    finish_reason: str | None = None


class Reply(msgspec.Struct, frozen=True):
    """A reply in either vendor's words."""

    model: str | None
    answers: tuple[Answer, ...]
    tokens: Tokens | None
    reasoning_tokens: int = 0
    id: str | None = None
    created_at: float | None = None


class BatchOutput(FileReader):
    """What both have in common; `_reply` reads a line. A request without a reply is lost."""

    vendor = ""

    def __init__(self, file: Path, options: Options) -> None:
        super().__init__(file, options)
        self._counts: Counter[tuple[str, str]] = Counter()

    def where(self, record: int) -> str:
        return f"{self.file}:{record}"

    def _reply(self, found: dict[str, Any]) -> Reply | str:
        """The reply, or why there is none. Raises Wrong."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Taken | Lost]:
        with opened(self.file) as raw:
            for line, found in records(raw):
                with self.at(line):
                    if not isinstance(found, dict):
                        raise Wrong("is not a JSON object", "one JSON object a line")
                    yield from self._samples(line, found)  # pyright: ignore[reportUnknownArgumentType]

    def _samples(self, record: int, found: dict[str, Any]) -> Iterator[Taken | Lost]:
        problem = found.get("custom_id")
        if not isinstance(problem, str) or not problem:
            raise Wrong("custom_id is not text", "every line of a batch's output has one")
        reply = self._reply(found)
        if isinstance(reply, str):
            yield Lost(record, self.options.model, problem, 0, "error", reply[:500])
            return
        alias = self.alias(reply.model)
        start = self._counts[alias, problem]
        self._counts[alias, problem] += len(reply.answers)
        for at in range(len(reply.answers)):
            yield Taken(record, self._line(alias, problem, start + at, reply, at))

    def _line(self, alias: str, problem: str, index: int, reply: Reply, at: int) -> Line:
        answer, count = reply.answers[at], len(reply.answers)
        values: dict[str, Any] = {
            "text": answer.text,
            "reasoning": answer.reasoning,
            "finish_reason": answer.finish_reason,
            "request": reply.id,
            "created_at": reply.created_at,
        }
        billed: tuple[Billed, ...] = ()
        if reply.tokens is not None:
            share = Tokens(*(split_equally(part, count)[at] for part in reply.tokens))
            values |= {
                "prompt_tokens": share.input,
                "cached_tokens": share.cached,
                "cache_write_tokens": share.cache_write,
                "cache_write_1h_tokens": share.cache_write_1h,
                "completion_tokens": share.output,
                "reasoning_tokens": split_equally(reply.reasoning_tokens, count)[at],
                "token_basis": "reported" if count == 1 else "split",
            }
            billed = (Billed(f"{self.vendor}/{reply.model}", share, batch=True),) if reply.model else ()
        return checked_values(
            alias,
            index,
            {"problem": problem},
            values,
            cost_pico=None,
            provider=self.vendor,
            billed=billed,
        )


_Count = int | float | None
"""Some vendors write 20.0."""


class _Details(msgspec.Struct):
    cached_tokens: _Count = None
    reasoning_tokens: _Count = None


class _OpenAIUsage(msgspec.Struct):
    prompt_tokens: _Count = None
    completion_tokens: _Count = None
    input_tokens: _Count = None
    output_tokens: _Count = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Message(msgspec.Struct):
    content: Any = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    index: int | None = None
    message: _Message | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None
    thinking: str | None = None
    refusal: str | None = None


class _Item(msgspec.Struct):
    type: str = ""
    content: list[_Part] | str | None = None
    summary: list[_Part] | None = None


class _Why(msgspec.Struct):
    reason: str | None = None


class _Body(msgspec.Struct):
    model: str | None = None
    id: str | None = None
    created: float | None = None
    created_at: float | None = None
    choices: list[_Choice] | None = None
    output: list[_Item] | None = None
    incomplete_details: _Why | None = None
    status: str | None = None
    error: Any = None
    usage: _OpenAIUsage | None = None


class _Response(msgspec.Struct):
    status_code: int | str | None = 200
    body: Any = None
    choices: Any = None
    output: Any = None


class OpenAIBatch(BatchOutput):
    """Chat completions, completions and responses."""

    vendor = "openai"

    def _reply(self, found: dict[str, Any]) -> Reply | str:
        response = found.get("response")
        if _says_error(found.get("error")) or response is None:
            return str(found.get("error") or "no response")
        one = converted({"response": response}, dict[str, _Response])["response"]
        if str(one.status_code or 200) != "200":
            return f"HTTP {one.status_code}"
        if one.body is None and (one.choices or one.output):  # Fireworks
            one.body = response
        body = _body(one.body)
        if _says_error(body.error) and not body.choices and not body.output:
            return str(body.error)
        if body.choices == [] or body.status in ("failed", "cancelled"):
            return "a reply without choices" if body.choices == [] else f"the reply is {body.status}"
        usage = body.usage
        details = None if usage is None else usage.output_tokens_details or usage.completion_tokens_details
        return Reply(
            model=body.model,
            answers=_openai_answers(body),
            tokens=None if usage is None else _openai_tokens(usage),
            reasoning_tokens=0 if details is None else _whole(details.reasoning_tokens or 0),
            id=body.id,
            created_at=body.created if body.created is not None else body.created_at,
        )


def _says_error(error: Any) -> bool:
    """Some vendors write an error of nulls where there was none."""
    return any(fields.values()) if (fields := as_object(error)) else bool(error)


def _body(body: Any) -> _Body:
    """A reply, as an object or as its text."""
    return (
        decoded(body.encode(), _Body)
        if isinstance(body, str)
        else converted({"body": body}, dict[str, _Body])["body"]
    )


def _openai_answers(body: _Body) -> tuple[Answer, ...]:
    if body.choices is None and body.output is None:
        raise Wrong(
            "response.body has neither choices nor output", "batches of chat, completions or responses"
        )
    if body.choices is not None:
        # Some vendors give every choice the index 0: their order stands.
        return tuple(_openai_answer(choice) for choice in _in_order(body.choices))
    parts = [part for item in body.output or () if item.type == "message" for part in _parts(item.content)]
    thoughts = [
        part.text for item in body.output or () if item.type == "reasoning" for part in item.summary or ()
    ]
    cut = body.incomplete_details is not None and body.incomplete_details.reason == "max_output_tokens"
    text = "".join(part.text or "" for part in parts)
    refusal = "".join(part.refusal or "" for part in parts)
    reason = "refusal" if refusal else "length" if cut else "stop"
    return (Answer(text or refusal, "\n\n".join(filter(None, thoughts)) or None, reason),)


def _parts(content: list[_Part] | str | None) -> list[_Part]:
    """A text stands for the part of it."""
    return [_Part("text", content)] if isinstance(content, str) else content or []


def _in_order(choices: Sequence[_Choice]) -> Sequence[_Choice]:
    return sorted(choices, key=lambda choice: choice.index or 0)


def _openai_answer(choice: _Choice) -> Answer:
    message = choice.message or _Message(choice.text)
    text, thought = content_of(message.content)
    reasoning = message.reasoning_content or message.reasoning or thought
    return Answer(
        text or message.refusal or "",
        reasoning,
        "refusal" if message.refusal else finish_reason(choice.finish_reason),
    )


def _openai_tokens(usage: _OpenAIUsage) -> Tokens | None:
    read = usage.prompt_tokens if usage.prompt_tokens is not None else usage.input_tokens
    wrote = usage.completion_tokens if usage.completion_tokens is not None else usage.output_tokens
    if read is None or wrote is None:
        return None
    details = usage.prompt_tokens_details or usage.input_tokens_details
    cached = 0 if details is None else details.cached_tokens or 0
    return _checked(Tokens(input=_whole(read), output=_whole(wrote), cached=_whole(cached)))


def _whole(count: float) -> int:
    if count != int(count):
        raise Wrong(f"usage counts {count} tokens", "a count is a whole number from 0")
    return int(count)


class _Writes(msgspec.Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _AnthropicUsage(msgspec.Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _Writes | None = None


class _AnthropicMessage(msgspec.Struct):
    content: list[_Part] | str = []
    model: str | None = None
    id: str | None = None
    stop_reason: str | None = None
    usage: _AnthropicUsage | None = None


class _Result(msgspec.Struct):
    type: str = ""
    message: _AnthropicMessage | None = None
    error: Any = None


class AnthropicBatch(BatchOutput):
    """Messages."""

    vendor = "anthropic"

    def _reply(self, found: dict[str, Any]) -> Reply | str:
        result = converted({"result": found.get("result")}, dict[str, _Result])["result"]
        if result.message is None:
            return f"{result.type or 'no message'} {result.error or ''}".strip()
        message, usage = result.message, result.message.usage
        parts = _parts(message.content)
        texts = [part.text for part in parts if part.type == "text" and part.text]
        thoughts = [part.thinking for part in parts if part.thinking]
        reason = "length" if message.stop_reason == "max_tokens" else message.stop_reason
        return Reply(
            model=message.model,
            answers=(Answer("".join(texts), "\n".join(thoughts) or None, reason),),
            tokens=None if usage is None else _anthropic_tokens(usage),
            id=message.id,
        )


def _anthropic_tokens(usage: _AnthropicUsage) -> Tokens:
    read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    lifetimes = usage.cache_creation or _Writes()
    long = lifetimes.ephemeral_1h_input_tokens or 0
    written = max(written, long + (lifetimes.ephemeral_5m_input_tokens or 0))
    return _checked(
        Tokens(
            input=usage.input_tokens + read + written,
            output=usage.output_tokens,
            cached=read,
            cache_write=written,
            cache_write_1h=min(long, written),
        )
    )


def _checked(tokens: Tokens) -> Tokens:
    for name, count in tokens._asdict().items():
        if count < 0:
            raise Wrong(f"usage counts {count} {name} tokens", "a count is a whole number from 0")
    return tokens
