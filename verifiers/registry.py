"""The verifiers by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from verifiers import numeric
from verifiers.types import Verifier

_KINDS: Mapping[str, tuple[Callable[..., Verifier], tuple[str, ...]]] = {
    "numeric": (numeric.Numeric, numeric.OPTIONS),
}
KINDS: tuple[str, ...] = tuple(_KINDS)
"""The names that `verifier.kind` may have."""


def get(kind: str, options: Mapping[str, Any]) -> Verifier:
    """The verifier of that kind with these options; ValueError, one line, for an unknown kind, an unknown option or
    an option out of range."""
    if kind not in _KINDS:
        raise ValueError(f"unknown verifier {kind!r}; known: {', '.join(KINDS)}")
    make, known = _KINDS[kind]
    if unknown := sorted(options.keys() - set(known)):
        raise ValueError(f"verifier {kind} has no option {unknown[0]!r}; known: {', '.join(known)}")
    return make(**options)
