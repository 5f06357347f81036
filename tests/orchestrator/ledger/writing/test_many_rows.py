"""Many rows a statement: all of them, in their order, whatever their number."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ledger.writing.many_rows import ManyRows

INSERT = ManyRows("INSERT INTO t (a, b)", 2)
UPDATE = ManyRows("UPDATE t SET b = new.column2 FROM (", 2, ") AS new WHERE t.a = new.column1 AND t.b < 100")


@given(st.integers(0, 300))
def test_rows_arrive_in_their_order_and_each_is_changed(n):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t (a INTEGER, b INTEGER) STRICT")
    calls: list[str] = []
    connection.set_trace_callback(calls.append)
    INSERT.execute(connection, [(i, -i) for i in range(n)])
    assert len(calls) <= n // 64 + 6, "a few executions, however many the rows"
    assert connection.execute("SELECT a, b FROM t ORDER BY rowid").fetchall() == [(i, -i) for i in range(n)]
    UPDATE.execute(connection, [(i, i + 100) for i in range(n)])
    UPDATE.execute(connection, [(i, 0) for i in range(n)])
    assert connection.execute("SELECT a, b FROM t ORDER BY rowid").fetchall() == [
        (i, i + 100) for i in range(n)
    ]
    connection.close()


def test_what_fails_says_so():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER) STRICT")
    connection.execute("BEGIN")
    with pytest.raises(sqlite3.IntegrityError):
        INSERT.execute(connection, [(i, 0) for i in range(70)] + [(3, 0)])
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    connection.close()
