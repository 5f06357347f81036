"""The `usage` of OpenAI's wires (chat, completions, responses), and of those who follow them, as Usage."""

from __future__ import annotations

from providers.reading.lenient_json import as_object
from providers.types import Usage
from providers.wires.counts import Counts

INPUT = "prompt_tokens input_tokens"
OUTPUT = "completion_tokens output_tokens"
TOTAL = "total_tokens"
_SUMS = frozenset(f"{INPUT} {OUTPUT} {TOTAL}".split())
_CACHED = (
    "cached_tokens prompt_cache_hit_tokens num_cached_tokens cache_read_input_tokens cached_input_tokens"
    " cached_prompt_tokens prompt_cached_tokens cache_read_tokens"
)
"""Of Moonshot and Together, DeepSeek, Mistral, gateways to Anthropic, and others."""
_CACHED_PART = "cached_tokens cache_read_tokens cache_read cache_read_input_tokens cached_input_tokens"
_REASONING = "reasoning_tokens thinking_tokens thoughts_tokens"
_INPUT_PARTS = (
    "prompt_tokens_details",
    "input_tokens_details",
    "prompt_token_details",
    "input_token_details",
)
_OUTPUT_PARTS = (
    "completion_tokens_details",
    "output_tokens_details",
    "completion_token_details",
    "output_token_details",
)
_WRITTEN = "cache_creation_input_tokens cache_write_input_tokens cache_write_tokens"
_WRITTEN_PART = "cache_write_tokens cache_creation_tokens cache_creation_input_tokens"
"""Of OpenAI and OpenRouter, LiteLLM, Alibaba."""


def read_usage(usage: object) -> Usage | None:
    """None if a count that bears on the cost is missing, negative, a fraction, absurd or contradicts another."""
    fields = {name: value for name, value in as_object(usage).items() if value is not None}
    counts = Counts()
    prompt = counts.largest((fields, INPUT))
    completion = counts.largest((fields, OUTPUT))
    total = counts.largest((fields, TOTAL))
    reasoning = cached = written = long = 0
    if not fields.keys() <= _SUMS:  # most servers of one's own state nothing else
        inputs = [part for name in _INPUT_PARTS if (part := as_object(fields.get(name)))]
        outputs = [part for name in _OUTPUT_PARTS if (part := as_object(fields.get(name)))]
        reasoning = counts.largest(*((part, _REASONING) for part in outputs), (fields, _REASONING)) or 0
        cached = counts.largest(*((part, _CACHED_PART) for part in inputs), (fields, _CACHED)) or 0
        written = counts.largest(*((part, _WRITTEN_PART) for part in inputs), (fields, _WRITTEN)) or 0
        lifetimes = as_object(fields.get("cache_creation"))
        long = counts.largest((lifetimes, "ephemeral_1h_input_tokens")) or 0
    if counts.nonsense or prompt is None or (completion is None and total is None):
        return None
    written = max(written, long)
    if cached + written and _leaves_cache_out(prompt, completion or 0, total, reasoning, cached + written):
        prompt += cached + written
    output = _output(prompt, completion, total, reasoning)
    if completion is None and reasoning > output:
        return None  # the total leaves out the reasoning, and perhaps more
    if output < 0 or cached + written > prompt:
        return None
    return Usage(
        input=prompt,
        output=output,
        cached=cached,
        cache_write=written,
        cache_write_1h=long,
        reasoning=min(reasoning, output),
    )


def _leaves_cache_out(prompt: int, completion: int, total: int | None, reasoning: int, cache: int) -> bool:
    """Some gateways to Anthropic count as it does: input without what was read from a cache or written to it. A total
    that holds all of it shows this; if it may as well hold reasoning, which is more expensive, it is that."""
    rest = 0 if total is None else total - prompt - completion
    return rest == cache and rest != reasoning


def _output(prompt: int, completion: int | None, total: int | None, reasoning: int) -> int:
    """All output, reasoning included. What only the total shows (xAI, Gemini) is output too: beyond the completion,
    or in its place. Reasoning above the output (SGLang) is a wrong split of it if input and output make up the
    total; else it was not counted, and comes on top."""
    if completion is None:
        return (total or 0) - prompt
    output = completion if total is None else max(completion, total - prompt)
    if reasoning > output and total != prompt + completion:
        return max(output, completion + reasoning)
    return output
