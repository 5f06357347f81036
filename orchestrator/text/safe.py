"""Texts of models, problems and ledgers are hostile: nothing in them may drive the terminal or turn a line around."""

from __future__ import annotations

import re
import unicodedata

# Control (Cc), format (Cf: bidi marks, zero-width, tags), surrogates, private use, unassigned, line separators.
_UNSAFE = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_PLAIN = re.compile(r"[ -~]*\Z")
_MAX_MARKS = 4
"""Combining marks after one character: more of them climb over neighbouring lines."""


def safe(text: str, limit: int | None = None) -> str:
    """`text` on one line with whatever is not to be printed as \\n, \\x1b or \\u202e; at most `limit` characters,
    the last an ellipsis if some were cut."""
    if limit is not None and len(text) > limit:
        text = text[: limit + 1]
    shown = text if _PLAIN.match(text) else "".join(_escaped(text))
    if limit is not None and len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    return shown


def _escaped(text: str) -> list[str]:
    shown: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        shown.append(_code(character) if category in _UNSAFE or marks > _MAX_MARKS else character)
    return shown


def _code(character: str) -> str:
    point = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
