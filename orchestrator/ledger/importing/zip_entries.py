"""Entries of a zip file, each read within bounds whatever the file claims, deflated or Zstandard. Python reads the
latter from 3.14 on; a small package does before."""

from __future__ import annotations

import struct
import sys
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from orchestrator.errors import InputError
from orchestrator.installer import install
from orchestrator.ledger.importing.zip_directory import BadZip, Entry, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LARGEST_ENTRY = 256 << 20
MOST_BYTES = 1 << 40
"""Of all entries together, unpacked."""
STORED, DEFLATED, ZSTANDARD = 0, 8, 93
_LOCAL = struct.Struct("<4s22xHH")
_DAMAGED = "copy or download it again"


class ZipEntries:
    """Use as a context manager. Raises InputError for what is damaged or too large."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._unpack_zstd: Callable[[bytes, int], bytes] | None = None
        self._twice: set[str] = set()
        self._raw = file.open("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def find(self, *names: str) -> dict[str, Entry]:
        """The entries of these names that are there. Goes through the whole list once: after that, `entries` gives
        those alone that hold."""
        found: dict[str, Entry] = {}
        seen: set[int] = set()
        total = 0
        for entry in self._listed():
            total += entry.size
            if (key := hash(entry.name)) in seen:
                self._twice.add(entry.name)
            seen.add(key)
            if entry.name in names:
                found[entry.name] = entry
        if total > MOST_BYTES:
            raise InputError(str(self._file), "unpacks to more than 1 TiB", "no real log is that large")
        return found

    def entries(self) -> Iterator[Entry]:
        """In the order of the list. Of entries of one name the last holds, as for every zip reader."""
        last: dict[str, Entry] = {}
        if self._twice:
            last = {entry.name: entry for entry in self._listed() if entry.name in self._twice}
        for entry in self._listed():
            if last.get(entry.name, entry) == entry:
                yield entry

    def read(self, entry: Entry) -> bytes:
        if entry.encrypted:
            raise self._wrong(entry, "is encrypted", "write the log without a password")
        if entry.size > LARGEST_ENTRY:
            message = f"unpacks to more than {LARGEST_ENTRY >> 20} MiB"
            raise self._wrong(entry, message, "no real sample is that long")
        try:
            data = self._unpacked(entry)
        except (OSError, ValueError, EOFError, OverflowError, zlib.error, struct.error) as error:
            raise self._wrong(entry, f"is damaged: {str(error)[:120]}", _DAMAGED) from None
        if len(data) != entry.size or zlib.crc32(data) != entry.crc:
            raise self._wrong(entry, "is damaged: its content is not what the zip file says", _DAMAGED)
        return data

    def _wrong(self, entry: Entry, message: str, remedy: str) -> InputError:
        return InputError(f"{self._file}: {entry.name[:200]}", message, remedy)

    def _listed(self) -> Iterator[Entry]:
        try:
            with self._file.open("rb") as raw:
                yield from entries(raw)
        except (BadZip, OSError, ValueError, struct.error) as error:
            message = f"the zip file is damaged: {str(error)[:120]}"
            raise InputError(str(self._file), message, _DAMAGED) from None

    def _unpacked(self, entry: Entry) -> bytes:
        packed = self._packed(entry)
        if entry.method == STORED:
            return packed
        if entry.method == DEFLATED:
            return zlib.decompressobj(-15).decompress(packed, entry.size + 1)
        if entry.method == ZSTANDARD:
            self._unpack_zstd = self._unpack_zstd or _zstandard(self._file)
            return self._unpack_zstd(packed, entry.size + 1)
        raise self._wrong(entry, f"is packed by method {entry.method}", "deflate and Zstandard are read")

    def _packed(self, entry: Entry) -> bytes:
        self._raw.seek(entry.offset)
        signature, name, extra = _LOCAL.unpack(self._raw.read(_LOCAL.size))
        if signature != b"PK\x03\x04":
            raise ValueError("no entry stands where the zip file says")
        self._raw.seek(name + extra, 1)
        if entry.packed_size > LARGEST_ENTRY:
            raise ValueError("it is packed into more than any entry holds")
        packed = self._raw.read(entry.packed_size)
        if len(packed) != entry.packed_size:
            raise EOFError("the file is cut off")
        return packed


def _zstandard(file: Path) -> Callable[[bytes, int], bytes]:
    """Unpacks all frames of some bytes, up to a length: what is long may be packed in several."""
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    try:
        module = import_module(name)
    except ImportError:
        message = "this log is packed with Zstandard, which needs the package backports.zstd"
        raise InputError(str(file), message, install("backports.zstd")) from None
    error: type[Exception] = module.ZstdError
    new: Callable[[], Any] = module.ZstdDecompressor

    def unpack(data: bytes, most: int) -> bytes:
        try:
            frame = new()
            whole = frame.decompress(data, most)
            while len(whole) < most and (data := frame.unused_data):
                frame = new()
                whole += frame.decompress(data, most - len(whole))
        except error as wrong:
            raise ValueError(str(wrong)) from None
        return whole

    return unpack
