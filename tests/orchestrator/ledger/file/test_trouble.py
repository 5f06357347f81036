"""One wording and one remedy for what is wrong with a ledger, wherever it is met."""

from __future__ import annotations

import ast
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.errors import InputError, LedgerBroken
from orchestrator.ledger.file.identity import check
from orchestrator.ledger.file.trouble import all_or_nothing, reading, writing

ROOT = Path(__file__).parents[4]


@pytest.fixture
def locked(tmp_path):
    """A database that another connection writes to."""
    db = tmp_path / "a.db"
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN EXCLUSIVE")
        yield db


@pytest.mark.parametrize(
    ("around", "kind"), [(reading, InputError), (all_or_nothing, InputError), (writing, LedgerBroken)]
)
def test_whose_turn_it_is(locked, around, kind):
    with (
        pytest.raises(kind, match=r"another program holds it \(database is locked\)") as raised,
        around(locked),
        closing(sqlite3.connect(locked, timeout=0)) as connection,
    ):
        connection.execute("SELECT * FROM t")
    assert raised.value.where == str(locked)
    assert "close the program that writes to it" in raised.value.remedy


@pytest.mark.parametrize("around", [reading, all_or_nothing, writing])
def test_what_is_not_the_ledgers_trouble_passes(around):
    with pytest.raises(KeyError), around("a.db"):
        raise KeyError("a bug of ours")


def test_nothing_else_puts_sqlites_words_into_an_error():
    """A handler of sqlite3.Error that raises an error of its own says what is wrong in words of its own."""
    own = {"orchestrator/ledger/file/trouble.py"}
    # A copy at another place, and a row that is there already: what is said is not about the ledger's state.
    own |= {"orchestrator/ledger/file/backup.py", "orchestrator/ledger/importing/printed_results.py"}
    own |= {"orchestrator/ledger/importing/stage.py", "orchestrator/ledger/importing/bundle.py"}
    found = {
        str(file.relative_to(ROOT))
        for folder in ("orchestrator", "manyfew")
        for file in (ROOT / folder).rglob("*.py")
        if any(word in (text := file.read_text("utf-8")) for word in ("sqlite3.", "TROUBLE"))
        if any(_words_of_its_own(node) for node in ast.walk(ast.parse(text)))
    }
    assert found <= own


def _words_of_its_own(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler) or node.type is None:
        return False
    caught = ast.unparse(node.type)
    raises = any(
        isinstance(inner, ast.Raise) and isinstance(inner.exc, ast.Call)
        for inner in ast.walk(ast.Module(node.body, []))
    )
    return raises and ("sqlite3." in caught or "TROUBLE" in caught)


def test_a_sweep_file_in_a_ledgers_place_is_called_one(tmp_path):
    sweep = tmp_path / "sweep.toml"
    for text in ('name = "x"\n', 'name = "x"\n' * 200):
        sweep.write_text(text)
        with pytest.raises(InputError, match="this is a sweep file, not a ledger") as raised:
            check(sweep)
        assert "runs/NAME.db" in raised.value.remedy
