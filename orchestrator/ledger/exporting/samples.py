"""The samples of a ledger as JSON Lines, CSV or Parquet: all columns of the view sample_records, in the view's order,
the samples in the order they were recorded. Read as a stream, while a run may be writing."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, Self

import msgspec

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.samples.record_columns import COLUMNS, JOINED

Row = tuple[Any, ...]
OnProgress = Callable[[int], None]
Shown = Callable[[str], str]
EVERY = 1000
AT_ONCE = 1 << 16
"""Bytes of lines per write: a bundle compresses and hashes each."""

PROBLEM_COLUMNS = ("question", "gold")

# What the view says, with an order that the view leaves open: by row id nothing has to be sorted. The data of the
# problem comes last.
_SELECT = f"SELECT {COLUMNS}{{data}}\nFROM {JOINED}\nORDER BY s.id"

# Valid JSON as they are, but some terminals obey them, and Python's splitlines() ends a line at some of them.
_DELICATE = re.compile(r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


class Records:
    """An open ledger's samples. Use as a context manager; `columns` names what each row holds. With problems, a
    row ends in the problem's question and its gold answer. Raises InputError for what is no ledger."""

    def __init__(self, db: Path, *, with_problems: bool = False) -> None:
        self._db = db
        self.with_problems = with_problems
        self._connection = open_reader(db)
        self._connection.row_factory = None
        self._connection.text_factory = lenient
        self.columns: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def moment(self) -> sqlite3.Connection:
        """Starts one read transaction: everything read through it is from the same moment. Rows are tuples."""
        self._connection.execute("BEGIN")
        return self._connection

    def rows(self) -> Iterator[Row]:
        """Every sample, once, as the ledger stands when the first is read."""
        with reading(self._db):
            cursor = self._connection.execute(
                _SELECT.format(data=", problem.data" if self.with_problems else "")
            )
            names = tuple(column[0] for column in cursor.description)
            self.columns = (*names[:-1], *PROBLEM_COLUMNS) if self.with_problems else names
            # No `yield from`, which closes the cursor of a reader that breaks off, maybe after the connection.
            for row in _with_problems(cursor) if self.with_problems else cursor:  # noqa: UP028
                yield row


def write_jsonl(records: Records, file: IO[bytes], on_progress: OnProgress = lambda _: None) -> int:
    """One object a line. Gives the number of samples."""
    encode = msgspec.json.Encoder().encode
    count, held = 0, bytearray()
    named: Callable[..., Any] | None = None
    try:
        for count, row in enumerate(records.rows(), start=1):
            named = named or msgspec.defstruct(
                "Line", records.columns, gc=False
            )  # encoded in half of a dict's time
            line = encode(named(*row))
            held += line if line.isascii() else _plain(line)
            held += b"\n"
            if len(held) >= AT_ONCE:
                written, held = bytes(held), bytearray()
                file.write(written)
            if count % EVERY == 0:
                on_progress(count)
    finally:  # lines that could be read are written, whatever comes after them
        file.write(bytes(held))
    return count


def write_csv(
    records: Records, file: IO[bytes], on_progress: OnProgress = lambda _: None, *, shown: Shown | None = None
) -> int:
    """A header and one row a sample (RFC 4180); NULL and the empty text are both an empty field. `shown` makes a
    text fit for a terminal, if that is what reads it."""
    rows = records.rows()
    first = next(rows, None)
    file.write(_csv_line(records.columns).encode())
    count, rest = 0, _after(first, rows)
    while some := list(islice(rest, EVERY)):
        # Of what SQLite gives, nothing has to be put into other words.
        as_they_are = shown is None and not records.with_problems
        lines = some if as_they_are else ([_cell(value, shown) for value in row] for row in some)
        file.write("".join(map(_csv_line, lines)).encode())
        count += len(some)
        if len(some) == EVERY:
            on_progress(count)
    return count


def _csv_line(row: Sequence[Any]) -> str:
    """As the module csv writes it, which goes through long texts letter by letter and takes twice as long."""
    fields = [
        ""
        if value is None
        else repr(value)
        if type(value) is not str
        else '"' + value.replace('"', '""') + '"'
        if '"' in value
        else f'"{value}"'
        if "," in value or "\n" in value or "\r" in value
        else value
        for value in row
    ]
    return ",".join(fields) + "\r\n"


def _after(first: Row | None, rest: Iterable[Row]) -> Iterator[Row]:
    if first is not None:
        yield first
        yield from rest


def _cell(value: Any, shown: Shown | None) -> Any:
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False)
    return shown(value) if shown is not None and isinstance(value, str) else value


def _with_problems(rows: Iterable[Row]) -> Iterator[Row]:
    last, question, gold = None, None, None
    for *row, data in rows:
        if data != last:
            problem = object_of(data)
            last, question, gold = data, problem.get("question"), problem.get("answer")
        yield (*row, question, gold)


def object_of(data: str) -> dict[str, Any]:
    value = json.loads(data)
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _plain(line: bytes) -> bytes:
    return _DELICATE.sub(lambda found: f"\\u{ord(found[0]):04x}", line.decode()).encode()


def lenient(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
