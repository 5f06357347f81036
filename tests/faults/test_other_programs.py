"""Another program that opens the ledger while a run writes, and closes it again, as a shell, pandas or a browser does:
nothing that was committed may go with it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from orchestrator.ledger.file.create import make_or_check
from orchestrator.ledger.file.identity import check
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.reader import open_reader
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, check_complete, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, finish, model, start

LOOK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])  # as most do: it may write
connection.execute("SELECT count(*) FROM sample").fetchone()
connection.close()
"""


@pytest.mark.parametrize("opens", [open_reader, check], ids=lambda opens: opens.__name__)
def test_a_reader_in_the_writers_process_costs_it_no_lock(tmp_path, opens):
    """A descriptor of a file that is closed takes all locks of its process on that file with it: without its lock a
    connection is not seen by others, and the last one that closes removes the log."""
    db = tmp_path / "test.db"
    make_or_check(db)
    with closing(open_for_writing(db)) as writer:
        write(writer, "a")
        opened = opens(db)
        subprocess.run([sys.executable, "-c", LOOK, db], check=True)
        assert db.with_name("test.db-wal").exists()
        write(writer, "b")
        assert one(db, "SELECT count(*) FROM sweep") == 2
        if isinstance(opened, sqlite3.Connection):
            opened.close()


def write(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("INSERT INTO sweep (name, budget_pico, verifier) VALUES (?, 1, '{}')", (name,))


def test_a_run_that_looks_up_its_verdicts(tmp_path):
    """A verifier that works in other processes looks in the ledger for texts that it has judged."""
    vendor = openai_vendor(answer=lambda _, i: f"\\boxed{{{i}}}", latency=0.05)
    db = tmp_path / "test.db"
    with serving(vendor):
        models = {"m": model(vendor, max_n=1, limits={"concurrency": 2})}
        path = SweepFile(models, problems=6, verifier={"kind": "math"}).write(tmp_path)
        running = start(path, db)
        looks = 0
        while running.poll() is None:
            if db.exists() and one(db, "SELECT count(*) FROM sqlite_schema"):
                subprocess.run([sys.executable, "-c", LOOK, db], check=True)
                looks += 1
            time.sleep(0.01)
        ended = finish(running)
        assert ended.status == 0, ended.err
        assert looks
    check_books(db)
    check_complete(db, {"m": (6, 4)})
    check_bill(db, {"m": vendor}, 10 * USD)
