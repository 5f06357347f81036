"""Anthropic's /v1/messages: what is sent, and what a reply says. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from providers.errors import TooManySamples, Unusable
from providers.reading.error_text import error_in_reply, excerpt, no_object
from providers.reading.failures import failure_in_reply, one_line, rate_headers, request_id_of
from providers.reading.lenient_json import as_count, as_object, as_objects, as_text, decode_object
from providers.types import Choice, Reply, Usage
from providers.wires.counts import Counts
from providers.wires.ends import finish_reason, is_broken_off
from providers.wires.openai_usage import read_usage as openai_usage
from providers.wires.other_api import of_another_api
from providers.wires.stated_cost import read_cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.types import Request

SAMPLING = ("temperature", "top_p", "top_k")
"""What API versions from 2026-10-21 on refuse for every model."""
SAMPLING_VERSION = "2023-06-01"
"""The last API version that takes them."""

LEAST_CACHED_BYTES = 4096
"""Anthropic caches prompts from 1,024 tokens on (some models from more); shorter ones it reads as ever."""

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
    "tool_use": "tool_calls",
}
"""Anthropic's stop_reason in OpenAI's words; another one stays as it is."""


class Body(msgspec.Struct):
    """The fields read of a reply; what is not named here is skipped without being built."""

    id: Any = None
    model: Any = None
    content: Any = None
    stop_reason: Any = None
    stop_details: Any = None
    usage: Any = None
    error: Any = None


def messages_payload(
    request: Request, *, service_tier: str | None, inference_geo: str | None
) -> dict[str, Any]:
    """The body of POST /v1/messages. Raises TooManySamples for n above 1, which this endpoint does not know."""
    if request.n != 1:
        raise TooManySamples("Anthropic takes one sample a request", max_n=1)
    prompt = request.prompt
    system = "\n\n".join(m.content for m in prompt.messages if m.role == "system")
    messages: list[dict[str, Any]] = [
        {"role": m.role, "content": m.content} for m in prompt.messages if m.role != "system"
    ]
    if prompt.text is not None:
        messages = [{"role": "user", "content": prompt.text}]
    if request.cached and messages:
        # Anthropic caches up to the block so marked, the system prompt included.
        messages[-1]["content"] = [_marked(messages[-1]["content"])]
    payload: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": messages,
    }
    if system:
        payload["system"] = [_marked(system)] if request.cached and _is_long(system) else system
    if service_tier is not None:
        payload["service_tier"] = service_tier
    if inference_geo is not None:
        payload["inference_geo"] = inference_geo
    for key, value in request.params.items():
        if key == "stop":
            key, value = "stop_sequences", [value] if isinstance(value, str) else value
        payload.setdefault(key, value)
    for key, value in request.extra.items():
        payload.setdefault(key, value)  # what bounds the cost is never overridden
    return payload


def _marked(text: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}


def _is_long(text: str) -> bool:
    """Long enough to be cached by itself, so that other problems read it too."""
    return len(text.encode()) >= LEAST_CACHED_BYTES


def version_header(request: Request, stated: str | None) -> dict[str, str]:
    """The anthropic-version header: the stated one, else the last that takes sampling parameters if the request
    has some, else none, which leaves it to the SDK."""
    version = stated
    if version is None and any(
        name in source for source in (request.params, request.extra) for name in SAMPLING
    ):
        version = SAMPLING_VERSION
    return {} if version is None else {"anthropic-version": version}


def parse_message(body: bytes | dict[str, Any], *, latency_s: float, headers: Mapping[str, str]) -> Reply:
    """A 2xx reply. `usage` is None if it is missing or nonsense. Raises Unusable if the body is not a JSON object, or
    holds neither content nor usage."""
    fields = decode_object(body, Body)
    request_id = request_id_of(headers) or as_text(None if fields is None else fields.id)
    if fields is None:
        message = no_object(body)
        raise Unusable(message, status=200, request_id=request_id, rate_headers=rate_headers(headers))
    usage = read_usage(fields.usage)
    if isinstance(fields.content, str):  # of gateways: as in a request, a text stands for the block of it
        fields.content = [{"type": "text", "text": fields.content}]
    content: object = fields.content
    empty = not isinstance(content, list)
    if usage is None and empty and (said := error_in_reply(body)) is not None:
        error = failure_in_reply(said, status=200, headers=headers)
        error.request_id = request_id
        raise error
    other, billed = None, as_object(fields.usage)
    if empty:
        counted = usage or openai_usage(fields.usage)
        other = of_another_api(body, counted, asked="Anthropic's", headers=headers, request_id=request_id)
        usage = counted if other else usage
    if empty and not billed:
        message = f"a reply without content: {excerpt(body)!r}"
        raise Unusable(message, status=200, request_id=request_id, rate_headers=rate_headers(headers))
    choice, notes = _choice(fields, usage)
    return Reply(
        choices=(choice,) if choice is not None else (),
        usage=usage,
        model=as_text(fields.model),
        request_id=request_id,
        service_tier=as_text(billed.get("service_tier")),
        inference_geo=as_text(billed.get("inference_geo")),
        speed=as_text(billed.get("speed")),
        stated_cost=read_cost(fields.usage),
        rate_headers=rate_headers(headers),
        latency_s=latency_s,
        of_another_api=other,
        notes=tuple(notes),
    )


def read_usage(usage: object) -> Usage | None:
    """None if a count that bears on the cost is missing, negative, a fraction, absurd or contradicts another.
    Anthropic's input_tokens exclude what was read from and written to the cache; Usage.input holds all of it."""
    fields, counts = as_object(usage), Counts()
    lifetimes = as_object(fields.get("cache_creation"))
    fresh, output = counts.largest((fields, "input_tokens")), counts.largest((fields, "output_tokens"))
    read = counts.largest((fields, "cache_read_input_tokens")) or 0
    brief = counts.largest((lifetimes, "ephemeral_5m_input_tokens")) or 0
    long = counts.largest((lifetimes, "ephemeral_1h_input_tokens")) or 0
    stated = counts.largest((fields, "cache_creation_input_tokens")) or 0
    if counts.nonsense or fresh is None or output is None or 0 < stated < long:
        return None
    written = max(stated, brief + long)
    thought = as_count(as_object(fields.get("output_tokens_details")).get("thinking_tokens")) or 0
    return Usage(
        input=fresh + read + written,
        output=output,
        cached=read,
        cache_write=written,
        cache_write_1h=long,
        reasoning=min(thought, output),  # it bears on no price, and Anthropic calls it approximate
    )


def _choice(fields: Body, usage: Usage | None) -> tuple[Choice | None, list[str]]:
    """The one sample, None if the reply has no content at all, and what is to be noted of it."""
    blocks = as_objects(fields.content)
    if not isinstance(fields.content, list):
        return None, ["a reply without content"]
    text: list[str] = []
    thinking: list[str] = []
    notes: list[str] = []
    for block in blocks:
        kind = block.get("type")
        if kind == "text":
            text.append(as_text(block.get("text")) or "")
        elif kind == "thinking":
            thinking.append(as_text(block.get("thinking")) or "")
        elif kind == "redacted_thinking":
            notes.append("some of the thinking is redacted")
        else:
            notes.append(f"left out of the text: a content block of type {one_line(str(kind))[:40]}")
    reason = finish_reason(fields.stop_reason)
    if reason == "refusal" and (why := as_text(as_object(fields.stop_details).get("explanation"))):
        notes.append(f"refused: {one_line(why)[:200]}")
    choice = Choice(
        index=0,
        text="".join(text),
        reasoning="".join(thinking) or None,
        finish_reason=FINISH_REASONS.get(reason, reason) if reason is not None else None,
        output_tokens=usage.output if usage is not None else None,
        reasoning_tokens=usage.reasoning if usage is not None else None,
        broken_off=is_broken_off({"error": fields.error}, reason),
    )
    return choice, list(dict.fromkeys(notes))
