"""JSON objects from a file, one a line, read as a stream; every error names the file and the line."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from orchestrator.errors import InputError

BOM = b"\xef\xbb\xbf"


def read_objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (line number from 1, object). Blank lines are skipped but counted; BOM, CRLF and .gz are fine."""
    with opened(path) as file:
        yield from decode_lines(file, str(path))


@contextmanager
def opened(path: Path) -> Generator[IO[bytes]]:
    """The file's bytes, unpacked if its name ends in .gz. Raises InputError, also for what goes wrong in reading."""
    where = str(path)
    try:
        with _open(path) as file:
            yield file
    except FileNotFoundError as error:
        remedy = "correct the path; in a sweep file it starts at the file's folder"
        raise InputError(where, "no such file", remedy) from error
    except (EOFError, zlib.error) as error:
        raise InputError(where, f"the gzip file is damaged: {error}", "download it again") from error
    except OSError as error:
        raise InputError(where, f"cannot be read: {error.strerror or error}") from error


def decode_lines(lines: IO[bytes], where: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of an open file; `where` names it in errors."""
    for number, raw in enumerate(lines, start=1):
        line = raw.removeprefix(BOM) if number == 1 else raw
        line = line.strip()
        if line:
            yield number, _decode(line, f"{where}:{number}")


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")


def _decode(line: bytes, where: str) -> dict[str, Any]:
    try:
        text = line.decode("utf-8")
        value: object = json.loads(text, parse_constant=_no_constant)
        if (
            "\\ud" in text or "\\uD" in text
        ):  # half a surrogate pair is valid JSON, but no text that can be sent
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            where, f"not UTF-8 (byte {error.start + 1} of the line)", "save the file as UTF-8"
        ) from error
    except UnicodeEncodeError as error:
        raise InputError(where, "holds half a surrogate pair, which is not text", "remove it") from error
    except json.JSONDecodeError as error:
        raise InputError(
            where, f"not JSON: {error.msg} at column {error.colno}", "one object a line"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(where, f"not usable JSON: {_short(error)}", "one object a line") from error
    if not isinstance(value, dict):
        raise InputError(where, f"is {_kind(value)}, not a JSON object", "one object a line")
    return cast("dict[str, Any]", value)


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _short(error: Exception) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error)[:120]


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "a number"
