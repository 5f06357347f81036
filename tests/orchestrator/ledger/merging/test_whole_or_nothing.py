"""A merge that fails, is killed or meets a damaged ledger: no new ledger or a whole one, nothing else left beside it,
and the ledgers that are read stay as they are."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.merging.digests import SourceDigests
from orchestrator.ledger.merging.source import attached, look_at
from orchestrator.ledger.reading.samples.digest import samples_digest
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger
from tests.orchestrator.run.sweeps import ROOT
from tests.orchestrator.sample_files import rows


def _two(folder: Path, samples: int = 4, problems: int = 3) -> list[Path]:
    """Ledgers whose samples were drawn at other times."""
    keys = [f"p{at}" for at in range(problems)]
    made = [
        make_ledger(folder / f"{name}.db", {"m": Made({key: counted(samples, 1) for key in keys})})
        for name in ("a", "b")
    ]
    with closing(sqlite3.connect(made[1])) as connection, connection:
        connection.execute("UPDATE sample SET created_at = created_at + 1 + id")
    return made


def _files(folder: Path) -> dict[str, bytes]:
    """Without what SQLite keeps beside a ledger that is read."""
    return {
        file.name: file.read_bytes()
        for file in folder.iterdir()
        if file.name not in ("a.db-shm", "a.db-wal", "b.db-shm", "b.db-wal")
    }


def _refused(command, folder: Path) -> str:
    before = _files(folder)
    done = command("merge", "out.db", "a.db", "b.db")
    assert done.returncode == 2, done
    assert _files(folder) == before
    (line,) = done.stderr.splitlines()
    return line


def test_no_lock_is_left_of_a_ledger_that_was_not_made(command, tmp_path):
    _two(tmp_path)
    with closing(sqlite3.connect(tmp_path / "b.db")) as connection, connection:
        connection.execute("UPDATE model SET provider = 'google'")
    assert "is of provider" in _refused(command, tmp_path)


def _broken_page(db: Path, table: str) -> None:
    with closing(sqlite3.connect(db)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA journal_mode = DELETE")
    data = bytearray(db.read_bytes())
    data[(page - 1) * size : (page - 1) * size + 12] = b"\xff" * 12
    db.write_bytes(data)


# Read when the samples are compared, when their digest is made, and when the rest is copied.
@pytest.mark.parametrize(
    "table", ["sample", "problem", "sqlite_autoindex_sample_1", "merged_attempt", "verdict"]
)
def test_the_ledger_that_is_damaged_is_named(command, tmp_path, table):
    _two(tmp_path)
    _broken_page(tmp_path / "b.db", table)
    line = _refused(command, tmp_path)
    assert line.startswith("manyfew: b.db: the ledger can't be read: it is damaged")
    assert "doctor b.db" in line


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            "UPDATE sample SET text = '', text_of = 999 WHERE id = 2",
            "of its table sample refers to none of sample",
        ),
        ("UPDATE sample SET problem_id = 999 WHERE id = 2", "its samples are not those that its index names"),
        ("UPDATE sample SET text = CAST(x'ff' AS TEXT) WHERE id = 2", "UTF-8"),
    ],
)
def test_a_row_that_makes_no_sense_names_its_ledger(command, tmp_path, change, words):
    _two(tmp_path)
    with closing(sqlite3.connect(tmp_path / "b.db")) as connection, connection:
        connection.execute(change)
    line = _refused(command, tmp_path)
    assert line.startswith("manyfew: b.db: the ledger can't be read: ")
    assert words in line


def test_a_ledger_that_is_written_to_meanwhile_is_refused(tmp_path):
    sources = [look_at(db) for db in _two(tmp_path)]
    with closing(sqlite3.connect(sources[0].path)) as connection, connection:
        connection.execute("DELETE FROM sample WHERE id = 1")
    words = "was written to while it was merged"
    with SourceDigests(sources[:1], lambda _: None) as digests, pytest.raises(InputError, match=words):
        digests.of(sources[0])
    with (
        closing(sqlite3.connect("", isolation_level=None, uri=True)) as connection,
        pytest.raises(InputError, match=words),
        attached(connection, sources[0]),
    ):
        pass


def test_the_digests_are_those_of_the_ledgers(command, tmp_path):
    both = _two(tmp_path)
    assert command("merge", "out.db", *map(str, both)).returncode == 0
    expected: list[str] = []
    for db in both:
        with closing(sqlite3.connect(db)) as connection:
            expected.append(samples_digest(connection))
    assert [
        row["digest"] for row in rows(tmp_path / "out.db", "SELECT digest FROM merged ORDER BY id")
    ] == expected


def test_whoever_leaves_early_does_not_wait_for_the_digests(tmp_path):
    db = make_ledger(tmp_path / "a.db", {"m": Made({f"p{at}": [1] for at in range(50)})})
    counts: list[int] = []
    with SourceDigests([look_at(db)], lambda count: (counts.append(count), time.sleep(0.05))[0]):
        while not counts:
            time.sleep(0.001)
    assert max(counts) < 50


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_no_ledger_or_a_whole_one(tmp_path):
    both = _two(tmp_path, samples=200, problems=100)
    before = [db.read_bytes() for db in both]
    out = tmp_path / "out.db"
    program = [sys.executable, "-m", "manyfew", "merge", str(out), *map(str, both), "--json"]
    began = time.monotonic()
    done = subprocess.run(program, cwd=ROOT, capture_output=True, check=True)
    took = time.monotonic() - began
    assert json.loads(done.stdout)["samples"] == 40_000
    whole = 0
    for at in range(10):
        out.unlink(missing_ok=True)
        process = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.DEVNULL)
        time.sleep(took * (0.4 + 0.07 * at))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if out.exists():
            whole += 1
            with closing(sqlite3.connect(out)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
                assert connection.execute("SELECT count(*) FROM sample").fetchone() == (40_000,)
                assert connection.execute("SELECT count(*) FROM merged").fetchone() == (2,)
    assert whole < 10
    assert [db.read_bytes() for db in both] == before
    out.unlink(missing_ok=True)
    assert subprocess.run(program, cwd=ROOT, capture_output=True, check=False).returncode == 0
