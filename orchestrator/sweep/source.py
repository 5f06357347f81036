"""The sweep file as text: reading it, and naming a place in it."""

from __future__ import annotations

import re
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InputError
from orchestrator.sweep.lines import Key, dotted, key_lines, line_of
from orchestrator.text.command import command

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from orchestrator.sweep.types import Sweep

_MAX_BYTES = 4_000_000
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True)
class SweepText:
    """One sweep file, parsed: floats are Decimals, so that no dollar is ever rounded."""

    path: Path
    text: str
    data: dict[str, Any]
    lines: dict[Key, int]

    def where(self, key: Key) -> str:
        """`sweep.toml:17: models.expensive.limits`, as an error names it."""
        line = line_of(self.lines, key)
        place = f"{self.path}:{line}" if line else str(self.path)
        return f"{place}: {dotted(key)}" if key else place

    def error(self, key: Key, message: str, remedy: str = "") -> InputError:
        return InputError(self.where(key), message, remedy)


def where(sweep: Sweep, *key: str) -> str:
    """The place of a key, for an error found after loading: `where(sweep, "prompt", "template")`."""
    return SweepText(sweep.path, sweep.text, {}, key_lines(sweep.text)).where(key)


@contextmanager
def located(sweep: Sweep) -> Generator[None]:
    """Within it, an InputError that names a bare key (`prompt.template`) is raised anew with file and line."""
    try:
        yield
    except InputError as error:
        key = tuple(error.where.split("."))
        if key[0] not in {"problems", "prompt", "sampling", "verifier", "models"}:
            raise
        raise InputError(where(sweep, *key), error.message, error.remedy) from error


def read(path: Path) -> SweepText:
    """Reads and parses. Raises InputError for a file that is missing, unreadable or no TOML."""
    return parsed(path, _text(path))


def parsed(path: Path, text: str) -> SweepText:
    """The text of a sweep file; `path` names it in errors. Raises InputError."""
    try:
        data = tomllib.loads(text, parse_float=_number)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, str(error), text) from None
    except RecursionError:
        raise InputError(str(path), "is nested too deeply to be a sweep file", "close the brackets") from None
    except ValueError:  # Python's own limit on the digits of a whole number, and _number's
        raise InputError(str(path), "holds a number of too many digits to be read", "shorten it") from None
    return SweepText(path, text, data, key_lines(text))


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            str(path), "no such file", f"{command('init')} writes a sweep file to start from"
        ) from None
    except IsADirectoryError:
        raise InputError(str(path), "is a folder, not a sweep file", "name the file in it") from None
    except OSError as error:
        raise InputError(str(path), f"can't be read: {error.strerror}", "fix its permissions") from None
    if raw.startswith(b"SQLite format 3\0"):
        raise InputError(str(path), "is an SQLite database, not a sweep file", "name the TOML file") from None
    if len(raw) > _MAX_BYTES:
        raise InputError(
            str(path), f"is larger than {_MAX_BYTES:,} bytes: not a sweep file", "name the TOML file"
        ) from None
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}", "is not UTF-8 text", "save the file as UTF-8") from None


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("out of range") from None


_TOML_REMEDIES = {
    "invalid value": 'texts stand in quotes: key = "value"',
    "twice": "join the two tables",
    "overwrite": "the same key or table appears twice: delete one",
    "expected '=' after": "each line is key = value, such as limit = 100",
    "expected ']'": "a table's name stands in brackets, such as [problems]",
    "unterminated": "close the quotes",
    "unclosed": "close the bracket",
    "invalid initial character": "put names of other letters than a to z in quotes",
    "illegal character": "put the text in one line, or in three quotes",
}


_TABLE = re.compile(r"\s*\[+([^\]#]*)")
_NAMES = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^."']+|["'])\s*\.?""")
_BARE = re.compile(r"""[A-Za-z0-9_-]+|".*"|'.*'""")
_OF_NAMES = re.compile(r"expected '=' after|expected '\]'|invalid (?:statement|initial)")
_CURLY = "“”„‟‘’‚‛«»"


def _unquoted(line: str) -> str | None:
    """The name of a key or a table that TOML takes in quotes only, such as größe or llama/7b."""
    table = _TABLE.match(line)
    if table is None and "=" not in line:
        return None
    names = map(str.strip, _NAMES.findall(table[1] if table is not None else line.partition("=")[0]))
    return next((name for name in names if name and not _BARE.fullmatch(name)), None)


def _not_toml(path: Path, message: str, text: str) -> InputError:
    at = _AT_LINE.search(message)
    place = f"{path}:{at[1]}" if at else str(path)
    what = _AT_LINE.sub("", message).replace(" (at end of document)", " at the end of the file")
    what = what[:1].lower() + what[1:]
    remedy = next(
        (remedy for sign, remedy in _TOML_REMEDIES.items() if sign in what.lower()), "see https://toml.io"
    )
    name = _unquoted(text.split("\n")[int(at[1]) - 1]) if at else None
    if name is not None and name.isprintable() and _OF_NAMES.match(what):
        plain = name.strip(_CURLY + "\"'")
        what, remedy = f"the name {plain!r} stands without quotes", f'write "{plain}", in straight quotes'
    return InputError(place, f"is not valid TOML: {what}", remedy)
