"""What a block of a program defines, what it uses that another block defines, and functions that are methods."""

from __future__ import annotations

import re
import textwrap

_NAME = re.compile(r"[A-Za-z_]\w*+")
_DEFINED = re.compile(
    r"^(?:(?:async[ \t]+)?def|class)[ \t]+(?P<name>\w+)"
    r"|^(?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+(?P<names>\([^)]*\)|[^\n#;(]+)"
    r"|^(?P<constant>[A-Za-z_]\w*+)[ \t]*(?::[^=\n]{1,99})?=(?!=)",
    re.MULTILINE,
)
_STATEMENT = re.compile(
    r"^(?!\Z|[ \t\n#@)\]}]|(?:async[ \t]+)?def\b|class\b|import\b|from\b|[A-Z_][A-Z0-9_]*+[ \t]*=)",
    re.MULTILINE,
)
"""At the margin, what does more than define or import."""
_MARGIN = re.compile(r"^[^\s#)\]}][^\n]*", re.MULTILINE)
_INDENTED = re.compile(r"^[ \t]+(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)
_CLASS = re.compile(r"class[ \t]+(\w+)")
_MOST_BLOCKS = 50


def helpers_of(blocks: list[str], block: str) -> list[str]:
    """The blocks before this one, in their order, that only define or import, and of that something which this one, or
    another of them, uses and doesn't define."""
    before = blocks[: blocks.index(block)][-_MOST_BLOCKS:]
    needed = set(_NAME.findall(block)) - _defined(block)
    found: list[str] = []
    for other in reversed(before):
        plain = textwrap.dedent(other)
        if not _STATEMENT.search(plain) and (given := _defined(plain) & needed):
            found.insert(0, other)
            needed = (needed - given) | (set(_NAME.findall(plain)) - _defined(plain))
    return found


def method_of(program: str, name: str) -> list[str]:
    """The line that makes a function of it, if it is only there as a method of a class."""
    places = [match.start() for match in _INDENTED.finditer(program) if match[1] == name]
    if not places or name in _defined(program):
        return []
    lines = _MARGIN.findall(program, 0, places[-1])
    owner = _CLASS.match(lines[-1]) if lines else None
    return [f"{name} = {owner[1]}().{name}\n"] if owner else []


def _defined(block: str) -> set[str]:
    """The names that a block gives at its margin."""
    names: set[str] = set()
    for match in _DEFINED.finditer(textwrap.dedent(block)):
        imported = (part.split() for part in (match["names"] or "").strip("()").split(","))
        names.update(words[-1].partition(".")[0] for words in imported if words)
        names.update(name for name in (match["name"], match["constant"]) if name)
    return names
