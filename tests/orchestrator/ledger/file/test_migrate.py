"""Ledgers of older schemas are brought up with a copy kept, newer ones refused; every released schema still opens."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from filelock import FileLock

from orchestrator.errors import InputError
from orchestrator.ledger.file.create import create
from orchestrator.ledger.file.identity import APPLICATION_ID, SCHEMA_VERSION, check
from orchestrator.ledger.file.lock import acquire, lock_path
from orchestrator.ledger.file.migrate import migrate
from orchestrator.ledger.file.steps import STEPS
from tests.orchestrator.ledger_fixture import Made, make_ledger
from tests.orchestrator.sample_files import rows

RELEASED = sorted((Path(__file__).parent / "released").glob("*.sql"), key=lambda file: int(file.stem))
LATER = SCHEMA_VERSION + 2


def _add_column(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE sample ADD COLUMN mood TEXT")


def _fill_column(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE sample SET mood = 'good'")


def _break(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE sample SET absent = 1")


def _lose_rows(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM problem")


TWO = {SCHEMA_VERSION: _add_column, SCHEMA_VERSION + 1: _fill_column}


@pytest.fixture
def ledger(tmp_path):
    return make_ledger(tmp_path / "a.db", {"m": Made({"p": [1, 0, None]})})


def _contents(db: Path) -> list[str]:
    with closing(sqlite3.connect(f"{db.as_uri()}?mode=ro", uri=True)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return [str(version), *connection.iterdump()]


def _shape(db: Path) -> set[tuple[str, str]]:
    """Tables, indexes and views, whatever spaces and remarks they were written with."""
    with closing(sqlite3.connect(db)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    plain = {name: " ".join(re.sub(r"--[^\n]*", "", sql).split()) for name, sql in found}
    return {(name, re.sub(r" *([,()]) *", r"\1", sql)) for name, sql in plain.items()}


def _load(file: Path, db: Path) -> Path:
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.executescript(file.read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    return db


def test_every_step_in_turn_and_a_copy_of_what_was(ledger, tmp_path, capsys):
    before = _contents(ledger)
    copy = migrate(ledger, TWO, LATER)
    assert copy is not None
    assert copy == tmp_path / f"a.schema-{SCHEMA_VERSION}.db"
    assert _contents(copy) == before
    assert rows(ledger, "SELECT DISTINCT mood FROM sample") == [{"mood": "good"}]
    assert _contents(ledger)[0] == str(LATER)
    assert rows(ledger, "SELECT count(*) AS n FROM sample") == [{"n": 3}]
    (line,) = capsys.readouterr().err.splitlines()
    assert f"from schema {SCHEMA_VERSION} to {LATER}" in line
    assert str(copy) in line
    assert migrate(ledger, TWO, LATER) is None  # done once
    assert not (tmp_path / f"a.schema-{LATER}.db").exists()


@pytest.mark.parametrize(
    ("broken", "words"), [(_break, "no such column: absent"), (_lose_rows, "would refer to none of problem")]
)
def test_a_step_that_fails_leaves_it_as_it_was(ledger, tmp_path, broken, words):
    before = _contents(ledger)
    with pytest.raises(InputError, match=words) as raised:
        migrate(ledger, {**TWO, SCHEMA_VERSION + 1: broken}, LATER)
    assert "is as it was" in str(raised.value)
    assert _contents(ledger) == before
    assert check(ledger) == SCHEMA_VERSION
    # Tried again, the first copy is not overwritten.
    copy = migrate(ledger, TWO, LATER)
    assert copy == tmp_path / f"a.schema-{SCHEMA_VERSION}-2.db"
    assert rows(ledger, "SELECT DISTINCT mood FROM sample") == [{"mood": "good"}]


def test_no_room_for_the_copy_no_step(ledger, tmp_path, monkeypatch):
    before = _contents(ledger)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("orchestrator.ledger.file.whole_file.os.fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        migrate(ledger, TWO, LATER)
    assert _contents(ledger) == before
    assert [file.name for file in tmp_path.iterdir() if "schema" in file.name] == []


def test_a_version_from_which_nothing_leads(ledger):
    with pytest.raises(
        InputError, match=f"is of schema {SCHEMA_VERSION}, from which nothing leads to {LATER}"
    ):
        migrate(ledger, {SCHEMA_VERSION: _add_column}, LATER)


@pytest.fixture
def old(tmp_path):
    """A ledger that 0.1 made."""
    return _load(RELEASED[0], tmp_path / "a.db")


def test_a_reader_leaves_an_older_one_as_it_is(old, tmp_path, command):
    before = _contents(old)
    old.chmod(0o444)
    done = command("status", "a.db", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["samples"]["done"] == 15
    assert _contents(old) == before
    assert not (tmp_path / "a.db.lock").exists()


def test_what_writes_brings_an_older_one_up(old, tmp_path, command):
    before = _contents(old)
    done = command("verify", "a.db", "--verifier", "numeric", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert f"brought from schema 1 to {SCHEMA_VERSION}" in done.stderr
    assert check(old) == SCHEMA_VERSION
    assert _shape(old) == _shape(_fresh(tmp_path))
    assert _contents(tmp_path / "a.schema-1.db") == before


def test_while_an_older_manyfew_writes_it_stays(old, command):
    with FileLock(lock_path(old)):
        before = sha256(old.read_bytes()).hexdigest()
        done = command("verify", "a.db", "--verifier", "numeric")
        assert done.returncode == 2
        assert "another process writes this ledger" in done.stderr
        assert sha256(old.read_bytes()).hexdigest() == before


def test_without_room_for_the_copy_it_stays_and_can_be_read(old, tmp_path, monkeypatch, command):
    before = _contents(old)
    nearly_full = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr("orchestrator.ledger.file.migrate.shutil.disk_usage", lambda _: nearly_full)
    with pytest.raises(InputError, match="a copy of it takes 16 MB of disk, and 1 MB are free"):
        acquire(old)
    assert _contents(old) == before
    assert command("frontier", "a.db").returncode == 0


def test_a_newer_one_is_refused_and_stays(ledger, command, tmp_path):
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = sha256(ledger.read_bytes()).hexdigest()
    (tmp_path / "b.jsonl").write_text('{"model": "m", "problem": "p", "sample_index": 9}\n')
    for arguments in (("status", "a.db"), ("verify", "a.db"), ("import", "b.jsonl", "--db", "a.db")):
        done = command(*arguments)
        assert done.returncode == 2
        assert f"schema {SCHEMA_VERSION + 1}, newer than this manyfew" in done.stderr
    assert sha256(ledger.read_bytes()).hexdigest() == before


def test_there_is_a_step_from_every_released_schema():
    assert set(STEPS) == set(range(1, SCHEMA_VERSION))
    assert [int(file.stem) for file in RELEASED] == list(range(1, SCHEMA_VERSION))


def _fresh(tmp_path: Path) -> Path:
    create(tmp_path / "fresh.db")
    return tmp_path / "fresh.db"


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: f"schema {file.stem}")
def test_a_ledger_of_every_released_schema_still_serves(file, tmp_path, command):
    db = _load(file, tmp_path / "a.db")
    texts = rows(db, "SELECT text, cost_pico FROM sample ORDER BY id")
    assert len(texts) == 15
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (int(file.stem),)
    for arguments in (
        ("status", "--json"),
        ("frontier", "--json"),
        ("doctor", "--json"),
        ("verify", "--json"),
    ):
        done = command(arguments[0], "a.db", *arguments[1:])
        assert done.returncode == 0, done.stderr
    assert rows(db, "SELECT text, cost_pico FROM sample ORDER BY id") == texts
    # Fails here: schema.sql was changed without its step.
    assert _shape(db) == _shape(_fresh(tmp_path))


def test_a_ledger_of_this_schemas_first_days_is_read_and_brought_up(tmp_path, command):
    """Schema 2 is of no release: its first ledgers kept every text."""
    db = make_ledger(tmp_path / "a.db", {"m": Made({"p": [1, 0, None]})})
    whole, texts = _shape(db), rows(db, "SELECT * FROM sample_records")
    with closing(sqlite3.connect(db)) as connection, connection:
        (view,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'sample_records'").fetchone()
        connection.execute("DROP VIEW sample_records")
        connection.execute("ALTER TABLE sample DROP COLUMN text_of")
        connection.execute(re.sub(r"CASE WHEN.*?END\s+AS text", "s.text", view, flags=re.DOTALL))
    before = _contents(db)
    assert (
        json.loads(command("show", str(db), "p", "--json").stdout)["samples"][0]["text"] == texts[0]["text"]
    )
    assert _contents(db) == before
    with acquire(db):
        assert _shape(db) == whole
    assert rows(db, "SELECT * FROM sample_records") == texts
