"""Samples to import, checked and set aside in a private database on disk: nothing touches the ledger before all files
are known to be good, and the memory used does not grow with them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from orchestrator.errors import InputError
from orchestrator.ledger.importing.line import LARGEST_INT, VALUE_COLUMNS, Line, Wrong
from orchestrator.ledger.verdict_sets.read import IMPORTED
from orchestrator.ledger.writing.known_texts import KnownTexts, Said
from pricing.form import price_to_json

if TYPE_CHECKING:
    from orchestrator.ledger.importing.costs import Cost
    from orchestrator.ledger.importing.reader import Lost
    from pricing.types import Price

CACHE_KIB = 32 * 1024
MOST_REMEMBERED = 5000
MOST_UNKNOWN = 1000
MOST_HELD, MOST_CHARACTERS = 200, 1 << 17
RECORDS = 1 << 40
"""A place is a file's number × RECORDS + its record's number."""

_SCHEMA = f"""
CREATE TABLE model (
  id INTEGER PRIMARY KEY, sweep TEXT, alias TEXT, provider TEXT, price TEXT, place INTEGER, ledger_id INTEGER,
  UNIQUE (sweep, alias));
CREATE TABLE problem (
  id INTEGER PRIMARY KEY, sweep TEXT, key TEXT, question TEXT, gold TEXT, data TEXT, place INTEGER, ledger_id INTEGER,
  UNIQUE (sweep, key));
CREATE TABLE sample (
  id INTEGER PRIMARY KEY, text_of INTEGER, place INTEGER, model INTEGER, problem INTEGER, sample_index INTEGER,
  cost_pico INTEGER, basis TEXT, judge TEXT, {", ".join(f'"{name}" ANY' for name in VALUE_COLUMNS)},
  UNIQUE (model, problem, sample_index)) STRICT;
CREATE TABLE lost (
  model INTEGER, problem INTEGER, sample_index INTEGER, error TEXT, message TEXT,
  PRIMARY KEY (model, problem, sample_index)) WITHOUT ROWID;
"""
_INSERT_SAMPLE = (
    "INSERT INTO sample (id, text_of, place, model, problem, sample_index, cost_pico, basis, judge, "
    f"{', '.join(VALUE_COLUMNS)}) VALUES ({', '.join('?' * (9 + len(VALUE_COLUMNS)))})"
)
_BEFORE_VALUES = 7
_REQUEST, _TEXT, _PASSED = (
    _BEFORE_VALUES + VALUE_COLUMNS.index(name) for name in ("request", "text", "passed")
)


@dataclass(slots=True)
class _Known:
    """A model or problem set aside, and what lines said of it."""

    id: int
    said: list[str | None]
    price: Price | None = field(default=None)


class Stage:
    """Use as a context manager; `connection` is the private database, to which the ledger is attached later."""

    def __init__(self, where: Callable[[int], str]) -> None:
        """`where`: the file and record of a place."""
        self.where = where
        self._rows: dict[str, dict[tuple[str, str], _Known]] = {"model": {}, "problem": {}}
        self._cost_pico = 0
        self._held: list[tuple[Any, ...]] = []
        self._characters = 0
        """Of the texts among them."""
        self._texts = KnownTexts()
        self._numbered = (False, False)
        """states_index and once of what is held."""
        self._moved: set[tuple[int, int]] = set()
        """Models and problems whose samples were numbered on."""
        self.repeated = 0
        """Samples that an earlier file had already."""
        self.unknown: Counter[str] = Counter()
        self.tally: Counter[tuple[int, str, str | None, bool, bool]] = Counter()
        """Samples by model, basis of the cost, judge, whether there is no verdict, and whether there is no text: in
        the order of each one's first, so that nothing goes through all samples for a count."""
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

    def add(
        self, place: int, line: Line, cost: Cost, *, sweep: str, states_index: bool, once: bool = False
    ) -> None:
        """Sets a sample aside, soon: raises Wrong if it does not go with an earlier one, and `flush` raises."""
        model = self._rows["model"].get((sweep, line.model))
        if model is None or model.said[0] != line.provider:
            model = self._model(sweep, place, line.model, line.provider)
        problem = self._rows["problem"].get((sweep, line.problem))
        if problem is None or problem.said[0] != line.question or problem.said[1] != line.gold:
            problem = self._problem(sweep, place, line)
        if cost.price is not None and model.price is not cost.price:
            model.price = cost.price
            price = json.dumps(price_to_json(cost.price))
            self.connection.execute("UPDATE model SET price = ? WHERE id = ?", (price, model.id))
        if (states_index, once) != self._numbered:
            self.flush()
            self._numbered = (states_index, once)
        values = line.values
        self._held.append(
            (place, model.id, problem.id, line.sample_index, cost.pico, cost.basis, line.judge, *values)
        )
        self._characters += sum([len(value) for value in values if type(value) is str])
        if len(self._held) >= MOST_HELD or self._characters >= MOST_CHARACTERS:
            self.flush()
        if line.unknown:
            self._note(line.unknown)

    def flush(self) -> None:
        """Writes what is held: many rows at once are quicker. Raises InputError for a sample that does not go with an
        earlier one."""
        rows, self._held, self._characters = self._held, [], 0
        taken = self._insert(rows)
        self._count(rows[:taken])
        for row in rows[taken:]:
            try:
                added = self._insert([row]) == 1 or self._added_otherwise(row)
            except Wrong as wrong:
                raise InputError(self.where(row[0]), wrong.message, wrong.remedy) from None
            if added:
                self._count([row])
            else:
                self.repeated += 1

    def _insert(self, rows: Sequence[tuple[Any, ...]]) -> int:
        """Up to the first whose index is taken: gives how many those are."""
        said = [Said(row[2], row[_TEXT] or "") for row in rows]
        first, alike = self._texts.place(self.connection, said)
        numbered = [(number, alike.get(number), *row) for number, row in enumerate(rows, first)]
        before = self.connection.total_changes
        try:
            self.connection.executemany(_INSERT_SAMPLE, numbered)
        except sqlite3.IntegrityError:
            taken = self.connection.total_changes - before
            self._texts.forget(first + taken, said[taken:])
            return taken
        return len(rows)

    def _count(self, rows: Sequence[tuple[Any, ...]]) -> None:
        for row in rows:
            self.tally[row[1], row[5], row[6], row[_PASSED] is None, row[_TEXT] is None] += 1
            if row[4] is not None:
                self._cost_pico += row[4]
                if self._cost_pico > LARGEST_INT:
                    message = "the costs add up to more than the ledger can hold"
                    raise InputError(self.where(row[0]), message, "look at cost_usd and cost_pico")

    def lose(self, place: int, lost: Lost, *, sweep: str, model: str) -> None:
        """An attempt without a sample."""
        alias = self._model(sweep, place, model, None)
        problem = self._known(
            "problem", "key", ("question", "gold"), (sweep, lost.problem), (None, None), place
        )
        row = (alias.id, problem.id, lost.sample_index, lost.error, lost.message)
        self.connection.execute("INSERT OR REPLACE INTO lost VALUES (?, ?, ?, ?, ?)", row)

    @property
    def samples(self) -> int:
        """Set aside by now, without those that are held."""
        return self.tally.total()

    @property
    def judges(self) -> list[str]:
        """Who gave verdicts, in the order of the samples."""
        named = [judge for _, _, judge, is_unjudged, _ in self.tally if not is_unjudged]
        return list(dict.fromkeys(IMPORTED if judge is None else judge for judge in named))

    def describe(self, problems: Iterable[tuple[str, str]]) -> int:
        """`problems`: (key, JSON of all its data), whatever the sweep. Gives how many of the file's problems are
        among them."""
        for key, data in problems:
            self.connection.execute("UPDATE problem SET data = ? WHERE key = ?", (data, key))
        (found,) = self.connection.execute("SELECT count(data) FROM problem").fetchone()
        return found

    def done(self) -> None:
        """No more samples: the ledger may be attached."""
        self.flush()
        # What a later log brought after all is not lost.
        self.connection.execute(
            "DELETE FROM lost WHERE EXISTS (SELECT 1 FROM sample AS s WHERE s.model = lost.model "
            "AND s.problem = lost.problem AND s.sample_index = lost.sample_index)"
        )
        self.connection.execute("COMMIT")

    def _added_otherwise(self, row: tuple[Any, ...]) -> bool:
        """A sample whose index is taken: of another file it is numbered on, unless it is the same sample."""
        place, request, text = self.connection.execute(
            "SELECT place, request, text FROM sample WHERE model = ? AND problem = ? AND sample_index = ?",
            row[1:4],
        ).fetchone()
        same_file = place // RECORDS == row[0] // RECORDS
        states_index, once = self._numbered
        if states_index or (once and same_file and row[1:3] not in self._moved):
            raise Wrong(
                f"the sample is that of {self.where(place)}: same sweep, model, problem and sample_index",
                "give every sample an index of its own",
            )
        if row[_REQUEST] is not None and (request, text) == (row[_REQUEST], row[_TEXT]):
            return False
        (index,) = self.connection.execute(
            "SELECT max(sample_index) + 1 FROM sample WHERE model = ? AND problem = ?", row[1:3]
        ).fetchone()
        self._insert([(*row[:3], index, *row[4:])])
        self._moved.add(row[1:3])
        return True

    def _model(self, sweep: str, place: int, alias: str, provider: str | None) -> _Known:
        known = self._known("model", "alias", ("provider",), (sweep, alias), (provider,), place)
        if self._add(known, "model", "provider", 0, provider):
            return known
        raise Wrong(
            f"the model {alias!r} is of provider {known.said[0]!r} in an earlier line, of {provider!r} here",
            "give each its own alias",
        )

    def _problem(self, sweep: str, place: int, line: Line) -> _Known:
        said = (line.question, line.gold)
        names = ("question", "gold")
        known = self._known("problem", "key", names, (sweep, line.problem), said, place)
        for at, name in enumerate(names):
            if not self._add(known, "problem", name, at, said[at]):
                message = f"the problem {line.problem!r} has another {name} in an earlier line"
                raise Wrong(message, "give each its own id")
        return known

    def _known(
        self,
        table: str,
        name: str,
        columns: tuple[str, ...],
        key: tuple[str, str],
        said: tuple[str | None, ...],
        place: int,
    ) -> _Known:
        """The row of this name, made if it is new."""
        cache = self._rows[table]
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
            f"INSERT INTO {table} (sweep, {name}, place, {', '.join(columns)}) VALUES ({marks})",
            (*key, place, *said),
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
