"""Ctrl-C while real servers work: what is broken off they abort, and a restart brings what is missing."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.orchestrator.run.books import check_books, check_complete, money, one, rows, sample_keys
from tests.orchestrator.run.sweeps import USD, finish, start
from tests.real import sweeps
from tests.real.fleet import Server

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


def test_a_restart_goes_on_after_ctrl_c(chat: Server, tmp_path: Path) -> None:
    db = tmp_path / "real.db"
    path = sweeps.write(tmp_path, {"m": sweeps.chat(chat.base_url, sequences=16)}, limit=6)
    before = chat.counters()
    process = start(path, db, "--grace", "0.5s")
    until = time.monotonic() + 120
    while not (db.exists() and _arrived(db) and chat.counters().running >= 8):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "no reply came"
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    ended = finish(process, 30)
    assert ended.status == 130, ended.err
    check_books(db)
    cut_off = rows(db, "SELECT * FROM request WHERE state = 'presumed'")
    assert cut_off
    assert money(db).presumed == sum(row["reserved_pico"] for row in cut_off)
    there = {tuple(row) for row in rows(db, "SELECT problem, sample_index, text FROM sample_records")}
    assert 0 < len(there) < 48

    _quiet(chat)
    aborted = chat.counters()
    # vLLM saw the connections close and left those samples unfinished; their tokens so far it did make
    assert aborted.made - before.made == len(there)
    arrived = one(db, "SELECT sum(completion_tokens) FROM sample_records")
    begun = aborted.generated_tokens - before.generated_tokens - arrived
    assert 0 < begun < sum(row["n"] for row in cut_off) * sweeps.TOKENS

    again = finish(start(path, db), 300)
    assert again.status == 0, again.err
    check_books(db)
    check_complete(db, {"m": (6, 8)})
    kept = {tuple(row) for row in rows(db, "SELECT problem, sample_index, text FROM sample_records")}
    assert there < kept, "what had arrived is as it was"
    assert len(sample_keys(db)) == len(set(sample_keys(db))) == 48
    assert chat.counters().made - aborted.made == 48 - len(there), "nothing was asked twice"
    assert money(db).presumed == sum(row["reserved_pico"] for row in cut_off), "and nothing new is unknown"
    assert money(db).held <= 0.05 * USD


def _arrived(db: Path) -> bool:
    there = one(db, "SELECT count(*) FROM sqlite_master WHERE name = 'sample_records'")
    return there and one(db, "SELECT count(*) FROM sample_records") > 0


def _quiet(server: Server) -> None:
    """Waits until it works on nothing. To finish what was broken off it would need longer."""
    until = time.monotonic() + 10
    while server.counters().running:
        assert time.monotonic() < until, "the server still works on what nobody waits for"
        time.sleep(0.2)
