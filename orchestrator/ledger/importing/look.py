"""A first look at a file to import: what kind of file it is, and its first record, which tell its format."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from orchestrator.errors import InputError
from orchestrator.ledger.importing.json_stream import BLANK, opened

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 1 << 16
MOST = 32 << 20
"""So much of a first record is looked at."""
DEEPEST = 4
_DECODER = json.JSONDecoder()

MARKS = ("header.json", "_journal/start.json", "manyfew-bundle/manifest.json")
"""Entries that tell what a zip file is."""

Kind = Literal["zip", "parquet", "ledger", "array", "object", "text", "binary", "empty"]


@dataclass(frozen=True, slots=True)
class Look:
    """`first`: the file's first record as JSON, a part of it if it is long; None if there is none."""

    file: Path
    kind: Kind
    first: Any = None
    names: frozenset[str] = field(default=frozenset())
    """Of a zip file: its entries, the first few thousand."""

    @property
    def keys(self) -> dict[str, Any]:
        """The first record, if it is an object."""
        return as_object(self.first)

    def has(self, *keys: str) -> bool:
        return all(key in self.keys for key in keys)


def as_object(value: object) -> dict[str, Any]:
    """A JSON object; of anything else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """A JSON array; of anything else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def look(file: Path) -> Look:
    """Raises InputError where the file can't be read."""
    with opened(file) as raw:
        head = raw.read(HEAD)
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return _zip(file, head)
        if head.startswith(b"PAR1"):
            return Look(file, "parquet")
        if head.startswith(b"SQLite format 3\x00"):
            return Look(file, "ledger")
        if not head.strip(b"\xef\xbb\xbf \t\r\n"):
            return Look(file, "empty")
        while True:
            text = head.decode("utf-8-sig", "replace")
            kind, first, is_whole = _first(text)
            if is_whole or len(head) >= MOST or not (more := raw.read(3 * len(head))):
                return Look(file, "binary" if kind == "text" and b"\0" in head else kind, first)
            head += more


def _zip(file: Path, head: bytes) -> Look:
    """The list of entries stands at a zip file's end; that of a large log is long, and its end tells enough."""
    with file.open("rb") as raw:
        raw.seek(max(0, file.stat().st_size - HEAD))
        ends = head + raw.read()
    marks = frozenset(mark for mark in MARKS if mark.encode() in ends)
    if marks:
        return Look(file, "zip", names=marks)
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        message = f"the zip file is damaged: {str(error)[:120]}"
        raise InputError(str(file), message, "copy or download it again") from None
    return Look(file, "zip", names=frozenset([*names[:4096], *names[-4096:]]))


def _first(text: str) -> tuple[Kind, Any, bool]:
    """(kind, first record, whether that is the whole record)."""
    at = _skip(text, 0)
    start = text[at : at + 1]
    try:
        if start == "{":
            found, end = _object(text, at, 0)
            return "object", found, end is not None
        if start == "[":
            at = _skip(text, at + 1)
            if text[at : at + 1] == "{":
                found, end = _object(text, at, 0)
                return "array", found, end is not None
            if text[at : at + 1] == "]":
                return "empty", None, True
            return "array", *_value(text, at)
    except RecursionError:
        return "text", None, True
    return "text", None, True


def _value(text: str, at: int) -> tuple[Any, bool]:
    try:
        return _DECODER.raw_decode(text, at)[0], True
    except ValueError:
        return None, False


def _object(text: str, at: int, depth: int) -> tuple[dict[str, Any], int | None]:
    """The keys that are there, and the object's end if it is there; the last value may be a part of itself."""
    found: dict[str, Any] = {}
    at += 1
    while (at := _skip(text, at)) < len(text):
        if text[at] == "}":
            return found, at + 1
        if text[at] == ",":
            at += 1
            continue
        try:
            key, at = _DECODER.raw_decode(text, at)
        except ValueError:
            break
        at = _skip(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            break
        at = _skip(text, at + 1)
        try:
            found[key], at = _DECODER.raw_decode(text, at)
        except ValueError:
            found[key] = _part(text, at, depth + 1)
            break
    return found, None


def _part(text: str, at: int, depth: int) -> Any:
    start = text[at : at + 1]
    if depth > DEEPEST:
        return None
    if start == "{":
        return _object(text, at, depth)[0]
    if start == "[":
        at = _skip(text, at + 1)
        return [_object(text, at, depth)[0]] if text[at : at + 1] == "{" else []
    return None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in BLANK:
        at += 1
    return at
