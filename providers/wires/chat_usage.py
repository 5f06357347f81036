"""The `usage` of OpenAI's chat and completions wires, and of those who follow them, as Usage."""

from __future__ import annotations

from providers.reading.lenient_json import as_count, as_object
from providers.types import Usage


def read_usage(usage: object) -> Usage | None:
    """None where a count that bears on the cost is missing, negative, a fraction, absurd or contradicts another.

    Cached input: OpenAI `prompt_tokens_details.cached_tokens`, DeepSeek `prompt_cache_hit_tokens`, Moonshot
    `cached_tokens`. Cache writes: OpenRouter `prompt_tokens_details.cache_write_tokens`. Output beyond
    `completion_tokens` that only `total_tokens` tells (xAI and Gemini count reasoning so) is output."""
    fields = as_object(usage)
    inputs, outputs = (
        as_object(fields.get("prompt_tokens_details")),
        as_object(fields.get("completion_tokens_details")),
    )
    prompt, completion = as_count(fields.get("prompt_tokens")), as_count(fields.get("completion_tokens"))
    cached = _first(
        inputs.get("cached_tokens"), fields.get("prompt_cache_hit_tokens"), fields.get("cached_tokens")
    )
    written = _first(inputs.get("cache_write_tokens"))
    reasoning = _first(outputs.get("reasoning_tokens"), fields.get("reasoning_tokens"))
    total = _first(fields.get("total_tokens"))
    if (
        prompt is None
        or completion is None
        or cached is None
        or written is None
        or reasoning is None
        or total is None
    ):
        return None
    output = max(completion, total - prompt)
    if cached + written > prompt or reasoning > output:
        return None
    return Usage(input=prompt, output=output, cached=cached, cache_write=written, reasoning=reasoning)


def _first(*values: object) -> int | None:
    """The first count that is there; 0 where none is; None where what is there is nonsense."""
    for value in values:
        if value is not None:
            return as_count(value)
    return 0
