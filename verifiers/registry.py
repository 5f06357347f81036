"""The verifiers by kind. Each is imported when it is asked for: some bring a lot with them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from verifiers.types import Bounds, Verifier

_KINDS: Mapping[str, str] = {
    "numeric": "verifiers.numeric:Numeric",
    "swebench": "verifiers.swebench:Swebench",
}
KINDS: tuple[str, ...] = tuple(_KINDS)
"""The names that `verifier.kind` may have."""


def get(kind: str, options: Mapping[str, Any], bounds: Bounds | None = None) -> Verifier:
    """The verifier of that kind with these options; ValueError, one line, for an unknown kind, an unknown option or
    an option out of range. Its class names its options in OPTIONS and takes them and `bounds` by keyword."""
    if kind not in _KINDS:
        raise ValueError(f"unknown verifier {kind!r}; known: {', '.join(KINDS)}")
    module, _, name = _KINDS[kind].partition(":")
    make = getattr(import_module(module), name)
    if unknown := sorted(options.keys() - set(make.OPTIONS)):
        known = ", ".join(make.OPTIONS) or "none"
        raise ValueError(f"verifier {kind} has no option {unknown[0]!r}; known: {known}")
    return make(bounds=bounds or Bounds(), **options)
