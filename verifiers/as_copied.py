"""What an answer carries along from where it was copied: signs of an editor, a quotation, a JSON object, lines of a
notebook or of Python's prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u2060\ufeff"))
_INDENTED_BY_HARD_BLANKS = re.compile(r"^[ \t]*\u00a0", re.MULTILINE)
_LARGEST_OBJECT = 200_000
_QUOTED = re.compile(r"^> ?", re.MULTILINE)
_LINE = re.compile(r"^[%!]{1,2}[A-Za-z][^\n]*\n?", re.MULTILINE)
"""Of a notebook: `%matplotlib inline`, `!pip install numpy`."""
_SESSION = re.compile(r"^>>> ", re.MULTILINE)


def readable(text: str) -> str:
    """With plain line ends and blanks. Outside of texts, Python takes none of the others."""
    text = text.replace("\r\n", "\n").translate(_UNSEEN)
    return text.replace("\u00a0", " ") if _INDENTED_BY_HARD_BLANKS.search(text) else text


def text_in_json(text: str, fields: Sequence[str]) -> str | None:
    """What a JSON object such as `{"code": "def f(n): …"}` has as the first of these fields; None without one."""
    text = text.strip()
    if not text.startswith("{") or not text.endswith("}") or len(text) > _LARGEST_OBJECT:
        return None
    try:
        found: Any = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return next(
        (value for name in fields if isinstance(value := found.get(name), str) and value.strip()), None
    )


def unquoted(text: str) -> str:
    """A quotation as a whole without the sign before its lines."""
    if not text.startswith(">") or not all(
        line.startswith(">") or not line.strip() for line in text.split("\n")
    ):
        return text
    return _QUOTED.sub("", text)


def without_session(program: str) -> str:
    """Without a notebook's own commands, and without the session at Python's prompt that follows a program."""
    session = _SESSION.search(program)
    if session and program[: session.start()].strip():
        program = program[: session.start()]
    return _LINE.sub("", program)
