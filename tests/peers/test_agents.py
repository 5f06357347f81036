"""Real agents buy attempts: mini-swe-agent in its sandbox, a scripted vendor with faults and a bill of its own.

MANYFEW_ATTEMPTS says how many (4): each takes seven seconds of processor time to start."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.loopback.scripted import Run, ScriptedVendor, fixes, steps
from tests.orchestrator.run.agents.sweeps import FIX, FIXED, agents, check_agents_books, ends
from tests.orchestrator.run.books import one, rows, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import run

ATTEMPTS = int(os.environ.get("MANYFEW_ATTEMPTS", "4"))
MINI: dict[str, Any] = {"command": "mini-swe-agent", "output": None, "concurrency": 2}
pytestmark = pytest.mark.timeout(120 + 60 * ATTEMPTS)


@pytest.fixture
def _mini(peer, monkeypatch):
    folder = peer("mini_swe_agent").python.parent
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("_mini")
def test_mini_swe_agent_mends_repositories_through_faults(tmp_path):
    faults = ["429", None, "500", None, None, "reset", None, None, None, "cut", None, None, "hang", None]
    vendor = ScriptedVendor(fixes(*FIX), faults=faults * (1 + ATTEMPTS // 8))
    db, mini = tmp_path / "s.db", dict[str, Any](MINI, concurrency=4, model={"timeout_s": 6})
    with serving(vendor), watched(db, 10 * 10**12):
        ended = run(agents(tmp_path, vendor, samples=ATTEMPTS, **mini), db)
    assert ended.status == 0
    check_agents_books(ended.db, vendor)
    assert one(db, "SELECT count(*) FROM request WHERE state = 'presumed'") >= 3
    # One whose first call met two of the faults that lose a reply brought nothing, and was made anew.
    assert one(db, "SELECT count(*) FROM agent_attempt WHERE state != 'done' AND settled_pico > 0") == 0
    assert one(db, "SELECT count(*) FROM agent_attempt WHERE state = 'done'") == one(
        db, "SELECT count(*) FROM sample"
    )
    for row in rows(ended.db, "SELECT text, finish_reason, passed FROM sample_records"):
        assert FIXED in row["text"] or row["finish_reason"] == "error"
    # One call may meet two of the faults that lose a reply: that ends its attempt, with an error that says so.
    assert one(ended.db, "SELECT sum(passed) FROM sample") >= ATTEMPTS // 2


@pytest.mark.usefixtures("_mini")
def test_mini_swe_agent_is_ended_at_its_cap_and_its_patch_is_kept(tmp_path):
    vendor = ScriptedVendor(
        steps(
            *(
                Run(f"sed -i 's/a - b/a + b/' calc.py; echo {i}; sleep 900 >/dev/null 2>&1 & disown")
                for i in range(99)
            )
        ),
        tokens=400,
    )
    with serving(vendor):
        sweep = agents(tmp_path, vendor, attempt_usd=0.05, max_tokens=4096, **MINI)
        ended = run(sweep, tmp_path / "s.db")
    assert ends(ended.db) == [(0, "cap", 1)]
    cap = 50 * 10**9
    assert 0.7 * cap <= vendor.billed_pico <= cap
    check_agents_books(ended.db, vendor)
