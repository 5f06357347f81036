"""One model on two real servers: both work, and when one dies in the middle the other brings the rest."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.orchestrator.run.books import check_books, check_complete, money, one, rows
from tests.orchestrator.run.sweeps import USD, finish, start
from tests.real import sweeps
from tests.real.fleet import Server

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


def test_both_servers_are_asked(chat_pair: tuple[Server, Server], tmp_path: Path) -> None:
    db = tmp_path / "real.db"
    model = sweeps.chat(*(server.base_url for server in chat_pair), sequences=16)
    path = sweeps.write(tmp_path, {"m": model}, limit=10)
    before = [server.counters() for server in chat_pair]
    ended = finish(start(path, db), 400)
    assert ended.status == 0, ended.err
    check_books(db)
    check_complete(db, {"m": (10, 8)})
    found = rows(
        db, "SELECT server, count(*) AS n, sum(completion_tokens) AS tokens FROM sample_records GROUP BY 1"
    )
    by_server = {row["server"]: row for row in found}
    assert set(by_server) == {server.base_url for server in chat_pair}
    # Least outstanding first, equal servers: neither does more than 7 of the 10 requests.
    assert min(row["n"] for row in found) >= 3 * 8
    for server, earlier in zip(chat_pair, before, strict=True):
        now, row = server.counters(), by_server[server.base_url]
        assert now.made - earlier.made == row["n"]
        assert now.generated_tokens - earlier.generated_tokens == row["tokens"]


def test_one_dies_in_the_middle(chat_pair: tuple[Server, Server], tmp_path: Path) -> None:
    """What was lost with it is presumed at its bound; its samples are asked of the other."""
    lives, dies = chat_pair
    db = tmp_path / "real.db"
    model = sweeps.chat(lives.base_url, dies.base_url, sequences=16)
    path = sweeps.write(tmp_path, {"m": model}, limit=12)
    process = start(path, db)
    until = time.monotonic() + 120
    while not (db.exists() and _landed(db, dies) and dies.counters().running):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "its first reply did not come"
        time.sleep(0.1)
    dies.kill()
    ended = finish(process, 400)
    assert ended.status == 0, ended.err
    check_books(db)
    check_complete(db, {"m": (12, 8)})
    lost = rows(db, "SELECT * FROM request WHERE state = 'presumed'")
    assert 1 <= len(lost) <= 2, "what two requests of eight samples had in flight"
    assert {row["server"] for row in lost} == {dies.base_url}
    assert money(db).presumed == sum(row["reserved_pico"] for row in lost) > 0
    assert money(db).held <= 0.05 * USD
    # a request that found it dead was never made, and costs nothing
    refused = rows(db, "SELECT * FROM request WHERE state = 'free'")
    assert {(row["server"], row["error"]) for row in refused} <= {(dies.base_url, "NotSent")}
    brought = one(db, "SELECT count(DISTINCT server) FROM sample_records")
    assert brought == 2, "what it had brought before stays"


def _landed(db: Path, server: Server) -> bool:
    there = one(db, "SELECT count(*) FROM sqlite_master WHERE name = 'sample_records'")
    return there and one(db, "SELECT count(*) FROM sample_records WHERE server = ?", server.base_url) > 0
