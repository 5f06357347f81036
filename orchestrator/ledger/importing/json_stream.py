"""JSON read as a stream, one record at a time: an array's elements, lines' objects, or one large object by its keys."""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

from orchestrator.errors import InputError
from orchestrator.ledger.importing.line import Wrong

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator
    from pathlib import Path

LARGEST_RECORD = 512 << 20
CHUNK = 1 << 20
_BUFFER = 1 << 16
BLANK = " \t\r\n"
_MEND = "download or write the file again"
_DECODER = json.JSONDecoder()


class _Bad(Wrong):
    """What is wrong at a line of the file."""

    def __init__(self, line: int, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.line = line


@contextmanager
def opened(file: Path) -> Generator[IO[bytes]]:
    """The file's bytes, unpacked if it is gzip. Raises InputError, also for what goes wrong while it is read."""
    try:
        with _open(file) as raw:
            yield raw
    except _Bad as bad:
        raise InputError(f"{file}:{bad.line}", bad.message, bad.remedy) from None
    except FileNotFoundError:
        raise InputError(str(file), "there is no such file", "check the path") from None
    except IsADirectoryError:
        raise InputError(str(file), "this is a folder, not a file", "name the files in it") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(str(file), f"the gzip file is damaged: {error}", "download it again") from None
    except OSError as error:
        raise InputError(
            str(file), f"can't be read: {error.strerror or error}", "check its permissions"
        ) from error


def _open(file: Path) -> IO[bytes]:
    raw = file.open("rb")
    packed = raw.read(2) == b"\x1f\x8b"
    raw.close()
    return cast("IO[bytes]", gzip.open(file, "rb")) if packed else file.open("rb", buffering=_BUFFER)


def records(raw: IO[bytes]) -> Iterator[tuple[int, Any]]:
    """(line, value): an array's elements, or values one after the other, with blanks or commas between."""
    text = _Text(raw)
    text.skip(BLANK)
    inside = text.starts("[")
    if inside:
        text.drop(1)
    yield from _values(text, inside=inside)


def entries(raw: IO[bytes], streamed: Collection[str] = ()) -> Iterator[tuple[int, str, Any]]:
    """(line, key, value) of one object. Of a key in `streamed` that holds an array, each element is a value."""
    text = _Text(raw)
    text.skip(BLANK)
    if not text.starts("{"):
        raise _Bad(text.line, "is not a JSON object", _MEND)
    text.drop(1)
    while True:
        text.skip(BLANK + ",")
        if text.starts("}"):
            return
        if text.empty:
            raise _Bad(text.line, "the object does not end: the file is cut off", _MEND)
        line, key = text.line, text.value()
        text.skip(BLANK)
        if not isinstance(key, str) or not text.starts(":"):
            raise _Bad(text.line, "not JSON: a key or a colon is missing", _MEND)
        text.drop(1)
        text.skip(BLANK)
        if key in streamed and text.starts("["):
            text.drop(1)
            for at, value in _values(text, inside=True):
                yield at, key, value
            text.drop(1)
        else:
            yield line, key, text.value()


def _values(text: _Text, *, inside: bool) -> Iterator[tuple[int, Any]]:
    """Stops in front of the array's end."""
    while True:
        text.skip(BLANK + ("," if inside else ""))
        if text.empty:
            if inside:
                raise _Bad(text.line, "the array does not end: the file is cut off", _MEND)
            return
        if inside and text.starts("]"):
            return
        line = text.line
        yield line, text.value()


class _Text:
    """The file as a window of text that is dropped from the front and grows at the end."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._at = 0
        self._ended = False
        self.line = 1

    @property
    def empty(self) -> bool:
        return self._at >= len(self._text)

    def starts(self, sign: str) -> bool:
        return self._text.startswith(sign, self._at)

    def drop(self, count: int) -> None:
        self.line += self._text.count("\n", self._at, self._at + count)
        self._at += count

    def skip(self, signs: str) -> None:
        while True:
            at, end = self._at, len(self._text)
            while at < end and self._text[at] in signs:
                at += 1
            self.drop(at - self._at)
            if at < end or not self._grow():
                return

    def value(self) -> Any:
        """The JSON value here. Where it fails, more may mend it; as much again is read, so that a long one is tried a
        few times only."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise _Bad(self.line, "not usable JSON: nested too deep", _MEND) from None
            except json.JSONDecodeError as error:
                if not self._grow():
                    line = self.line + self._text.count("\n", self._at, error.pos)
                    raise _Bad(line, f"not JSON: {error.msg}", _MEND) from None
                continue
            except ValueError as error:  # a whole number of more digits than Python reads
                raise _Bad(self.line, f"not usable JSON: {str(error)[:120]}", _MEND) from None
            if end < len(self._text) or not self._grow():  # a number may go on beyond what was read
                self.drop(end - self._at)
                return value

    def _grow(self) -> bool:
        if self._ended:
            return False
        left = len(self._text) - self._at
        if left > LARGEST_RECORD:
            message = f"a record is longer than {LARGEST_RECORD >> 20} MiB, or is not JSON"
            raise _Bad(self.line, message, _MEND)
        wanted = max(CHUNK, left)
        raw = self._raw.read(wanted)
        self._ended = len(raw) < wanted
        try:
            self._text = self._text[self._at :] + self._decode(raw, self._ended)
        except UnicodeDecodeError:
            raise _Bad(self.line, "not UTF-8", "save the file as UTF-8") from None
        self._at = 0
        return True
