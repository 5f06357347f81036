"""OpenAI's chat/completions and completions wires: what is sent, and what a reply says. Pure; no I/O.

Servers that call themselves compatible leave fields out, add some, or give them other types, so a reply is read
leniently: what is not as expected is not there. Only a body that is not a JSON object, or that holds nothing but an
error, is no reply.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec

from providers.errors import Unusable
from providers.reading.content import content_of
from providers.reading.error_text import error_in_reply, excerpt, no_object
from providers.reading.failures import failure_in_reply, rate_headers, request_id_of
from providers.reading.lenient_json import (
    as_object,
    as_objects,
    as_text,
    decode_object,
    exact,
    split_objects,
    written,
)
from providers.types import Choice, Reply
from providers.wires.ends import finish_reason, is_broken_off
from providers.wires.openai_usage import read_usage
from providers.wires.other_api import of_another_api
from providers.wires.stated_cost import read_cost
from providers.wires.token_ids import length_of
from providers.wires.usual_chat import usual_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from providers.types import Request, Usage


class Body(msgspec.Struct):
    """The fields read of either reply; what is not named here is skipped without being built."""

    id: Any = None
    model: Any = None
    choices: Any = None
    usage: Any = None
    service_tier: Any = None
    system_fingerprint: Any = None
    error: Any = None
    data: Any = None
    result: Any = None


class _Choice(TypedDict, total=False):
    """What is read of a choice. Its token ids are only counted, so they are left as they are."""

    index: Any
    message: Any
    delta: Any
    text: Any
    finish_reason: Any
    error: Any
    reasoning_content: Any
    reasoning: Any
    token_ids: msgspec.Raw


class UsualBody(Body):
    """A reply whose choices are objects: all that is not read of them is skipped too."""

    choices: list[_Choice] = msgspec.field(default_factory=list[_Choice])


def chat_payload(request: Request, *, max_tokens_key: str) -> dict[str, Any]:
    """The body of POST /v1/chat/completions. `n` is left out if it is 1: some endpoints refuse it. A raw `text`
    prompt goes as one user message."""
    prompt = request.prompt
    messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
    if prompt.text is not None:
        messages = [{"role": "user", "content": prompt.text}]
    return _payload(request, {"messages": messages}, max_tokens_key)


def completions_payload(request: Request, *, max_tokens_key: str = "max_tokens") -> dict[str, Any]:
    """The body of POST /v1/completions. Messages, which this wire does not know, go as their texts, blank-line
    apart."""
    prompt = request.prompt
    text = prompt.text if prompt.text is not None else "\n\n".join(prompt.parts)
    return _payload(request, {"prompt": text}, max_tokens_key)


def parse_chat(
    body: bytes | dict[str, Any], *, latency_s: float, headers: Mapping[str, str], n: int
) -> Reply:
    """A 2xx reply of /v1/chat/completions to a request for `n` samples. `headers`: any case. `usage` is None if
    it is missing or nonsense. Raises Unusable if the body is not a JSON object, or holds neither choices nor usage."""
    if isinstance(body, bytes):
        usual = usual_reply(body, latency_s=latency_s, headers=headers, n=n)
        if usual is not None:
            return usual
    return _reply(body, _chat_text, latency_s=latency_s, headers=headers, n=n)


def parse_completions(
    body: bytes | dict[str, Any], *, latency_s: float, headers: Mapping[str, str], n: int
) -> Reply:
    """A 2xx reply of /v1/completions; otherwise as `parse_chat`."""
    return _reply(body, _completion_text, latency_s=latency_s, headers=headers, n=n)


def _payload(request: Request, prompt: dict[str, Any], max_tokens_key: str) -> dict[str, Any]:
    payload: dict[str, Any] = {"model": request.model, **prompt, max_tokens_key: request.max_tokens}
    if request.n != 1:
        payload["n"] = request.n
    for source in (request.params, request.extra):
        for key, value in source.items():
            payload.setdefault(key, value)  # what bounds the cost is never overridden
    return payload


def _reply(
    body: bytes | dict[str, Any],
    read_choice: Callable[[dict[str, Any]], tuple[str, str | None, str | None]],
    *,
    latency_s: float,
    headers: Mapping[str, str],
    n: int,
) -> Reply:
    fields = _decoded(body)
    request_id = request_id_of(headers) or as_text(None if fields is None else fields.id)
    given, usage, other = as_objects(fields and fields.choices), read_usage(fields and fields.usage), None
    if not given:
        other = of_another_api(body, usage, headers=headers, request_id=request_id)
    if fields is None:
        message = no_object(body)
        raise Unusable(message, status=200, request_id=request_id, rate_headers=rate_headers(headers))
    uncounted = usage is None or usage.input + usage.output == 0
    if uncounted and _says_nothing(given, read_choice) and (said := error_in_reply(body)) is not None:
        error = failure_in_reply(said, status=200, headers=headers)
        error.request_id = request_id
        raise error
    if not given and not as_object(fields.usage):
        message = f"a reply without choices: {excerpt(body)!r}"
        raise Unusable(message, status=200, request_id=request_id, rate_headers=rate_headers(headers))
    placed, notes = place(given, n)
    tokens = own_tokens([choice for _, choice in placed], given, usage, n)
    choices = [
        _choice(position, choice, read_choice(choice), output, usage if n == 1 else None)
        for (position, choice), output in zip(placed, tokens, strict=True)
    ]
    return Reply(
        choices=tuple(choices),
        usage=usage,
        model=as_text(fields.model),
        request_id=request_id,
        service_tier=as_text(fields.service_tier),
        stated_cost=read_cost(fields.usage),
        server_version=as_text(fields.system_fingerprint),
        rate_headers=rate_headers(headers),
        latency_s=latency_s,
        of_another_api=other,
        notes=tuple(notes),
    )


def _says_nothing(
    given: list[dict[str, Any]], read_choice: Callable[[dict[str, Any]], tuple[str, str | None, str | None]]
) -> bool:
    return all(
        is_broken_off(one, finish_reason(one.get("finish_reason"))) or not any(read_choice(one)[:2])
        for one in given
    )


def _usual(body: bytes) -> UsualBody | None:
    with suppress(msgspec.DecodeError, ValueError, RecursionError):
        return exact(UsualBody).decode(body)
    return None


def _decoded(body: bytes | dict[str, Any]) -> Body | None:
    """Some gateways wrap the reply, as {"data": {…}, "success": true} or {"result": {…}}, or send it twice."""
    usual = _usual(body) if isinstance(body, bytes) else None
    if usual is not None and (usual.choices or not (usual.data or usual.result)):
        return usual
    fields = decode_object(body, Body)
    if fields is None and isinstance(body, bytes):
        first, *others = split_objects(body) or [b""]
        return None if any(other != first for other in others) else decode_object(first, Body)
    if fields is not None and not fields.choices:
        inner = next(
            (one for one in map(as_object, (fields.data, fields.result)) if one.get("choices")), None
        )
        return fields if inner is None else msgspec.convert(inner, type=Body)
    return fields


def _choice(
    position: int,
    fields: dict[str, Any],
    read: tuple[str, str | None, str | None],
    output: int | None,
    usage: Usage | None,
) -> Choice:
    text, reasoning, ended = read
    return Choice(
        index=position,
        text=text,
        reasoning=reasoning,
        finish_reason=ended,
        output_tokens=output,
        reasoning_tokens=usage.reasoning if usage is not None and output is not None else None,
        broken_off=is_broken_off(fields, ended),
    )


def place(given: list[dict[str, Any]], n: int) -> tuple[list[tuple[int, dict[str, Any]]], list[str]]:
    """Gives each choice its position 0 … n-1, in order, and notes for what was wrong. Indices that are all different
    are kept; if some are the same (some servers give every choice index 0) each choice has its place in the reply.
    A missing or impossible index gets the lowest free position. What is more than n is dropped: first what repeats
    another choice, then what has no such position, then what comes last."""
    if len(given) <= n and [choice.get("index") for choice in given] == list(range(len(given))):
        return list(enumerate(given)), []
    surplus = max(0, len(given) - n)
    kept = _without_surplus(given, n) if surplus else given
    indices = [_index(choice, n) for choice in kept]
    stated = [index for index in indices if index is not None]
    if len(stated) == len(set(stated)):
        placed = {index: choice for index, choice in zip(indices, kept, strict=True) if index is not None}
        free = [position for position in range(n) if position not in placed]
        strays = [choice for index, choice in zip(indices, kept, strict=True) if index is None]
        placed.update(zip(free, strays, strict=False))
    else:
        placed = dict(enumerate(kept))
    notes = [f"dropped from the reply, as more than was asked for: {surplus}"] if surplus else []
    return sorted(placed.items(), key=lambda item: item[0]), notes


def _without_surplus(given: list[dict[str, Any]], n: int) -> list[dict[str, Any]]:
    seen: set[tuple[str, ...]] = set()
    ranks: list[tuple[bool, bool, int]] = []
    for at, choice in enumerate(given):
        same = tuple(repr(choice.get(name)) for name in ("index", "message", "text"))
        ranks.append((same in seen, _index(choice, n) is None, at))
        seen.add(same)
    return [given[at] for at in sorted(at for _, _, at in sorted(ranks)[:n])]


def _index(choice: dict[str, Any], n: int) -> int | None:
    index = choice.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < n else None


def own_tokens(
    kept: list[dict[str, Any]], given: list[dict[str, Any]], usage: Usage | None, n: int
) -> list[int | None]:
    """Each kept choice's own output tokens, if the server reports them: by `token_ids` whose lengths sum to the
    usage's (of the kept choices, or of all that were given), or as the only choice of a request for one."""
    unknown: list[int | None] = [None] * len(kept)
    if usage is None:
        return unknown
    if n == 1 and len(given) == len(kept) == 1:
        return [usage.output]
    lengths = _id_counts(kept)
    if lengths is not None and (sum(lengths) == usage.output or sum(_id_counts(given) or ()) == usage.output):
        return [*lengths]
    return unknown


def _id_counts(choices: list[dict[str, Any]]) -> list[int] | None:
    counts = [count for choice in choices if (count := length_of(choice.get("token_ids"))) is not None]
    return counts if counts and len(counts) == len(choices) else None


def _chat_text(choice: dict[str, Any]) -> tuple[str, str | None, str | None]:
    """(text, reasoning, finish_reason) of a chat choice: of its message, or of what some gateways have in its place, a
    stream's delta or the text of the other wire. <think> tags in the content are the model's own text."""
    fields = as_object(choice.get("message")) or as_object(choice.get("delta"))
    content = fields.get("content") if fields else choice.get("text")
    first, second, refused = fields.get("reasoning_content"), fields.get("reasoning"), fields.get("refusal")
    # Most choices have a content alone: with 32 of them this is a tenth of all that a reply takes.
    text, thought = (content, None) if type(content) is str and content.isascii() else content_of(content)
    reasoning = thought if first is None and second is None else as_text(first) or as_text(second) or thought
    refusal = None if refused is None else as_text(refused)
    if refusal:
        return text or refusal, reasoning, "refusal"
    return text, reasoning, finish_reason(choice.get("finish_reason"))


def _completion_text(choice: dict[str, Any]) -> tuple[str, str | None, str | None]:
    if choice.get("text") is None and as_object(choice.get("message")):
        return _chat_text(choice)  # as some gateways answer on either wire
    reasoning = as_text(choice.get("reasoning_content")) or as_text(choice.get("reasoning"))
    return written(choice.get("text")), reasoning, finish_reason(choice.get("finish_reason"))
