"""A zip file's list of entries, read as a stream: that of a log of a million samples would fill the memory."""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s4x2H4x3L3H8xL")
_LONGEST_COMMENT = 1 << 16
_LONGEST = _ENTRY.size + 3 * _LONGEST_COMMENT
"""Bytes of one entry of the list."""
_PIECE = 1 << 20
_FULL32 = 0xFFFFFFFF
_UTF8 = 0x800
_DAMAGED = "its list of entries is damaged"


class Entry(NamedTuple):
    """One entry, as the list has it."""

    name: str
    method: int
    encrypted: bool
    crc: int
    packed_size: int
    size: int
    offset: int


class BadZip(Exception):  # noqa: N818 - reads as what it is
    """The list can't be read."""


def entries(raw: IO[bytes]) -> Iterator[Entry]:
    """In the order of the list. Raises BadZip."""
    start, size, count, shift = _place(raw)
    raw.seek(start)
    left, data, at = size, b"", 0
    for _ in range(count):
        if len(data) - at < _LONGEST:
            data, at = data[at:] + raw.read(min(_PIECE, left - (len(data) - at))), 0
        if len(data) - at < _ENTRY.size:
            raise BadZip(_DAMAGED)
        mark, flags, method, crc, packed, whole, named, more, said, offset = _ENTRY.unpack_from(data, at)
        name_at = at + _ENTRY.size
        extra_at = name_at + named
        end = extra_at + more + said
        if mark != b"PK\x01\x02" or end > len(data):
            raise BadZip(_DAMAGED)
        if _FULL32 in (whole, packed, offset):
            whole, packed, offset = _large(data[extra_at : extra_at + more], whole, packed, offset)
        name = data[name_at:extra_at]
        # Python's cp437 is slow, and nearly every name is ASCII.
        text = name.decode("utf-8" if flags & _UTF8 or name.isascii() else "cp437", "replace")
        left -= end - at
        at = end
        yield Entry(text, method, bool(flags & 1), crc, packed, whole, offset + shift)


def _place(raw: IO[bytes]) -> tuple[int, int, int, int]:
    """(start, size, entries, what stands before the zip file's own first byte)."""
    end = raw.seek(0, 2)
    raw.seek(max(0, end - _LONGEST_COMMENT - _END.size))
    tail = raw.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise BadZip("its end is missing")
    found = _END.unpack_from(tail, at)
    count, size, start = found[4], found[5], found[6]
    stop = end - len(tail) + at
    if at >= _LOCATOR.size and tail[at - _LOCATOR.size : at].startswith(b"PK\x06\x07"):
        where = _LOCATOR.unpack_from(tail, at - _LOCATOR.size)[2]
        raw.seek(where)
        more = raw.read(_END64.size)
        if len(more) < _END64.size or not more.startswith(b"PK\x06\x06"):
            raise BadZip("its end is damaged")
        wide = _END64.unpack(more)
        count, size, start, stop = wide[7], wide[8], wide[9], where
    shift = stop - size - start
    if shift < 0:
        raise BadZip("its list of entries is missing")
    return start + shift, size, count, shift


def _large(extra: bytes, whole: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes above 4 GiB stand in an extra field, those alone that didn't fit."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            values = iter(struct.iter_unpack("<Q", extra[at + 4 : at + 4 + length // 8 * 8]))
            try:
                return tuple(next(values)[0] if one == _FULL32 else one for one in (whole, packed, offset))  # pyright: ignore[reportReturnType]
            except (StopIteration, RuntimeError):
                break
        at += 4 + length
    raise BadZip("an entry's size is missing")
