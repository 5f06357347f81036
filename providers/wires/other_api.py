"""A 2xx reply in the shape of another API than the one that was asked: what it is, and what asks it. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from providers.errors import MayHaveCost, Stopped
from providers.reading.failures import rate_headers
from providers.reading.lenient_json import as_object, as_objects

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHAPES: tuple[tuple[frozenset[str], str, str], ...] = (
    (frozenset({"done", "created_at"}), "Ollama's own API", "end base_url in /v1"),
    (frozenset({"candidates", "usageMetadata"}), "Gemini's own API", 'use provider = "google"'),
    (frozenset({"candidates", "modelVersion"}), "Gemini's own API", 'use provider = "google"'),
    (frozenset({"tokens_predicted", "content"}), "llama.cpp's own API", "end base_url in /v1"),
    (frozenset({"generated_text"}), "TGI's own API", "end base_url in /v1"),
    (
        frozenset({"output", "usage", "request_id"}),
        "DashScope's own API",
        "end base_url in /compatible-mode/v1",
    ),
)
"""Fields that stand together in no reply of the APIs that are asked."""
_LARGEST_LINE = 100_000


def of_another_api(
    body: bytes | dict[str, Any], *, headers: Mapping[str, str], request_id: str | None
) -> Stopped | None:
    """None if it is no reply of an API known here. It may have been billed."""
    fields = body if isinstance(body, dict) else _first_object(body)
    found = next(((name, remedy) for names, name, remedy in _SHAPES if names <= fields.keys()), None)
    if found is None or "choices" in fields:
        return None
    name, remedy = found
    error = Stopped(
        f"a reply of {name} in place of OpenAI's: {remedy}",
        status=200,
        request_id=request_id,
        rate_headers=rate_headers(headers),
    )
    error.outcome = MayHaveCost.UNKNOWN
    return error


def _first_object(body: bytes) -> dict[str, Any]:
    """Of the whole, or of its first line: Ollama streams an object a line."""
    for text in (body, body.lstrip().partition(b"\n")[0][:_LARGEST_LINE]):
        try:
            found = json.loads(text.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        return next(iter(as_objects(found)), as_object(found))
    return {}
