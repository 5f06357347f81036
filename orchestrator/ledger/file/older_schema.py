"""A ledger of an older schema, read as if it were of this one: temporary views of the reading connection stand in for
what is new. The file stays as it is, and a connection that may only read can make them."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from functools import cache
from importlib import resources
from typing import NamedTuple


class _Column(NamedTuple):
    name: str
    default: str
    """SQL."""


class _Schema(NamedTuple):
    tables: dict[str, list[_Column]]
    views: dict[str, str]
    """SQL by name, in the order they were made."""


def read_as_current(connection: sqlite3.Connection) -> None:
    """Tables that lack columns get them with their defaults, tables that are missing are empty, and views are those of
    this schema."""
    ours, theirs = _current(), _read(connection, "main")
    stood_in = False
    for table, columns in ours.tables.items():
        if theirs.tables.get(table) != columns:
            connection.execute(
                f"CREATE TEMP VIEW {table} AS {_select('main', table, theirs.tables.get(table))}"
            )
            stood_in = True
    for name, sql in ours.views.items():
        if stood_in or theirs.views.get(name) != sql:
            connection.execute(sql.replace("CREATE VIEW", "CREATE TEMP VIEW", 1))


@contextmanager
def tables_as_current(connection: sqlite3.Connection, schema: str) -> Generator[None]:
    """The tables of a ledger that is attached as `schema`, of whatever version it is, as SCHEMA_TABLE."""
    theirs = _read(connection, schema).tables
    for table in _current().tables:
        connection.execute(
            f"CREATE TEMP VIEW {schema}_{table} AS {_select(schema, table, theirs.get(table))}"
        )
    yield
    for table in _current().tables:  # not where it fails: a transaction may be open that is rolled back yet
        connection.execute(f"DROP VIEW temp.{schema}_{table}")


def _select(schema: str, table: str, there: list[_Column] | None) -> str:
    """All of this schema's columns; what is not there has its default, and of a missing table there are no rows."""
    names = {column.name for column in there or ()}
    columns = ", ".join(
        f'"{one.name}"' if one.name in names else f'{one.default} AS "{one.name}"'
        for one in _current().tables[table]
    )
    return f"SELECT {columns} " + ("WHERE false" if there is None else f"FROM {schema}.{table}")


def schema_sql() -> str:
    return resources.files("orchestrator.ledger.file").joinpath("schema.sql").read_text("utf-8")


@cache
def _current() -> _Schema:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(schema_sql())
        return _read(connection, "main")


def _read(connection: sqlite3.Connection, schema: str) -> _Schema:
    ask = connection.cursor()
    ask.row_factory = None
    made = ask.execute(f"SELECT type, name, sql FROM {schema}.sqlite_schema WHERE type IN ('table', 'view')")
    rows = made.fetchall()
    return _Schema(
        tables={name: _columns(ask, schema, name) for kind, name, _ in rows if kind == "table"},
        views={name: sql for kind, name, sql in rows if kind == "view"},
    )


def _columns(ask: sqlite3.Cursor, schema: str, table: str) -> list[_Column]:
    rows = ask.execute(f"PRAGMA {schema}.table_info({table})").fetchall()
    return [_Column(row[1], row[4] or "NULL") for row in rows]
