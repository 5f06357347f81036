"""JSON of other tools into typed records; what doesn't fit is said with its place and in the words of JSON."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from orchestrator.ledger.importing.line import Wrong

T = TypeVar("T")

_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`")
_PLACE = re.compile(r" - at `(key in )?\$\.?(?P<place>.*)`$")
_NEGATIVE = "Expected `int` >= 0"
_KINDS = {
    "array": "a list",
    "bool": "true or false",
    "date": "a date",
    "datetime": "a date and time",
    "decimal": "a number",
    "float": "a number",
    "int": "a whole number",
    "null": "null",
    "object": "an object",
    "str": "text",
}
_REMEDY = "the file may be of a newer version of that tool, or was changed by hand"


def decoded(raw: bytes, kind: type[T]) -> T:
    """One record. NaN and infinities, which some tools write, arrive as such. Raises Wrong."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _wrong(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return converted(_parsed(raw), kind)


def converted(value: Any, kind: type[T]) -> T:
    """A record that is parsed already. Raises Wrong."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _wrong(error) from None
    except RecursionError:
        raise Wrong("not usable JSON: nested too deep", _REMEDY) from None


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode())
    except UnicodeDecodeError as error:
        raise Wrong(f"not UTF-8 (byte {error.start + 1})", "save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise Wrong(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}", _REMEDY) from None
    except (ValueError, RecursionError) as error:
        said = "nested too deep" if isinstance(error, RecursionError) else str(error)[:120]
        raise Wrong(f"not usable JSON: {said}", _REMEDY) from None


def _wrong(error: msgspec.ValidationError) -> Wrong:
    text = str(error)
    at = _PLACE.search(text)
    place = at["place"].replace("[...]", "[…]") if at else ""
    said = text[: at.start()] if at else text
    if said == _NEGATIVE:
        return Wrong(f"{place} is negative", "a count is a whole number from 0")
    if found := _EXPECTED.search(said):
        said = f"is {_kinds(found['got'])}, not {_kinds(found['wanted'])}"
    elif missing := re.search(r"missing required field `([^`]*)`", said):
        place, said = (f"{place}.{missing[1]}" if place else missing[1]), "is missing"
    else:
        said = f"can't be used: {said[:120]}"
    return Wrong(f"{place} {said}".strip(), _REMEDY)


def _kinds(names: str) -> str:
    return " or ".join(dict.fromkeys(_KINDS.get(name.strip(), name.strip()) for name in names.split("|")))


def plain_number(value: float | Decimal) -> bool:
    """Whether it is a number at all: not NaN, nor infinite."""
    return Decimal(value).is_finite()
