"""How a sample ends, as servers say it: not yet, on its own, or broken off by the server. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from providers.reading.lenient_json import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

BROKEN_OFF = frozenset(
    {
        "error",
        "abort",
        "aborted",
        "network_error",
        "insufficient_system_resource",
    }
)
"""Of OpenRouter, vLLM and SGLang, Z.ai, DeepSeek: what came so far is no sample."""
_NOT_YET = frozenset({"", "null", "none"})
"""What some servers write into every chunk of a stream in place of null."""


def finish_reason(value: object) -> str | None:
    """None until the sample has ended."""
    reason = as_text(value)
    return None if reason is None or reason.strip().lower() in _NOT_YET else reason


def is_broken_off(fields: Mapping[str, Any], reason: str | None) -> bool:
    """Whether the server broke a sample off itself: by its reason to finish, or by an error in it."""
    return bool(fields.get("error")) or (reason is not None and reason.strip().lower() in BROKEN_OFF)
