"""Entries of a zip file, each read within bounds whatever the file claims, deflated or Zstandard. Python reads the
latter from 3.14 on; a small package does before."""

from __future__ import annotations

import struct
import sys
import zipfile
import zlib
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, Self

from orchestrator.errors import InputError
from orchestrator.installer import install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST_ENTRY = 256 << 20
MOST_BYTES = 1 << 40
"""Of all entries together, unpacked."""
ZSTANDARD = 93
_LOCAL = struct.Struct("<4s22xHH")
_DAMAGED = "copy or download it again"


class ZipEntries:
    """Use as a context manager. Raises InputError for what is damaged or too large."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            message = f"the zip file is damaged: {str(error)[:120]}"
            raise InputError(str(file), message, _DAMAGED) from None
        if sum(entry.file_size for entry in self._archive.infolist()) > MOST_BYTES:
            self._archive.close()
            raise InputError(str(file), "unpacks to more than 1 TiB", "no real log is that large")
        assert self._archive.fp is not None
        self._raw: IO[bytes] = self._archive.fp
        self._unpack_zstd: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def __contains__(self, name: str) -> bool:
        return name in self._archive.NameToInfo

    def names(self) -> Iterator[str]:
        """Each name once, in the order of the file. Of entries of one name the last holds, as for every zip reader."""
        yield from self._archive.NameToInfo

    def read(self, name: str) -> bytes:
        entry = self._archive.NameToInfo[name]
        where = f"{self._file}: {name[:200]}"
        if entry.flag_bits & 1:
            raise InputError(where, "is encrypted", "write the log without a password")
        if entry.file_size > LARGEST_ENTRY:
            raise InputError(
                where, f"unpacks to more than {LARGEST_ENTRY >> 20} MiB", "no real sample is that long"
            )
        try:
            data = self._unpacked(entry, where)
        except (OSError, ValueError, EOFError, zlib.error, struct.error) as error:
            raise InputError(where, f"is damaged: {str(error)[:120]}", _DAMAGED) from None
        if len(data) != entry.file_size or zlib.crc32(data) != entry.CRC:
            raise InputError(where, "is damaged: its content is not what the zip file says", _DAMAGED)
        return data

    def _unpacked(self, entry: zipfile.ZipInfo, where: str) -> bytes:
        packed = self._packed(entry)
        if entry.compress_type == zipfile.ZIP_STORED:
            return packed
        if entry.compress_type == zipfile.ZIP_DEFLATED:
            return zlib.decompressobj(-15).decompress(packed, entry.file_size + 1)
        if entry.compress_type == ZSTANDARD:
            self._unpack_zstd = self._unpack_zstd or _zstandard(self._file)
            return self._unpack_zstd().decompress(packed, entry.file_size + 1)
        raise InputError(
            where, f"is packed by method {entry.compress_type}", "deflate and Zstandard are read"
        )

    def _packed(self, entry: zipfile.ZipInfo) -> bytes:
        self._raw.seek(entry.header_offset)
        signature, name, extra = _LOCAL.unpack(self._raw.read(_LOCAL.size))
        if signature != b"PK\x03\x04":
            raise ValueError("no entry stands where the zip file says")
        self._raw.seek(name + extra, 1)
        packed = self._raw.read(entry.compress_size)
        if len(packed) != entry.compress_size:
            raise EOFError("the file is cut off")
        return packed


def _zstandard(file: Path) -> Any:
    """The decompressor's class."""
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    try:
        module = import_module(name)
    except ImportError:
        message = "this log is packed with Zstandard, which needs the package backports.zstd"
        raise InputError(str(file), message, install("backports.zstd")) from None
    error: type[Exception] = module.ZstdError

    class Unpack:
        def decompress(self, data: bytes, most: int) -> bytes:
            try:
                return module.ZstdDecompressor().decompress(data, most)
            except error as wrong:
                raise ValueError(str(wrong)) from None

    return Unpack
