"""What an answer consists of: a list, a set, a tuple or an interval, a union, a matrix, a relation, or one formula."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from verifiers.math.number import plain_number
from verifiers.numbers.parse import render

Shape = Literal["atom", "list", "set", "tuple", "union", "matrix", "relation"]

Assigned = tuple[str | None, str]
"""The name that a value is given, if any, and the value."""

MAX_PARTS = 200
_OPEN, _CLOSE = "([{", ")]}"
_MATRIX = re.compile(
    r"\\begin\{([pbvBV]?matrix|array)\}(?:\{[clr|]{1,20}\})?(.*)\\end\{\1\}(\^T|\^\{?\\top\}?)?", re.DOTALL
)
_SIGNS = ("\\le", "\\ge", "<", ">")
_RELATION = re.compile(r"(\\le(?![A-Za-z])|\\ge(?![A-Za-z])|<|>)")
_NAME = re.compile(
    r"(?:\\?[A-Za-z]+|\\text\{[^{}]{0,60}\})(?:_\{?[A-Za-z0-9]{1,4}\}?)?(?:\^\{?-1\}?)?'{0,2}(?:\([A-Za-z0-9,]{1,9}\))?"
)
_UNKNOWN = re.compile(r"(?![eid]$)[A-Za-z](?:_\{?[A-Za-z0-9]\}?)?")
"""A name that may come after its value."""
_NAMED = re.compile(rf"\(((?:{_NAME.pattern})(?:,(?:{_NAME.pattern})){{1,9}})\)=(\(.+\))", re.DOTALL)
_MEMBER = re.compile(rf"(?:{_NAME.pattern})\\in(?![A-Za-z])\s?(.+)", re.DOTALL)
_VARIABLE = re.compile(r"(?:\\?[A-Za-z]|\\[a-z]+)(?:_\{?[A-Za-z0-9]\}?)?")
_BUILT = re.compile(rf"\\\{{(?:{_VARIABLE.pattern})(?:\\in[^|:]{{1,40}})?[|:](.+)\\\}}", re.DOTALL)
"""The condition of a set: `\\{x | 1 < x\\}`."""
_EXCEPTED = re.compile(r"\(-\\infty,\\infty\)(?:\\setminus|\\backslash|-)\s?\\\{([^{}]{1,100})\\\}")
_UNEQUAL = re.compile(rf"(?:{_VARIABLE.pattern})\\ne\s?([^,=<>]{{1,60}})")
_PLUS_MINUS = re.compile(r"\\pm\s?")
_MINUS_PLUS = re.compile(r"\\mp\s?")
_INFINITE = re.compile(r"[-+]?\\infty")


@dataclass(frozen=True, slots=True)
class Parts:
    """`inside`: the parts' texts. `marks`: what else must agree: brackets of a tuple, the rows of a matrix."""

    shape: Shape
    inside: tuple[str, ...]
    marks: str = ""


def parts_of(text: str) -> Parts:
    """The outermost structure of a normal text."""
    if member := _MEMBER.fullmatch(text):
        text = member.group(1)
    if built := _BUILT.fullmatch(text):
        text = built.group(1)
        if member := _MEMBER.fullmatch(text):
            text = member.group(1)
    if (excepted := _all_but(text)) is not None:
        return excepted
    if text in ("\\emptyset", "\\{\\}"):
        return Parts("set", ())
    if match := _MATRIX.fullmatch(text):
        return _matrix(match)
    if len(found := split(text, ",")) > 1:
        return Parts("list", found)
    if len(found := split(text, "\\cup")) > 1:
        return Parts("union", found)
    if text.startswith("\\{") and text.endswith("\\}") and _whole(text, 1):
        return Parts("set", _items(text[2:-2]))
    if (inner := _bracketed(text)) is not None:
        return inner
    if "\\pm" in text or "\\mp" in text:
        return _plus_minus(text)
    return _relation(text)


def _all_but(text: str) -> Parts | None:
    """`x \\ne 0` and all real numbers but 0 as the union of what is left."""
    if found := _EXCEPTED.fullmatch(text):
        points = split(found.group(1), ",")
    elif "\\ne" in text and all(unequal := [_UNEQUAL.fullmatch(part) for part in split(text, ",")]):
        points = tuple(match.group(1) for match in unequal if match)
    else:
        return None
    numbers = [plain_number(point) for point in points]
    values = sorted({number.value for number in numbers if number is not None})
    if not all(numbers) or len(values) > MAX_PARTS:
        return None
    ends = ["-\\infty", *map(render, values), "\\infty"]
    return Parts("union", tuple(f"({low},{high})" for low, high in pairwise(ends)))


def split(text: str, by: str) -> tuple[str, ...]:
    """The text split at `by` if no bracket is open; one part if there is none."""
    depth = 0
    start = 0
    found: list[str] = []
    index = 0
    while index < len(text):
        char = text[index]
        if char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            depth -= 1
        elif depth == 0 and text.startswith(by, index) and not _longer_name(text, index, by):
            found.append(text[start:index])
            index += len(by)
            start = index
            continue
        index += 1
    return (*found, text[start:])


def assigned(text: str) -> Assigned:
    """(the name, the value) of `x = 5`, of `5 = x` and of chains such as `A = \\pi r^2 = 9\\pi`; (None, the text) for
    others."""
    sides = split(text, "=")
    if len(sides) > 1 and len(split(text, ",")) == 1 and all(sides):
        if _NAME.fullmatch(sides[0]):
            return sides[0], sides[-1]
        if _UNKNOWN.fullmatch(sides[-1]):
            return sides[-1], sides[-2]
    return None, text


def named_parts(gold: str, answer: str) -> tuple[dict[str, str], dict[str, str]] | None:
    """The values by name if one is a tuple with the names of its parts in front, `(x,y)=(1,2)`, and the other that,
    `x=1,y=2` or the tuple alone; None for others."""
    mine, theirs = _NAMED.fullmatch(gold), _NAMED.fullmatch(answer)
    if mine is None and theirs is None:
        return None
    names = split((mine or theirs or [""])[1], ",")
    both = _values(gold, names), _values(answer, names)
    return (both[0], both[1]) if both[0] is not None and both[1] is not None else None


def _values(text: str, names: tuple[str, ...]) -> dict[str, str] | None:
    if match := _NAMED.fullmatch(text):
        names, text = split(match[1], ","), match[2]
    elif len(listed := split(text, ",")) > 1:
        pairs = [assigned(part) for part in listed]
        return {str(name): value for name, value in pairs} if all(name for name, _ in pairs) else None
    values = split(text[1:-1], ",") if text[:1] == "(" and text[-1:] == ")" else ()
    return dict(zip(names, values, strict=True)) if len(values) == len(names) else None


def last_side(text: str) -> str:
    """What the last equation comes to: `9 * 2 = 18` comes to 18."""
    return split(text, "=")[-1]


def sides_of(text: str) -> tuple[str, ...]:
    """Sides and signs of a chain of inequalities in turn: `a < b \\le c` as a, <, b, \\le, c."""
    return tuple(piece.strip() for piece in _RELATION.split(text))


def _items(text: str) -> tuple[str, ...]:
    return split(text, ",") if text else ()


def _longer_name(text: str, index: int, by: str) -> bool:
    end = index + len(by)
    return by.startswith("\\") and end < len(text) and text[end].isalpha()


def _bracketed(text: str) -> Parts | None:
    """`(1,2)`, `[0,1)`: one pair of brackets around the whole, a comma inside."""
    if len(text) < 3 or text[0] not in "([" or text[-1] not in ")]" or not _whole(text, 0):
        return None
    items = split(text[1:-1], ",")
    return Parts("tuple", items, text[0] + text[-1]) if len(items) > 1 else None


def _whole(text: str, at: int) -> bool:
    """Whether the bracket at `at` closes at the end."""
    depth = 0
    for index in range(at, len(text)):
        depth += (text[index] in _OPEN) - (text[index] in _CLOSE)
        if depth == 0:
            return index == len(text) - 1
    return False


def _matrix(match: re.Match[str]) -> Parts:
    rows = [row for row in match.group(2).replace("\\cr", "\\\\").split("\\\\") if row.strip(" \\,")]
    cells = [split(row, "&") for row in rows]
    if match.group(3):
        cells = [tuple(column) for column in zip(*cells, strict=False)]
    width = len(cells[0]) if cells else 0
    if any(len(row) != width for row in cells):
        return Parts("atom", (match.group(),))
    kind = "|" if match.group(1) in ("vmatrix", "Vmatrix") else ""
    return Parts("matrix", tuple(cell for row in cells for cell in row), f"{kind}{len(cells)}x{width}")


def _plus_minus(text: str) -> Parts:
    """Both values of `1 \\pm \\sqrt{2}`."""
    name, value = assigned(text)
    head = f"{name}=" if name else ""
    plus = _PLUS_MINUS.sub("+", _MINUS_PLUS.sub("-", value))
    minus = _PLUS_MINUS.sub("-", _MINUS_PLUS.sub("+", value))
    return Parts("list", tuple(f"{head}{side.removeprefix('+')}" for side in (plus, minus)))


def _relation(text: str) -> Parts:
    """`2 < x <= 5` as the interval that it names; another inequality as it is."""
    pieces = sides_of(text)
    sides, signs = pieces[::2], pieces[1::2]
    if not signs:
        return Parts("atom", (text,))
    if all(sign in _SIGNS for sign in signs) and all(sides):
        if (
            len(signs) == 2
            and _VARIABLE.fullmatch(sides[1])
            and len({_points_up(sign) for sign in signs}) == 1
        ):
            ends = (sides[0], sides[2]) if _points_up(signs[0]) else (sides[2], sides[0])
            opens = signs if _points_up(signs[0]) else signs[::-1]
            return Parts(
                "tuple", ends, ("(" if opens[0] in "<>" else "[") + (")" if opens[1] in "<>" else "]")
            )
        if len(signs) == 1 and (half := _half_line(sides[0], signs[0], sides[1])):
            return half
    return Parts("relation", (text,))


def _half_line(left: str, sign: str, right: str) -> Parts | None:
    """`x > 2` as (2, ∞)."""
    if _VARIABLE.fullmatch(right) and not _VARIABLE.fullmatch(left):
        left, right = right, left
        sign = {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le"}[sign]
    if not _VARIABLE.fullmatch(left) or _INFINITE.fullmatch(left):
        return None
    is_open = sign in "<>"
    if _points_up(sign):
        return Parts("tuple", ("-\\infty", right), "()" if is_open else "(]")
    return Parts("tuple", (right, "\\infty"), "()" if is_open else "[)")


def _points_up(sign: str) -> bool:
    return sign in ("<", "\\le")
