"""OpenAI's /v1/responses: what is sent, and what a reply says. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from providers.errors import Stopped, TooManySamples, Unusable
from providers.reading.error_text import error_in_reply, excerpt, no_object
from providers.reading.failures import (
    failure_in_reply,
    message_of,
    one_line,
    rate_headers,
    request_id_of,
)
from providers.reading.lenient_json import as_object, as_objects, as_text, decode_object
from providers.types import Choice, Reply
from providers.wires.ends import is_broken_off
from providers.wires.openai_usage import read_usage
from providers.wires.other_api import of_another_api
from providers.wires.stated_cost import read_cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.types import Request, Usage

UNKNOWN = ("stop", "presence_penalty", "frequency_penalty")
"""Parameters of chat completions that this endpoint does not have."""


_UNFINISHED = ("in_progress", "queued", "cancelled")


class Body(msgspec.Struct):
    """The fields read of a reply; what is not named here is skipped without being built."""

    id: Any = None
    model: Any = None
    status: Any = None
    error: Any = None
    incomplete_details: Any = None
    output: Any = None
    usage: Any = None
    service_tier: Any = None


def responses_payload(request: Request, *, service_tier: str | None) -> dict[str, Any]:
    """The body of POST /v1/responses. `store = false`, since the vendor otherwise keeps every reply for 30 days, and
    nothing here ever asks for one again. Raises TooManySamples for n above 1 and Stopped for a parameter that this
    endpoint does not have."""
    if request.n != 1:
        raise TooManySamples("the responses api takes one sample a request", max_n=1)
    refused = [name for name in UNKNOWN if name in request.params]
    if refused:
        lines = ", ".join(f'"{name}"' for name in refused)
        raise Stopped(f"the responses api has no {' or '.join(refused)}: add unset = [{lines}] to this model")
    prompt = request.prompt
    asked: Any = [{"role": m.role, "content": m.content} for m in prompt.messages]
    payload: dict[str, Any] = {
        "model": request.model,
        "input": asked if prompt.text is None else prompt.text,
        "max_output_tokens": request.max_tokens,
    }
    if service_tier is not None:
        payload["service_tier"] = service_tier
    for source in (request.params, request.extra, {"store": False}):
        for key, value in source.items():
            payload.setdefault(key, value)  # what bounds the cost is never overridden
    return payload


def parse_response(body: bytes | dict[str, Any], *, latency_s: float, headers: Mapping[str, str]) -> Reply:
    """A 2xx reply. `usage` is None if it is missing or nonsense. A `failed` one with usage was billed and bought no
    sample; without usage nobody knows. Raises Unusable for the latter, for a reply that isn't finished, and for a
    body that isn't a JSON object."""
    fields = decode_object(body, Body)
    request_id = request_id_of(headers) or as_text(None if fields is None else fields.id)

    def lost(message: str) -> Unusable:
        return Unusable(message, status=200, request_id=request_id, rate_headers=rate_headers(headers))

    if fields is None:
        raise lost(no_object(body))
    usage = read_usage(fields.usage)
    status = as_text(fields.status)
    why = _why(fields, status)
    if why and usage is None and not as_objects(fields.output):
        if status not in _UNFINISHED and (said := error_in_reply(body)) is not None:
            error = failure_in_reply(said, status=200, headers=headers)
            error.message, error.request_id = why, request_id
            raise error
        raise lost(why)
    other, bare = None, not isinstance(fields.output, list)
    if bare and not why:
        asked = "OpenAI's Responses API"
        other = of_another_api(body, usage, asked=asked, headers=headers, request_id=request_id)
    if bare and not as_object(fields.usage):
        raise lost(f"a reply without output: {excerpt(body)!r}")
    choice = None if why else _choice(fields, usage)
    return Reply(
        choices=(choice,) if choice is not None else (),
        usage=usage,
        model=as_text(fields.model),
        request_id=request_id,
        service_tier=as_text(fields.service_tier),
        stated_cost=read_cost(fields.usage),
        rate_headers=rate_headers(headers),
        latency_s=latency_s,
        of_another_api=other,
        notes=(why,) if why else () if choice is not None else ("a reply without output",),
    )


def _why(fields: Body, status: str | None) -> str:
    """Why the reply holds no whole answer; "" if it holds one, or one that was cut off."""
    if status == "failed" or (fields.error and status not in ("completed", "incomplete")):
        error = as_object(fields.error)
        said = one_line(f"{error.get('code') or 'failed'}: {message_of(error)}")[:200]
        return f"the reply failed: {said}"
    if status in _UNFINISHED:
        return f"the reply is {status}"
    return ""


def _choice(fields: Body, usage: Usage | None) -> Choice | None:
    items = as_objects(fields.output)
    if not isinstance(fields.output, list):
        return None
    text: list[str] = []
    refusals: list[str] = []
    thinking: list[str] = []
    for item in items:
        if item.get("type") == "message":
            text.append(as_text(item.get("content")) or "")  # of gateways that keep the chat API's form
            for part in as_objects(item.get("content")):
                if part.get("type") == "refusal":
                    refusals.append(as_text(part.get("refusal")) or "")
                elif part.get("type") in ("output_text", "text"):
                    text.append(as_text(part.get("text")) or "")
        elif item.get("type") == "reasoning":
            parts = [*as_objects(item.get("summary")), *as_objects(item.get("content"))]
            thinking.extend(as_text(part.get("text")) or "" for part in parts)
    reason = _finish_reason(fields)
    return Choice(
        index=0,
        text="".join(text) or "".join(refusals),
        reasoning="\n\n".join(filter(None, thinking)) or None,
        finish_reason="refusal" if refusals else reason,
        broken_off=is_broken_off({}, reason),
        output_tokens=usage.output if usage is not None else None,
        reasoning_tokens=usage.reasoning if usage is not None else None,
    )


def _finish_reason(fields: Body) -> str | None:
    """OpenAI's chat words for the status: stop, length, content_filter …"""
    status = as_text(fields.status)
    if status == "incomplete":
        reason = as_text(as_object(fields.incomplete_details).get("reason"))
        return "length" if reason == "max_output_tokens" else reason or "incomplete"
    return "stop" if status == "completed" else status
