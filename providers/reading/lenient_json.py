"""JSON from anybody: reads what is there, and treats what is not as expected as missing."""

from __future__ import annotations

import json
import math
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

ABSURD = 1 << 40
"""No request has this many tokens; a count above it is a fault."""

_DIGITS = 13
"""Of the largest count."""

T = TypeVar("T", bound=msgspec.Struct)


def decode_object(body: bytes | dict[str, Any], kind: type[T]) -> T | None:
    """The body's JSON object as `kind`, whose fields are all optional and untyped; None if it is not a JSON object.
    What strict JSON forbids but servers send (bytes that are not UTF-8, a byte order mark, NaN, lone surrogates, line
    ends in a text, something after the object) is read too: the reply is paid for. Fractions are Decimals, since some
    are dollars. `body` may be such an object already, put together from a stream."""
    if isinstance(body, dict):
        return msgspec.convert(body, type=kind)
    try:
        return exact(kind).decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    try:
        loose = _loose(body)
        return msgspec.convert(loose, type=kind) if isinstance(loose, dict) else None
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None


def is_whole(body: bytes) -> bool:
    """Whether it is a JSON object that was closed: then nothing of it can be missing."""
    try:
        return isinstance(_loose(body), dict)
    except (ValueError, RecursionError):
        return False


def _loose(body: bytes) -> object:
    """Of two objects neither is all of it. Raises ValueError."""
    text = _text(body)
    found, end = _LOOSE.raw_decode(text)
    if text[end:].lstrip().startswith(("{", "[")):
        raise ValueError("more than one object")
    return found


def _text(body: bytes) -> str:
    return body.decode(json.detect_encoding(body), "replace").removeprefix("\ufeff").lstrip()


def split_objects(body: bytes) -> list[bytes]:
    """The objects that stand one after the other; none unless there are several, and nothing else."""
    text, found = _text(body), list[bytes]()
    while text.startswith("{"):
        try:
            _, end = _LOOSE.raw_decode(text)
        except (ValueError, RecursionError):
            return []
        found.append(text[:end].encode("utf-8", "surrogatepass"))
        text = text[end:].lstrip()
    return found if len(found) > 1 and not text else []


@cache
def exact(kind: type[T]) -> msgspec.json.Decoder[T]:
    """A decoder whose fractions are Decimals."""
    return msgspec.json.Decoder(kind, float_hook=_number)


def _number(text: str) -> Decimal | float:
    try:
        return Decimal(text)
    except InvalidOperation:
        return math.inf


_LOOSE = json.JSONDecoder(parse_float=_number, strict=False)


def decode_first(body: bytes, kind: type[T]) -> T | None:
    """The first object of a body that is a JSON list; None for anything else."""
    if not body.lstrip().startswith(b"["):
        return None
    try:
        found = as_objects(json.loads(body.decode("utf-8", "replace")))
        return msgspec.convert(found[0], type=kind) if found else None
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None


def as_text(value: object) -> str | None:
    """The text, with lone surrogates (which UTF-8 can't hold) as U+FFFD; None for anything else."""
    if not isinstance(value, str):
        return None
    if value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def written(value: object) -> str:
    """What stands where a text should, as the text that it means: a number or an object in JSON; "" for null and for
    what is empty."""
    if isinstance(value, str):
        return as_text(value) or ""
    if value is None or value in ({}, []):
        return ""
    if isinstance(value, Decimal):
        return str(value)
    return as_text(json.dumps(value, ensure_ascii=False, default=float)) or ""


def as_object(value: object) -> dict[str, Any]:
    """The object; empty for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list, without what is none; empty for anything else."""
    if not isinstance(value, list):
        return []
    return [cast("dict[str, Any]", one) for one in cast("list[Any]", value) if isinstance(one, dict)]


def as_count(value: object) -> int | None:
    """A count of tokens: a whole number from 0 to 2^40 (12.0 is 12, and so is "12"); None for anything else, bool
    included."""
    if isinstance(value, str) and len(value) <= _DIGITS and value.isascii() and value.isdecimal():
        value = int(value)
    if type(value) is int:
        return value if 0 <= value <= ABSURD else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if not math.isfinite(value) or not 0 <= value <= ABSURD or value != int(value):
        return None
    return int(value)
