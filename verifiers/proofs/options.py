"""Options as a sweep file states them, checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import cast


def names_of(value: object, kind: str, option: str) -> tuple[str, ...]:
    """A list of texts; ValueError, one line, for anything else."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError(f"verifier {kind}: {option} isn't a list of names")
    words = cast("Sequence[object]", value)
    if not all(isinstance(word, str) and word and not word.isspace() for word in words):
        raise ValueError(f"verifier {kind}: {option} holds something that isn't a name")
    return tuple(str(word) for word in words)


def word_of(value: object, kind: str, option: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"verifier {kind}: {option} is not text")
    return value


def lines_of(value: object, kind: str, option: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"verifier {kind}: {option} is not text")
    return value


def digest(text: str) -> str:
    """Eight signs that change when the text does."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]
