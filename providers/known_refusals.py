"""What vendors are known to refuse, so that a sweep learns it at the start and not from its first reply.

Only what is documented for a model whatever else is sent stands here; the rest is learnt from the vendor's 400, which
is free and ends the model with the same remedy.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from providers.wires.messages import SAMPLING
from providers.wires.responses import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REFUSING_VERSION = "2026-10-21"
"""Anthropic API versions from this one on refuse temperature, top_p and top_k for every model, even at their
defaults."""
_CLAUDE = re.compile(
    r"claude-(?:opus|sonnet|haiku|fable|mythos)-(?:(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?|preview)"
)
_CLAUDE_3 = re.compile(r"claude-(\d{1,2})(?:[-.](\d{1,2})(?!\d))?-(?:opus|sonnet|haiku)")
_REASONING = re.compile(r"(?:^|/|:)(?:o[134](?:-(?!\d)|-\d{4}|$|:)|gpt-5(?:-(?!chat)|$|:))")
_NO_STOP = re.compile(r"(?:^|/|:)(?:o3|o4-mini)(?:-\d{4}|$|:)")
_FIXED = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
"""What OpenAI's reasoning models take at this value alone ("Only the default (1) value is supported")."""


def known_refusals(
    provider: str, model: str, api: str, params: Mapping[str, Any], api_version: str | None
) -> list[tuple[str, str]]:
    """(key, message) for each stated parameter that is sure to be refused; the message is one line that ends in what
    to add to the model. Empty if nothing is known."""
    if provider == "anthropic":
        return _anthropic(model, params, api_version)
    if provider == "openai":
        return _openai(model, api, params)
    return []


def claude_version(model: str) -> tuple[int, int] | None:
    """(4, 7) of claude-opus-4-7, also with a date, a prefix or a dot; None if the name holds none."""
    found = _CLAUDE.search(model) or _CLAUDE_3.search(model)
    if found is None:
        return None
    if found.group(1) is None:
        return (5, 0)  # claude-mythos-preview, which came before Mythos 5 and refuses as it does
    return int(found.group(1)), int(found.group(2) or 0)


def _anthropic(model: str, params: Mapping[str, Any], api_version: str | None) -> list[tuple[str, str]]:
    # Opus 4.7 and 4.8, and every model from Claude 5 on: platform.claude.com, "Sampling parameters".
    stated = [name for name in SAMPLING if name in params]
    version = claude_version(model)
    if version is not None and version >= (4, 7):
        return _lines(stated, f"{model} refuses {{}} under every API version")
    if api_version is not None and api_version >= REFUSING_VERSION:
        return _lines(
            stated, f"anthropic-version {api_version} refuses {{}}", 'or state api_version = "2023-06-01"'
        )
    if version is not None and version >= (4, 1) and {"temperature", "top_p"} <= params.keys():
        return _lines(["top_p"], f"{model} refuses {{}} beside temperature")
    return []


def _openai(model: str, api: str, params: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if api == "responses":
        found = _lines([name for name in UNKNOWN if name in params], "the responses api has no {}")
    elif _NO_STOP.search(model):
        found = _lines([name for name in ("stop",) if name in params], f"{model} refuses {{}}")
    if _REASONING.search(model):
        done = {name for name, _ in found}
        fixed = [
            name
            for name, value in _FIXED.items()
            if name in params and params[name] != value and name not in done
        ]
        found += _lines(fixed, f"{model}, a reasoning model, refuses {{}}")
    return found


def _lines(names: Iterable[str], refusal: str, other: str = "") -> list[tuple[str, str]]:
    """One line for each, all with the same remedy, which names all of them."""
    listed = list(names)
    unset = ", ".join(f'"{name}"' for name in listed)
    remedy = f"add unset = [{unset}] to this model" + (f", {other}" if other else "")
    return [(name, f"{refusal.format(' and '.join(listed))}: {remedy}") for name in listed]
