"""How a sample ends, as servers say it: not yet, on its own, or broken off by the server. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from providers.reading.lenient_json import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_BROKEN_OFF = re.compile(
    r"error|abort|cancel|time_?d?_?out|network|insufficient|unavailable|interrupt|disconnect|fail|crash|preempt|unload"
    r"|overload|evict|shut_?down|exception|stream_?closed|connection"
)
"""Of OpenRouter ("error"), vLLM and SGLang ("abort"), Z.ai ("network_error"), DeepSeek
("insufficient_system_resource"), Cohere ("TIMEOUT", "USER_CANCEL"), LM Studio ("modelUnloaded"), and others: what came
so far is no sample."""
_THE_MODELS_OWN = frozenset({"error_toxic", "error_limit"})
"""Of Cohere's older models: a filter, and the context's end."""
_NOT_YET = frozenset({"", "null", "none"})
"""What some servers write into every chunk of a stream in place of null."""

_CUT_OFF = re.compile(
    r"length|max_tokens|max_output_tokens|max_completion_tokens|max_new_tokens|max_length|model_length"
    r"|max_tokens_reached|token_limit|truncated|model_context_window_exceeded|error_limit"
)
"""Of Anthropic and Bedrock, Gemini, Mistral, Cohere, and gateways to them."""
_FILTERED = re.compile(
    r"content_filter|content_filtered|guardrail_intervened|safety|image_safety|recitation|blocklist"
    r"|prohibited_content|spii|sensitive|error_toxic"
)
"""Of Azure, Bedrock, Gemini, Zhipu, Cohere."""

MOST = 100
"""Characters of a reason that are looked at."""


def finish_reason(value: object) -> str | None:
    """In OpenAI's words where it was cut off or filtered, else in the server's own; None until the sample has ended."""
    if isinstance(value, str) and len(value) <= MOST:
        return _ended(value)
    reason = as_text(value)
    return None if reason is None or reason.strip()[:MOST].lower() in _NOT_YET else reason


@lru_cache(maxsize=64)  # every sample has one, and servers know a handful
def _ended(reason: str) -> str | None:
    word = reason.strip().lower().replace("-", "_").replace(" ", "_")
    if word in _NOT_YET:
        return None
    if _CUT_OFF.fullmatch(word):
        return "length"
    return "content_filter" if _FILTERED.fullmatch(word) else as_text(reason)


def is_broken_off(fields: Mapping[str, Any], reason: str | None) -> bool:
    """Whether the server broke a sample off itself: by its reason to finish, or by an error in it."""
    if fields.get("error"):
        return True
    return reason is not None and _breaks_off(reason if len(reason) <= MOST else reason.strip()[:MOST])


@lru_cache(maxsize=64)
def _breaks_off(reason: str) -> bool:
    word = reason.strip().lower().replace("-", "_").replace(" ", "_")
    return bool(_BROKEN_OFF.search(word)) and word not in _THE_MODELS_OWN
