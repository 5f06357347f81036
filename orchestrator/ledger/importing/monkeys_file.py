"""Files in the format of ScalingIntelligence/monkey_business, the samples that "Large Language Monkeys" published: one
record a problem with all its samples and a verdict for each. A JSON array, JSON Lines or Parquet; read as a stream,
since such a file holds up to 10,000 samples a problem."""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, cast

from orchestrator.errors import InputError
from orchestrator.installer import install_extra
from orchestrator.ledger.importing.line import Wrong

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST_RECORD = 512 << 20
_CHUNK = 1 << 20
_HEAD = 1 << 16
"""Enough to tell an array from lines, and most lines of an export."""
_SIGN = ("samples", "is_corrects")
"""No line of export has these keys."""
_BLANK = " \t\r\n"
_DECODER = json.JSONDecoder()


def is_monkeys(file: Path) -> bool:
    """By its first record. False for what can't be read: the reader of samples says what is wrong with it."""
    if file.suffix == ".parquet":
        return True
    try:
        with _open(file) as opened:
            head = opened.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
            if head.startswith(b"["):
                return True
            if not head.startswith(b"{"):
                return False
            while (
                b"\n" not in head
                and len(head) < LARGEST_RECORD
                and (more := opened.read(max(len(head), _HEAD)))
            ):
                head += more
        record: Any = json.loads(head.split(b"\n", 1)[0])
    except (OSError, EOFError, zlib.error, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and all(key in record for key in _SIGN)


def records(file: Path) -> Iterator[tuple[int, Any]]:
    """(line, record); of Parquet the row, from 1. Raises InputError if the file is damaged."""
    if file.suffix == ".parquet":
        yield from _parquet(file)
        return
    try:
        with _open(file) as opened:
            yield from _json(opened)
    except _Bad as bad:
        raise InputError(f"{file}:{bad.line}", bad.message, bad.remedy) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(str(file), f"the gzip file is damaged: {error}", "download it again") from None
    except OSError as error:
        raise InputError(
            str(file), f"can't be read: {error.strerror or error}", "check its permissions"
        ) from error


def _open(file: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")


class _Bad(Wrong):
    """What is wrong at a line of the file."""

    def __init__(self, line: int, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.line = line


def _json(opened: IO[bytes]) -> Iterator[tuple[int, Any]]:
    """An array's elements, or the lines' objects, one at a time: what stands between them is blank, or a comma."""
    text = _Text(opened)
    text.skip(_BLANK)
    inside = text.starts("[")
    if inside:
        text.drop(1)
    while True:
        text.skip(_BLANK + ("," if inside else ""))
        if text.empty:
            if inside:
                raise _Bad(text.line, "the array does not end: the file is cut off", "fetch the file anew")
            return
        if inside and text.starts("]"):
            return
        line = text.line
        yield line, text.value()


class _Text:
    """The file as a window of text that is dropped from the front and grows at the end."""

    def __init__(self, opened: IO[bytes]) -> None:
        self._opened = opened
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._ended = False
        self.line = 1

    @property
    def empty(self) -> bool:
        return not self._text

    def starts(self, sign: str) -> bool:
        return self._text.startswith(sign)

    def drop(self, count: int) -> None:
        self.line += self._text.count("\n", 0, count)
        self._text = self._text[count:]

    def skip(self, signs: str) -> None:
        while True:
            self.drop(len(self._text) - len(self._text.lstrip(signs)))
            if self._text or not self._grow():
                return

    def value(self) -> Any:
        """The JSON value here. Where it fails, more may mend it; as much again is read, so that a long one is tried a
        few times only."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text)
            except RecursionError:
                raise _Bad(self.line, "not usable JSON: nested too deep", "fetch the file anew") from None
            except json.JSONDecodeError as error:
                if not self._grow():
                    line = self.line + self._text.count("\n", 0, error.pos)
                    raise _Bad(line, f"not JSON: {error.msg}", "fetch the file anew") from None
                continue
            except ValueError as error:  # a whole number of more digits than Python reads
                message = f"not usable JSON: {str(error)[:120]}"
                raise _Bad(self.line, message, "fetch the file anew") from None
            if end < len(self._text) or not self._grow():  # a number may go on beyond what was read
                self.drop(end)
                return value

    def _grow(self) -> bool:
        if self._ended:
            return False
        if len(self._text) > LARGEST_RECORD:
            message = f"a record is longer than {LARGEST_RECORD >> 20} MiB, or is not JSON"
            raise _Bad(self.line, message, "fetch the file anew")
        wanted = max(_CHUNK, len(self._text))
        raw = self._opened.read(wanted)
        self._ended = len(raw) < wanted
        try:
            self._text += self._decode(raw, self._ended)
        except UnicodeDecodeError:
            raise _Bad(self.line, "not UTF-8", "save the file as UTF-8") from None
        return True


def _parquet(file: Path) -> Iterator[tuple[int, Any]]:
    try:
        pa: Any = import_module("pyarrow")  # has no type stubs
        pq: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise InputError(str(file), "reading Parquet needs pyarrow", install_extra("hub")) from error
    row = 0
    try:
        with pq.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=1):
                for record in batch.to_pylist():
                    row += 1
                    yield row, record
    except (pa.ArrowException, OSError) as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(str(file), f"can't be read as Parquet: {said}", "check the file") from error
