"""Why a commit writes many rows a statement: beside a thread that computes, Python's sqlite3 waits for the
interpreter's lock after each execution.

    python -m benchmarks.commits

Commits of 200 samples as a run writes them, into a fresh ledger: one row an execution, and as
orchestrator.ledger.writing.many_rows does it; alone, and
beside a thread that never rests (a run's event loop rests while it waits for replies).
"""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from orchestrator.ledger.file.create import create
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.writing.sample_rows import INSERT_SAMPLE

ROWS = 200
_ONE = f"{INSERT_SAMPLE.before} VALUES ({', '.join('?' * INSERT_SAMPLE.width)})"

Write = Callable[[sqlite3.Connection, Sequence[tuple[Any, ...]]], object]


def row(number: int) -> tuple[Any, ...]:
    """As INSERT_SAMPLE takes it, without what it refers to."""
    text = f"{'x' * 400} {number}"
    sample = (1, number, text, "stop", 3, 96, 9, 0.5, None, 0, 0, 0, 0, "reported", "usage", "s", "none")
    return (*sample, 1, 1, 0.0, 1, None, "7", "v", None, None)


def one_by_one(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    connection.executemany(_ONE, rows)


def seconds(write: Write, commits: int, *, busy: bool) -> float:
    """A commit."""
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            x = 0
            for i in range(1000):
                x += i

    with tempfile.TemporaryDirectory() as folder:
        create(Path(folder) / "l.db")
        connection = open_for_writing(Path(folder) / "l.db")
        connection.execute("PRAGMA foreign_keys = OFF")
        beside = threading.Thread(target=compute)
        if busy:
            beside.start()
        numbers, began = itertools.count(), time.perf_counter()
        for _ in range(commits):
            connection.execute("BEGIN IMMEDIATE")
            write(connection, [row(number) for number in itertools.islice(numbers, ROWS)])
            connection.execute("COMMIT")
        took = (time.perf_counter() - began) / commits
        over.set()
        if busy:
            beside.join()
        connection.close()
    return took


def main() -> None:
    for busy, commits in ((False, 200), (True, 5)):
        single, many = (
            seconds(write, commits, busy=busy) * 1000 for write in (one_by_one, INSERT_SAMPLE.execute)
        )
        print(
            f"{'beside a busy thread' if busy else 'alone':<22} one by one {single:>7.1f} ms, "
            f"many a statement {many:>6.1f} ms a commit of {ROWS} samples: {single / many:.1f} times"
        )


if __name__ == "__main__":
    main()
