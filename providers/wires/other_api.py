"""A 2xx reply in the shape of another API than the one that was asked: what it is, and what asks it. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from providers.errors import MayHaveCost, Stopped
from providers.reading.failures import rate_headers
from providers.reading.lenient_json import as_object, as_objects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.types import Usage

Asked = Literal["OpenAI's", "Anthropic's", "OpenAI's Responses API"]
"""The API that was asked, as a message names it."""

_CHAT: Asked = "OpenAI's"
_MESSAGES: Asked = "Anthropic's"
_RESPONSES: Asked = "OpenAI's Responses API"

_SHAPES: tuple[tuple[frozenset[str], str, str], ...] = (
    (frozenset({"done", "created_at"}), "Ollama's own API", "end base_url in /v1"),
    (frozenset({"done", "message"}), "Ollama's own API", "end base_url in /v1"),
    (frozenset({"done", "response"}), "Ollama's own API", "end base_url in /v1"),
    (frozenset({"candidates", "usageMetadata"}), "Gemini's own API", 'use provider = "google"'),
    (frozenset({"candidates", "modelVersion"}), "Gemini's own API", 'use provider = "google"'),
    (frozenset({"tokens_predicted", "content"}), "llama.cpp's own API", "end base_url in /v1"),
    (frozenset({"generated_text"}), "TGI's own API", "end base_url in /v1"),
    (frozenset({"meta_info", "text"}), "SGLang's own API", "end base_url in /v1"),
    (frozenset({"stopReason", "output"}), "Bedrock's Converse API", "end base_url in /openai/v1"),
    (frozenset({"generation", "prompt_token_count"}), "Bedrock's own API", "end base_url in /openai/v1"),
    (
        frozenset({"output", "usage", "request_id"}),
        "DashScope's own API",
        "end base_url in /compatible-mode/v1",
    ),
    (frozenset({"generation_id", "text"}), "Cohere's own API", "end base_url in /compatibility/v1"),
    (
        frozenset({"message", "finish_reason", "usage"}),
        "Cohere's own API",
        "end base_url in /compatibility/v1",
    ),
)
"""Fields that stand together in no reply of the APIs that are asked."""
_LARGEST_LINE = 100_000


def of_another_api(
    body: bytes | dict[str, Any],
    usage: Usage | None,
    *,
    asked: Asked = _CHAT,
    headers: Mapping[str, str],
    request_id: str | None,
) -> str | None:
    """What a reply without an answer in the shape that was asked is instead, and what asks that; None if it is no reply
    of an API known here. Raises Stopped where it doesn't tell its `usage`: it may have been billed."""
    found = _named(body if isinstance(body, dict) else _first_object(body), asked)
    if found is None:
        return None
    name, remedy = found
    said = f"a reply of {name} in place of {asked}: {remedy}"
    if usage is not None:
        return said
    error = Stopped(said, status=200, request_id=request_id, rate_headers=rate_headers(headers))
    error.outcome = MayHaveCost.UNKNOWN
    raise error


def _named(fields: dict[str, Any], asked: Asked) -> tuple[str, str] | None:
    """(the API, the remedy)."""
    if fields.get("error"):
        return None
    if fields.get("choices"):
        remedy = 'use api = "chat"' if asked == _RESPONSES else 'use provider = "openai-compatible"'
        return None if asked == _CHAT else ("OpenAI's chat API", remedy)
    if fields.get("type") == "message" and "content" in fields:
        return None if asked == _MESSAGES else ("Anthropic's Messages API", 'use provider = "anthropic"')
    if fields.get("object") == "response" and "output" in fields:
        remedy = 'use provider = "openai" with api = "responses"'
        return None if asked == _RESPONSES else ("OpenAI's Responses API", remedy)
    if any(one.get("object") == "embedding" for one in as_objects(fields.get("data"))):
        return "an embeddings API", "check `model` and the base URL"
    return next(((name, remedy) for names, name, remedy in _SHAPES if names <= fields.keys()), None)


def _first_object(body: bytes) -> dict[str, Any]:
    """Of the whole, or of its first line: Ollama streams an object a line."""
    for text in (body, body.lstrip().partition(b"\n")[0][:_LARGEST_LINE]):
        try:
            found = json.loads(text.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        return next(iter(as_objects(found)), as_object(found))
    return {}
