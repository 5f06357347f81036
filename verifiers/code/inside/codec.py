"""Values as bytes, between a process that nobody trusts and one that must be able to.

Only these come through, as exactly these types: None, bool, int, float, complex, str, bytes, list, tuple, dict, set,
frozenset, range, Fraction, Decimal, numpy's arrays of numbers or text, and an iterator over such. A number of a library
(numpy's, sympy's) arrives as Python's own, a list or set of sortedcontainers as a list or a set. Everything else
arrives as an `Opaque`, which equals nothing. So no object, and no method of one, ever crosses: an answer that "equals
everything" equals nothing.

A value is a tag, a length in decimal, `:` and so many bytes or items: `i3:1f4` is 500.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# isinstance alone says what a value is; typing is not imported where every millisecond counts

import struct
import sys

TYPE_CHECKING = False  # typing is not imported where every millisecond counts
if TYPE_CHECKING:
    from typing import Any

MAX_DEPTH = 100
MAX_BYTES = 16 * 1024 * 1024
MAX_ITERATED = 100_000
"""Items of an iterator; one that goes on for longer is opaque."""

_SEQUENCES = {list: b"l", tuple: b"t", set: b"e", frozenset: b"z"}
_MAKE = {b"l": list, b"t": tuple, b"e": set, b"z": frozenset, b"n": iter}
_ARRAYS = "biufcSU"
"""What numpy calls the kinds of numbers and of text."""
_TRUTHS = {("numpy", "bool"), ("numpy", "bool_"), ("sympy", "BooleanTrue"), ("sympy", "BooleanFalse")}
_VIEWS = (type({}.keys()), type({}.values()), type({}.items()))


class Opaque:
    """Stands for a value that can't cross."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"


class NotDataError(Exception):
    """The bytes are no value, or the value is too deep or too large."""


def encode(value: object) -> bytes:
    """NotDataError if it is too deep or too large."""
    parts: list[bytes] = []
    _put(value, parts, 0)
    data = b"".join(parts)
    if len(data) > MAX_BYTES:
        raise NotDataError(f"a value of {len(data):,} bytes")
    return data


def _put(value: object, out: list[bytes], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotDataError(f"a value nested deeper than {MAX_DEPTH}")
    if value is None:
        out.append(b"N0:")
    elif value is True or value is False:
        out.append(b"b1:1" if value else b"b1:0")
    elif isinstance(value, int):
        _text(b"i", format(int(value), "x"), out)  # hexadecimal has no limit of digits
    elif isinstance(value, float):
        out.append(b"f8:" + struct.pack(">d", value))
    elif isinstance(value, complex):
        out.append(b"c16:" + struct.pack(">dd", value.real, value.imag))
    elif isinstance(value, str):
        _text(b"s", str(value), out)
    elif isinstance(value, (bytes, bytearray)):
        out.append(b"y%d:" % len(value) + bytes(value))
    elif isinstance(value, dict):
        out.append(b"d%d:" % len(value))
        for key, item in value.items():
            _put(key, out, depth + 1)
            _put(item, out, depth + 1)
    elif isinstance(value, range):
        _items(b"r", [value.start, value.stop, value.step], out, depth)
    else:
        _put_other(value, out, depth)


def _put_other(value: object, out: list[bytes], depth: int) -> None:
    for kind, tag in _SEQUENCES.items():
        if isinstance(value, kind):
            return _items(tag, list(value), out, depth)
    name = type(value).__name__
    if name in ("Fraction", "Decimal") and type(value).__module__ in ("fractions", "decimal", "_decimal"):
        return _text(b"q" if name == "Fraction" else b"m", str(value), out)
    if (own := _own(value)) is not value:
        return _put(own, out, depth)
    if name == "ndarray" and value.dtype.kind in _ARRAYS:  # pyright: ignore
        return _items(b"a", [value.dtype.str, list(value.shape), value.tobytes()], out, depth)  # pyright: ignore
    if isinstance(value, _VIEWS) or hasattr(type(value), "__next__"):
        taken: list[object] = []
        for item in value:  # pyright: ignore
            if len(taken) == MAX_ITERATED:
                return _text(b"?", name, out)
            taken.append(item)
        return _items(b"n", taken, out, depth)
    return _text(b"?", name, out)


def _own(value: "Any") -> object:
    """Python's own value that stands for a library's: equal to what it would be equal to."""
    library = type(value).__module__.partition(".")[0]
    name = type(value).__name__
    if (library, name) in _TRUTHS:
        return bool(value)
    if library == "sortedcontainers" and name in ("SortedList", "SortedKeyList", "SortedSet"):
        return set(value) if name == "SortedSet" else list(value)
    numbers = sys.modules.get("numbers")
    if numbers is None or not isinstance(value, numbers.Complex):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Rational):
        from fractions import Fraction

        return Fraction(int(value.numerator), int(value.denominator))
    return float(value) if isinstance(value, numbers.Real) else complex(value)


def _text(tag: bytes, text: str, out: list[bytes]) -> None:
    data = text.encode("utf-8", "surrogatepass")
    out.append(tag + b"%d:" % len(data) + data)


def _items(tag: bytes, items: list[object], out: list[bytes], depth: int) -> None:
    out.append(tag + b"%d:" % len(items))
    for item in items:
        _put(item, out, depth + 1)


def decode(data: bytes) -> object:
    """The one value in the data. NotDataError for whatever encode doesn't write."""
    try:
        value, end = _get(data, 0, 0)
    except (
        ValueError,
        IndexError,
        KeyError,
        TypeError,
        OverflowError,
        ArithmeticError,
        ImportError,
        struct.error,
    ) as error:
        raise NotDataError(f"no value: {error}") from None
    if end != len(data):
        raise NotDataError("bytes after the value")
    return value


def _get(data: bytes, at: int, depth: int) -> tuple[object, int]:
    if depth > MAX_DEPTH:
        raise NotDataError(f"a value nested deeper than {MAX_DEPTH}")
    tag = data[at : at + 1]
    colon = data.index(b":", at, at + 12)
    length, at = int(data[at + 1 : colon]), colon + 1
    if length < 0 or length > len(data):
        raise NotDataError("an invalid length")
    if tag == b"d":
        return _get_dict(data, at, depth, length)
    if tag in _MAKE or tag in (b"r", b"a"):
        items: list[object] = []
        for _ in range(length):
            item, at = _get(data, at, depth + 1)
            items.append(item)
        if tag == b"a":
            return _array(*items), at
        return (range(*items) if tag == b"r" else _MAKE[tag](items)), at  # pyright: ignore
    body = data[at : at + length]
    if len(body) != length:
        raise NotDataError("the value ends too early")
    return _scalar(tag, body), at + length


def _array(kind: object, shape: object, data: object) -> object:
    import numpy

    if not isinstance(kind, str) or not isinstance(data, bytes):
        raise NotDataError("no array")
    if kind[1:2] not in tuple(_ARRAYS) or not kind[2:].isdigit():
        raise NotDataError("an array of an unknown kind")
    return numpy.frombuffer(data, numpy.dtype(kind)).reshape(shape).copy()  # pyright: ignore


def _get_dict(data: bytes, at: int, depth: int, length: int) -> tuple[object, int]:
    out: dict[object, object] = {}
    for _ in range(length):
        key, at = _get(data, at, depth + 1)
        out[key], at = _get(data, at, depth + 1)
    return out, at


def _scalar(tag: bytes, body: bytes) -> object:
    if tag == b"N":
        return None
    if tag == b"b":
        return body == b"1"
    if tag == b"i":
        return int(body, 16)
    if tag == b"f":
        return struct.unpack(">d", body)[0]
    if tag == b"c":
        return complex(*struct.unpack(">dd", body))
    if tag == b"y":
        return body
    text = body.decode("utf-8", "surrogatepass")
    if tag == b"s":
        return text
    if tag == b"q":
        from fractions import Fraction

        return Fraction(text)
    if tag == b"m":
        from decimal import Decimal

        return Decimal(text)
    if tag == b"?":
        return Opaque(text[:100])
    raise NotDataError(f"no such tag: {tag!r}")
