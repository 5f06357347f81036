"""The reply of chat/completions that nearly every server gives, read in one pass in a third of the time: choices in
their order with plain texts, and a usage of counts alone. Pure. Whatever else there is, the lenient parser reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from providers.reading.headers import rate_headers, request_id_of
from providers.reading.lenient_json import ABSURD, as_text, exact
from providers.types import Choice, Reply, Usage
from providers.wires.ends import finish_reason, is_broken_off
from providers.wires.token_ids import length_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_Count = Annotated[int, msgspec.Meta(ge=0, le=ABSURD)]


class _Message(msgspec.Struct):
    content: str
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: None = None


class _Choice(msgspec.Struct):
    index: int
    message: _Message
    finish_reason: str
    error: None = None
    token_ids: msgspec.Raw = msgspec.Raw(b"null")


class _Usage(msgspec.Struct, forbid_unknown_fields=True):
    """Anything more may bear on the cost."""

    prompt_tokens: _Count
    completion_tokens: _Count
    total_tokens: _Count | None = None
    prompt_tokens_details: None = None
    completion_tokens_details: None = None


class _Body(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage
    id: Any = None
    model: Any = None
    service_tier: Any = None
    system_fingerprint: Any = None


_NO_FIELDS: dict[str, Any] = {}


def usual_reply(body: bytes, *, latency_s: float, headers: Mapping[str, str], n: int) -> Reply | None:
    """None if it is any other reply."""
    try:
        read: _Body = exact(_Body).decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    given, counts = read.choices, read.usage
    output = counts.completion_tokens
    if counts.total_tokens is not None and counts.total_tokens - counts.prompt_tokens > output:
        output = counts.total_tokens - counts.prompt_tokens
    if not given or len(given) > n or not counts.prompt_tokens + output:
        return None
    tokens: list[int] | list[None] = [output] if n == 1 else _own_tokens(given, output)
    choices: list[Choice] = []
    for at, (one, own) in enumerate(zip(given, tokens, strict=True)):
        if one.index != at:
            return None
        message = one.message
        text, thought = message.content, message.reasoning_content or message.reasoning
        reason = finish_reason(one.finish_reason)
        choices.append(
            Choice(
                index=at,
                text=text if text.isascii() else as_text(text) or "",
                reasoning=as_text(thought) if thought else None,
                finish_reason=reason,
                output_tokens=own,
                reasoning_tokens=0 if n == 1 else None,
                broken_off=is_broken_off(_NO_FIELDS, reason),
            )
        )
    return Reply(
        choices=tuple(choices),
        usage=Usage(input=counts.prompt_tokens, output=output),
        model=as_text(read.model),
        request_id=request_id_of(headers) or as_text(read.id),
        service_tier=as_text(read.service_tier),
        server_version=as_text(read.system_fingerprint),
        rate_headers=rate_headers(headers),
        latency_s=latency_s,
    )


def _own_tokens(given: list[_Choice], output: int) -> list[int] | list[None]:
    """Each choice's own, if the server reports them."""
    lengths = [length for one in given if (length := length_of(one.token_ids)) is not None]
    return lengths if len(lengths) == len(given) and sum(lengths) == output else [None] * len(given)
