"""Lines to import, checked and set aside in a private database on disk: nothing touches the ledger before the whole
file is known to be good, and the memory used does not grow with the file."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from orchestrator.ledger.importing.line import LARGEST_INT, VALUE_COLUMNS, Line, Wrong

CACHE_KIB = 32 * 1024
MOST_REMEMBERED = 5000
MOST_UNKNOWN = 1000

_SCHEMA = f"""
CREATE TABLE model (
  id INTEGER PRIMARY KEY, sweep TEXT, alias TEXT, provider TEXT, line INTEGER, ledger_id INTEGER,
  UNIQUE (sweep, alias));
CREATE TABLE problem (
  id INTEGER PRIMARY KEY, sweep TEXT, key TEXT, question TEXT, gold TEXT, data TEXT, line INTEGER, ledger_id INTEGER,
  UNIQUE (sweep, key));
CREATE TABLE sample (
  line INTEGER PRIMARY KEY, model INTEGER, problem INTEGER, sample_index INTEGER, cost_pico INTEGER,
  {", ".join(f'"{name}" ANY' for name in VALUE_COLUMNS)},
  UNIQUE (model, problem, sample_index)) STRICT;
"""
_INSERT_SAMPLE = f"INSERT INTO sample VALUES ({', '.join('?' * (5 + len(VALUE_COLUMNS)))})"


@dataclass(slots=True)
class _Known:
    """A model or problem set aside, and what lines said of it."""

    id: int
    said: list[str | None]


class Stage:
    """Use as a context manager; `connection` is the private database, to which the ledger is attached later."""

    def __init__(self, sweep: str, line_of: Callable[[int], int] = lambda number: number) -> None:
        """`line_of`: the file's line of a number that `add` was given, if a line holds several samples."""
        self._sweep = sweep
        self.line_of = line_of
        self._rows: dict[str, dict[tuple[str, str], _Known]] = {}
        self._cost_pico = 0
        self.samples = 0
        self.unknown: Counter[str] = Counter()
        # No name: a temporary file that is gone once closed, whatever happens.
        self.connection = sqlite3.connect("", isolation_level=None, uri=True)

    def __enter__(self) -> Self:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KIB}"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.executescript(_SCHEMA)
        self.connection.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def add(self, number: int, line: Line) -> None:
        """Sets the file's sample `number` (of one sample a line: the line's) aside. Raises Wrong if it does not go
        with an earlier one."""
        sweep = self._sweep if line.sweep is None else line.sweep
        model = self._model(sweep, number, line)
        problem = self._problem(sweep, number, line)
        row = (number, model, problem, line.sample_index, line.cost_pico, *line.values)
        try:
            self.connection.execute(_INSERT_SAMPLE, row)
        except sqlite3.IntegrityError:
            (earlier,) = self.connection.execute(
                "SELECT line FROM sample WHERE model = ? AND problem = ? AND sample_index = ?", row[1:4]
            ).fetchone()
            raise Wrong(
                f"the sample is that of line {self.line_of(earlier)}: same sweep, model, problem and sample_index",
                "give every sample an index of its own",
            ) from None
        self.samples += 1
        self._cost_pico += line.cost_pico or 0
        if self._cost_pico > LARGEST_INT:
            raise Wrong("the costs add up to more than the ledger can hold", "look at cost_usd and cost_pico")
        if line.unknown:
            self._note(line.unknown)

    def describe(self, problems: Iterable[tuple[str, str]]) -> int:
        """`problems`: (key, JSON of all its data), whatever the sweep. Gives how many of the file's problems are
        among them."""
        for key, data in problems:
            self.connection.execute("UPDATE problem SET data = ? WHERE key = ?", (data, key))
        (found,) = self.connection.execute("SELECT count(data) FROM problem").fetchone()
        return found

    def done(self) -> None:
        """No more lines: the ledger may be attached."""
        self.connection.execute("COMMIT")

    def _model(self, sweep: str, number: int, line: Line) -> int:
        known = self._known("model", "alias", ("provider",), (sweep, line.model), (line.provider,), number)
        if self._add(known, "model", "provider", 0, line.provider):
            return known.id
        raise Wrong(
            f"the model {line.model!r} is of provider {known.said[0]!r} in an earlier line, of {line.provider!r} here",
            "give each its own alias",
        )

    def _problem(self, sweep: str, number: int, line: Line) -> int:
        said = (line.question, line.gold)
        names = ("question", "gold")
        known = self._known("problem", "key", names, (sweep, line.problem), said, number)
        for at, name in enumerate(names):
            if not self._add(known, "problem", name, at, said[at]):
                message = f"the problem {line.problem!r} has another {name} in an earlier line"
                raise Wrong(message, "give each its own id")
        return known.id

    def _known(
        self,
        table: str,
        name: str,
        columns: tuple[str, ...],
        key: tuple[str, str],
        said: tuple[str | None, ...],
        number: int,
    ) -> _Known:
        """The row of this name, made if it is new."""
        cache = self._rows.setdefault(table, {})
        if key in cache:
            return cache[key]
        if len(cache) >= MOST_REMEMBERED:
            cache.clear()
        row = self.connection.execute(
            f"SELECT id, {', '.join(columns)} FROM {table} WHERE sweep = ? AND {name} = ?", key
        ).fetchone()
        if row is not None:
            cache[key] = _Known(row[0], list(row[1:]))
            return cache[key]
        marks = ", ".join("?" * (3 + len(columns)))
        made = self.connection.execute(
            f"INSERT INTO {table} (sweep, {name}, line, {', '.join(columns)}) VALUES ({marks})",
            (*key, number, *said),
        )
        assert made.lastrowid is not None
        cache[key] = _Known(made.lastrowid, list(said))
        return cache[key]

    def _add(self, known: _Known, table: str, column: str, at: int, value: str | None) -> bool:
        """Keeps what a line says of its model or problem. False if an earlier line said otherwise."""
        if value is None or known.said[at] == value:
            return True
        if known.said[at] is not None:
            return False
        self.connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, known.id))
        known.said[at] = value
        return True

    def _note(self, unknown: frozenset[str]) -> None:
        """Keys made up anew in every line must not fill the memory."""
        if len(self.unknown) < MOST_UNKNOWN:
            self.unknown.update(unknown)
