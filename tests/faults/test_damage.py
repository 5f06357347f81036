"""A ledger with flipped bytes: one line that says so and where to go from there, never a traceback, nothing bought
beyond the budget."""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing

import pytest

from tests.faults.disk import Fault, files_of, put_back
from tests.faults.scene import BUDGET, scene
from tests.orchestrator.run.books import one

SEED = int(os.environ.get("MANYFEW_FAULT_SEED", "20"))


def root_page(db, table):
    return one(db, "SELECT rootpage FROM sqlite_schema WHERE name = ?", table)


def flipped(data: bytes, start: int, length: int, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for place in range(start, start + length):
        changed[place] ^= rng.randrange(1, 256)
    return bytes(changed)


@pytest.fixture
def at_work(tmp_path, launch):
    """A ledger that has half of its samples and lies in one file."""
    with scene(launch, tmp_path, continued=True) as made:
        put_back(made.db, made.began)
        with closing(sqlite3.connect(made.db)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        made.began = {made.db.name: made.db.read_bytes()}
        yield made


@pytest.mark.parametrize("table", ["sweep", "model", "problem", "request", "sample"])
def test_a_damaged_page_is_said_in_one_line(at_work, table):
    put_back(at_work.db, at_work.began)
    size = one(at_work.db, "PRAGMA page_size")
    start = (root_page(at_work.db, table) - 1) * size
    damaged = flipped(at_work.began[at_work.db.name], start, 12, random.Random(SEED))
    at_work.began = {at_work.db.name: damaged}
    ended, _ = at_work.perform(Fault(), 0)
    assert ended.status == 2, ended.err
    assert ended.err.count("\n") == 1, ended.err
    assert "damaged" in ended.err
    assert f"manyfew doctor {at_work.db}" in ended.err
    assert len(at_work.vendor.seen) == len(at_work.seen)
    assert files_of(at_work.db)[at_work.db.name] == damaged
    environment = Fault().environment(at_work.db, at_work.log, 0)
    examined = at_work.launch(["doctor", str(at_work.db)], environment, at_work.folder)
    assert examined.status == 1
    assert "Traceback" not in examined.err


@pytest.mark.timeout(300)
def test_flipped_bytes_anywhere(at_work):
    """Each page in turn. Some bytes are free, or a text's own, and no one can tell: then the run goes on."""
    whole = at_work.began[at_work.db.name]
    size = one(at_work.db, "PRAGMA page_size")
    rng = random.Random(SEED)
    noticed = 0
    for page in range(1, len(whole) // size):
        start = page * size + rng.choice([0, rng.randrange(size - 40), size - 40])
        at_work.began = {at_work.db.name: flipped(whole, start, rng.choice([1, 8, 40]), rng)}
        ended, _ = at_work.perform(Fault(), 0)
        assert "Traceback" not in ended.err, (page, start, ended.err[-2000:])
        assert ended.status in {0, 1, 2, 3}, (page, ended.err)
        if ended.status in {1, 2}:
            assert ended.err.count("\n") == 1, (page, ended.err)
            noticed += 1
        assert at_work.vendor.billed_pico <= BUDGET
    assert noticed > 5
