"""SIGKILL at random instants while a cascade's first stage goes through batches and its last one is an agent."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.ledger.reading.money.status import read_status
from tests.loopback.batch_wire import openai_batches
from tests.loopback.scripted import Run, ScriptedVendor, steps
from tests.orchestrator.run.agents.sweeps import AGENT, toy
from tests.orchestrator.run.batches.batch_sweeps import (
    KEY,
    batch_model,
    start_with_short_waits,
    with_keys,
)
from tests.orchestrator.run.books import check_bill, check_books, counts, money, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, finish

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")]

KILLS = int(os.environ.get("MANYFEW_KILLS", "3"))
SEED = int(os.environ.get("MANYFEW_KILL_SEED", "0")) or random.randrange(1, 10**6)
KINDS = ["cascade", "solve"] if "MANYFEW_KILLS" in os.environ else ["cascade"]
PROBLEMS, SAMPLES = 8, 4
CALLS = 3
SCRIPT = steps(Run("cat calc.py"), Run("sed -i 's/a - b/a + b/' calc.py"), "Done.")
RIGHT = "+    return a + b"


def easy(prompt: str, index: int) -> str:
    """Right on problems of an even number, at the third try."""
    return RIGHT if number(prompt) % 2 == 0 and index >= 2 else f"No. {index}."


def number(prompt: str) -> int:
    return next(i for i in range(PROBLEMS) if f"mend it, {i}!" in prompt)


def stages(folder: Path, desk: Any, agent: ScriptedVendor, policy: dict[str, Any]) -> Path:
    problems = [
        {**problem, "question": f"{problem['question']}, {i}!"}
        for i, problem in enumerate(toy(folder, PROBLEMS))
    ]
    return SweepFile(
        models={
            "batched": batch_model(desk, max_n=1),
            "agent": {
                "provider": "openai-compatible",
                "model": "m",
                "base_url": agent.base_url,
                "price": {"input": agent.input_usd, "output": agent.output_usd},
                "samples": 1,
                "agent": {
                    "command": AGENT,
                    "attempt_usd": 0.5,
                    "folder": "repos/{problem}",
                    "output": "git-diff",
                    "concurrency": 2,
                },
            },
        },
        problems=list(problems),
        samples=SAMPLES,
        max_tokens=1000,
        budget_usd=20,
        verifier={"kind": "regex", "pattern": r"\+ +return (a \+ b)"},
        policy=policy,
    ).write(folder)


@pytest.mark.timeout(180 + 20 * KILLS)
@pytest.mark.parametrize("kind", KINDS)
def test_batches_and_agents_are_stages_that_survive_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The seed of the instants is in the failure."""
    with_keys(monkeypatch)
    instants = random.Random(SEED)
    desk = openai_batches(key=KEY, answer=easy)
    agent = ScriptedVendor(SCRIPT, latency_s=0.1)
    policy = {"kind": kind} | ({"order": ["batched", "agent"]} if kind == "cascade" else {})
    db = tmp_path / "s.db"
    with serving(desk.vendor, agent):
        path = stages(tmp_path, desk, agent, policy)
        for _ in range(KILLS):
            before = desk.created + len(agent.asked)
            process = start_with_short_waits(path, db)
            until = time.monotonic() + 20
            while desk.created + len(agent.asked) == before and process.poll() is None:
                assert time.monotonic() < until, SEED
                time.sleep(0.01)
            time.sleep(instants.uniform(0, 0.8))
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=20)
            time.sleep(0.3)  # what was in flight is answered, and billed
        assert finish(start_with_short_waits(path, db), 120).status == 0, SEED
        seen = desk.created, len(agent.asked)
        assert finish(start_with_short_waits(path, db), 60).status == 0, SEED
        assert (desk.created, len(agent.asked)) == seen, SEED
    check_books(db)
    check_bill(db, {"batched": desk.vendor}, 20 * USD)
    assert money(db, "agent").held >= agent.billed_pico, SEED
    assert read_status(db)["solved_by_any"] == PROBLEMS, SEED
    if kind == "cascade":
        assert counts(db, "batched") == {f"p{i}": 4 if i % 2 else 3 for i in range(PROBLEMS)}, SEED
        assert counts(db, "agent") == {f"p{i}": 1 for i in range(1, PROBLEMS, 2)}, SEED
    assert {row[0] for row in rows(db, "SELECT DISTINCT stop_rule FROM sample_records")} == {kind}
