"""Agents whose model's server the run starts: their calls wait for it, hold it, and are paid out of its time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.run.servers import own_servers
from tests.orchestrator.run.agents.sweeps import AGENT
from tests.orchestrator.run.books import check_books, money, one, rows, watched
from tests.orchestrator.run.servers.nodes import gone, served, told, write
from tests.orchestrator.run.sweeps import USD, run

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def agent_of(folder: Path, *options: str, agent: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    table = {
        "command": [sys.executable, *AGENT[1:]],
        "attempt_usd": 1,
        "sandbox": "none-i-trust-this-agent",
        "concurrency": 2,
        **(agent or {}),
    }
    return {**served(folder, *options, **keys), "agent": table}


def check_attempts(db: Path, samples: int) -> None:
    """All are there, and all of the server's time is a sample's or said to be unused."""
    assert {row["state"] for row in rows(db, "SELECT state FROM agent_attempt")} == {"done"}
    found = rows(db, "SELECT * FROM sample_records")
    assert len(found) == samples
    assert {row["cost_basis"] for row in found} == {"gpu_time"}
    assert all("#### 2" in row["text"] for row in found)
    of = money(db)
    assert (of.presumed, of.reserved) == (0, 0)
    assert sum(row["cost_pico"] for row in found) + of.unused == of.settled
    check_books(db)


def starts(folder: Path) -> int:
    return sum(line.startswith("start") for line in told(folder))


def test_attempts_wait_for_their_server_and_are_paid_out_of_its_time(tmp_path: Path) -> None:
    db = tmp_path / "test.db"
    models = {"a": agent_of(tmp_path, "loads=0.6", "slow=0.05"), "b": served(tmp_path, model="m2")}
    with watched(db, 10 * USD):
        ended = run(write(tmp_path, models), db)
    assert ended.status == 0, ended.result
    assert starts(tmp_path) == 2
    assert one(db, "SELECT count(*) FROM agent_calls WHERE state = 'settled' AND delivered") == 6
    of_b = one(db, "SELECT count(*) FROM sample_records WHERE model = 'b'")
    check_attempts(db, 6 + of_b)
    assert gone(tmp_path) == []


def test_a_server_that_dies_is_started_again_and_attempts_go_on(tmp_path: Path) -> None:
    db = tmp_path / "test.db"
    models = {"a": agent_of(tmp_path, "dies=3", f"lives={tmp_path / 'lives'}")}
    with watched(db, 10 * USD):
        ended = run(write(tmp_path, models), db)
    assert ended.status == 0, ended.result
    assert starts(tmp_path) == 2
    check_attempts(db, 6)
    assert gone(tmp_path) == []


def test_attempts_stay_open_where_the_budget_pays_for_no_more_of_their_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a dollar a second twenty don't bring a reply that takes half a minute."""
    monkeypatch.setattr(own_servers, "LOADING_S", 0.1)
    db = tmp_path / "test.db"
    keys: dict[str, Any] = {"gpu_usd_per_hour": 3600, "serve": {"stop_grace_s": 1}}
    models = {"a": agent_of(tmp_path, "slow=30", agent={"attempt_usd": 100}, **keys)}
    with watched(db, 20 * USD):
        ended = run(write(tmp_path, models, budget_usd=20, problems=1), db)
    assert ended.status == 3, ended.result
    # On a machine so busy that the server takes long to start there may be none.
    assert all(row["state"] == "open" for row in rows(db, "SELECT state FROM agent_attempt"))
    of = money(db)
    assert (of.presumed, of.reserved) == (0, 0)
    assert 0 < of.settled <= 20 * USD
    check_books(db)
    assert gone(tmp_path) == []
