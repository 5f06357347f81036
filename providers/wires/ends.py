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

MOST = 100
"""Characters of a reason that are looked at."""


def finish_reason(value: object) -> str | None:
    """None until the sample has ended."""
    if isinstance(value, str) and len(value) <= MOST:
        return _ended(value)
    reason = as_text(value)
    return None if reason is None or reason.strip()[:MOST].lower() in _NOT_YET else reason


@lru_cache(maxsize=64)  # every sample has one, and servers know a handful
def _ended(reason: str) -> str | None:
    return None if reason.strip().lower() in _NOT_YET else as_text(reason)


def is_broken_off(fields: Mapping[str, Any], reason: str | None) -> bool:
    """Whether the server broke a sample off itself: by its reason to finish, or by an error in it."""
    if fields.get("error"):
        return True
    return reason is not None and _breaks_off(reason if len(reason) <= MOST else reason.strip()[:MOST])


@lru_cache(maxsize=64)
def _breaks_off(reason: str) -> bool:
    word = reason.strip().lower().replace("-", "_").replace(" ", "_")
    return bool(_BROKEN_OFF.search(word)) and word not in _THE_MODELS_OWN
