"""A statement for many rows, executed as few times as possible: at each execution Python's sqlite3 gives up the
interpreter's lock and waits for it again, up to 5 ms if another thread computes. Beside a busy event loop a sample
takes twenty times as long and more if each is an execution of its own (benchmarks/commits.py)."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

_MOST = 256
"""Rows an execution. Statements are made for powers of two up to this, few enough that sqlite3 keeps them prepared."""


class ManyRows(NamedTuple):
    """SQL around `VALUES (…), (…)`; each row has `width` values. `before` may have places of its own, for values that
    all rows share."""

    before: str
    width: int
    after: str = ""

    @property
    def single(self) -> str:
        """The SQL for one row."""
        return _sql(self, 1)

    def execute(
        self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]], shared: Sequence[Any] = ()
    ) -> int:
        """All rows, in their order. Gives how many were written. Raises sqlite3.Error."""
        return sum(cursor.rowcount for cursor in self._each(connection, rows, shared))

    def fetch(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """What a query says of all rows. Raises sqlite3.Error."""
        return [found for cursor in self._each(connection, rows) for found in cursor.fetchall()]

    def _each(
        self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]], shared: Sequence[Any] = ()
    ) -> Iterator[sqlite3.Cursor]:
        at, left = 0, len(rows)
        while left:
            n = min(_MOST, 1 << (left.bit_length() - 1))
            values = list(chain(shared, chain.from_iterable(rows[at : at + n])))
            yield connection.execute(_sql(self, n), values)
            at, left = at + n, left - n


@lru_cache(maxsize=256)
def _sql(statement: ManyRows, n: int) -> str:
    row = f"({', '.join('?' * statement.width)})"
    return f"{statement.before} VALUES {', '.join([row] * n)}{statement.after}"
