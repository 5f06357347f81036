"""A real server whose time is paid: what it costs is the time that it worked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.orchestrator.run.books import check_books, check_complete, money, one, rows, watched
from tests.orchestrator.run.sweeps import USD, finish, start
from tests.real import sweeps
from tests.real.fleet import Server

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

USD_PER_HOUR = 3.6
"""A thousandth of a dollar a second."""


def test_a_sweep_costs_the_servers_busy_time(chat: Server, tmp_path: Path) -> None:
    db = tmp_path / "real.db"
    model = sweeps.chat(chat.base_url, gpu_usd_per_hour=USD_PER_HOUR)
    del model["price"]
    path = sweeps.write(tmp_path, {"m": model}, limit=3, samples=8, max_tokens=24, budget_usd=1)
    began = time.monotonic()
    with watched(db, USD):
        ended = finish(start(path, db), 200)
    whole_s = time.monotonic() - began
    assert ended.status == 0, ended.err
    check_books(db)
    check_complete(db, {"m": (3, 8)})
    found = rows(db, "SELECT DISTINCT cost_basis, token_basis FROM sample_records")
    assert [tuple(row) for row in found] == [("gpu_time", "reported")]
    assert one(db, "SELECT sum(cost_pico) FROM sample_records") == money(db).settled
    # three requests at once: at least as long as the longest of them, and no longer than the command
    busy_s = money(db).settled / USD / USD_PER_HOUR * 3600
    assert one(db, "SELECT max(latency_s) FROM request") * 0.99 <= busy_s < whole_s
