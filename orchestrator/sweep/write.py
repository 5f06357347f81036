"""A sweep file written from its tables. Comments of the file that it was made from are not kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

_MOST_INLINE = 8
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(data: Mapping[str, Any], head: str = "") -> str:
    """TOML of `data`: texts, numbers (Decimal for exact ones), truths, lists and tables. `head`: lines of a comment."""
    lines = [f"# {line}".rstrip() for line in head.splitlines()]
    _table(lines, (), data)
    return "\n".join(lines).lstrip("\n") + "\n"


def _table(lines: list[str], name: tuple[str, ...], table: Mapping[str, Any]) -> None:
    """Plain keys first: what follows the head of another table would belong to that."""
    if name:
        lines += ["", f"[{'.'.join(map(_key, name))}]"]
    inner: list[tuple[str, Mapping[str, Any]]] = []
    for key, value in table.items():
        if isinstance(value, Mapping) and (
            len(name) < 2 or len(cast("Mapping[str, Any]", value)) > _MOST_INLINE
        ):
            inner.append((key, cast("Mapping[str, Any]", value)))
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in inner:
        if value and all(isinstance(one, Mapping) for one in value.values()) and not name:
            for own, one in value.items():
                _table(lines, (key, own), one)
        else:
            _table(lines, (*name, key), value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _basic(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text if "." in text else f"{text}.0"
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return (
            "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in pairs) + " }" if pairs else "{}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in cast("list[Any]", value)) + "]"
    return str(value)


def _text(text: str) -> str:
    """Long ones as they stand, in three quotes."""
    long = text.count("\n") > 1 and not text.endswith("'")
    if long and "'''" not in text and not _CONTROL.search(text):
        return f"'''\n{text}'''"
    return _basic(text)


def _basic(text: str) -> str:
    """JSON's escapes are TOML's, but for DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
