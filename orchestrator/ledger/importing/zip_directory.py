"""A zip file's list of entries, read as a stream: that of a log of a million samples would fill the memory."""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s4B4HL2L5H2L")
_LONGEST_COMMENT = 1 << 16
_FULL32 = 0xFFFFFFFF
_UTF8 = 0x800


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
    left = size
    for _ in range(count):
        head = raw.read(_ENTRY.size)
        if len(head) < _ENTRY.size or not head.startswith(b"PK\x01\x02"):
            raise BadZip("its list of entries is damaged")
        found = _ENTRY.unpack(head)
        flags, method, crc, packed, whole = found[5], found[6], found[9], found[10], found[11]
        names, extras, comments, offset = found[12], found[13], found[14], found[18]
        name, extra = raw.read(names), raw.read(extras)
        raw.seek(comments, 1)
        left -= _ENTRY.size + names + extras + comments
        if left < 0 or len(name) < names or len(extra) < extras:
            raise BadZip("its list of entries is damaged")
        if _FULL32 in (whole, packed, offset):
            whole, packed, offset = _large(extra, whole, packed, offset)
        text = name.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
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
