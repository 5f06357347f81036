"""The problem's gold answer as the plain kinds (exact, choice, regex) read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def accepted(problem: Mapping[str, Any], field: str) -> list[str] | None:
    """The answers that count as right: one text or number, or a list of them; None if the field holds neither."""
    value: object = problem.get(field)
    several = cast("list[object]", value) if isinstance(value, list) else [value]
    answers = [_plain(one) for one in several]
    return [answer for answer in answers if answer is not None] if answers and None not in answers else None


def _plain(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    return None


def named_field(kind: str, field: object) -> str:
    """The option `field`, checked. ValueError, one line."""
    if not isinstance(field, str) or not field:
        raise ValueError(
            f"verifier {kind}: field is {field!r}; it may be the name of a field of the problems"
        )
    return field


def flag(kind: str, name: str, value: object) -> bool:
    """A true-or-false option, checked. ValueError, one line."""
    if not isinstance(value, bool):
        raise ValueError(f"verifier {kind}: {name} is {value!r}; it may be true or false")
    return value
