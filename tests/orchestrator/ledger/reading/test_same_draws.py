import shutil
import sqlite3
from contextlib import closing

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger


def drawn(path, seed=0.0, passed=None):
    """A ledger whose draws came at moments of their own."""
    make_ledger(path, {"m": Made(passed or {f"p{i}": counted(6, i % 4) for i in range(5)})})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sample SET created_at = id + ?, latency_s = id / 7.0 + ?", (seed, seed))
    return path


def test_a_ledger_and_its_backup_count_once(tmp_path):
    one = drawn(tmp_path / "one.db")
    copy = tmp_path / "copy.db"
    shutil.copy(one, copy)
    (alone,) = read_outcomes([one])
    (both,) = read_outcomes([one, copy])
    assert (both.n.tolist(), both.c.tolist()) == (alone.n.tolist(), alone.c.tolist())
    assert both.total_cost == alone.total_cost
    assert both.repeats == (copy,)


@pytest.mark.parametrize("order", [1, -1])
def test_an_older_backup_adds_nothing_whichever_is_named_first(tmp_path, order):
    one = drawn(tmp_path / "one.db")
    older = tmp_path / "older.db"
    shutil.copy(one, older)
    with closing(sqlite3.connect(older)) as connection, connection:
        connection.execute("DELETE FROM sample WHERE sample_index > 3 OR problem_id = 2")
    (both,) = read_outcomes([one, older][::order])
    assert both.n.tolist() == [6] * 5
    assert both.repeats == (older,)


def test_ledgers_with_some_draws_in_common_are_refused(tmp_path):
    one = drawn(tmp_path / "one.db")
    other = tmp_path / "other.db"
    shutil.copy(one, other)
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("UPDATE sample SET created_at = 1e6 + id, latency_s = 99 WHERE sample_index > 3")
    with pytest.raises(InputError, match="20 of 30 are in both"):
        read_outcomes([one, other])


def test_other_draws_of_the_same_model_are_pooled_however_alike(tmp_path):
    paths = [drawn(tmp_path / "a.db"), drawn(tmp_path / "b.db", seed=0.25)]
    (both,) = read_outcomes(paths)
    assert both.n.tolist() == [12] * 5
    assert both.repeats == ()
    plain = [make_ledger(tmp_path / f"{x}.db", {"m": Made({"p": counted(3, 1)})}) for x in "cd"]
    (both,) = read_outcomes(plain)
    assert both.n.tolist() == [6], "texts and times that are all alike prove nothing"
