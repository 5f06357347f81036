"""A kill loop over attempts: manyfew is killed with SIGKILL at random instants until all samples are there.

MANYFEW_KILLS says how many kills (3; 25 in the long run), MANYFEW_KILL_SEED which instants."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

import pytest

from tests.loopback.scripted import Run, ScriptedVendor, steps
from tests.orchestrator.run.agents.sweeps import AGENT, agents, check_agents_books, ends
from tests.orchestrator.run.books import money, one, sample_keys
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import finish, start

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")]
KILLS = int(os.environ.get("MANYFEW_KILLS", "3"))
SEED = int(os.environ.get("MANYFEW_KILL_SEED", "0")) or random.randrange(1, 10**6)
MARK = f"--of-{os.getpid()}"
"""Tells these agents from others on the machine."""
CALLS = 8
SAMPLES = max(6, KILLS + 5)
MEND = Run("sed -i 's/a - b/a + b/' calc.py")
SCRIPT = steps(*(Run(f"cat calc.py; echo {n}") for n in range(CALLS - 2)), MEND, "Done.")


@pytest.mark.timeout(120 + 20 * KILLS)
def test_attempts_survive_kills(tmp_path):
    """Nothing is lost or bought twice but what was in flight; the seed of the instants is in the failure."""
    instants, kills, recorded = random.Random(SEED), 0, set[tuple[str, str, int]]()
    vendor = ScriptedVendor(SCRIPT, latency_s=0.15)
    with serving(vendor):
        sweep, db = (
            agents(tmp_path, vendor, samples=SAMPLES, concurrency=3, budget_usd=100, command=[*AGENT, MARK]),
            tmp_path / "s.db",
        )
        while kills < KILLS and len(recorded) < SAMPLES:
            before = len(vendor.asked)
            run = start(sweep, db)
            while len(vendor.asked) == before and run.poll() is None:
                time.sleep(0.01)
            time.sleep(instants.uniform(0, 1.2))
            run.kill()
            finish(run)
            kills += 1
            time.sleep(0.3)  # what was in flight is answered, and billed
            now = set(sample_keys(db))
            assert recorded <= now, SEED
            recorded = now
            assert vendor.billed_pico <= money(db).held, SEED
            until = time.monotonic() + 10  # the kernel ends them, in its time
            while _alive() and time.monotonic() < until:
                time.sleep(0.05)
            assert not _alive(), SEED
        assert finish(start(sweep, db), 120 + KILLS).status == 0
    assert len(sample_keys(db)) == SAMPLES
    assert [end[1:] for end in ends(db)] == [("stop", 1)] * SAMPLES
    check_agents_books(db, vendor)
    again = len(vendor.asked) - SAMPLES * CALLS
    lost = one(db, "SELECT count(*) FROM request WHERE state = 'presumed'")
    assert 0 <= again <= lost, (SEED, again, lost)


def _alive() -> list[str]:
    """Processes of the agent that outlived manyfew."""
    return [
        entry.name
        for entry in os.scandir("/proc")
        if entry.name.isdecimal() and MARK.encode() in _command(entry.path)
    ]


def _command(process: str) -> bytes:
    try:
        return Path(process, "cmdline").read_bytes()
    except OSError:
        return b""
