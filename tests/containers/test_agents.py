"""Patches that an agent made, judged by SWE-bench's own harness while the run samples: a verdict ends the buying.

The agent is mini-swe-agent where MANYFEW_PEERS names it (tests/peers), else a small one of the standard library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestrator.analysis.whole_document import frontier_documents
from tests.containers.test_swebench import FILES, dataset
from tests.loopback.scripted import SUBMIT, Run, ScriptedVendor, Turn
from tests.orchestrator.run.agents.sweeps import AGENT, check_agents_books
from tests.orchestrator.run.books import one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, run
from tests.peers.conftest import interpreter

__all__ = ["dataset"]

WRONG = Run("sed -i 's/return w + h/return w - h/' shapes.py")
RIGHT = Run("sed -i 's/return w + h/return w * h/' shapes.py")
ISSUES = 2


class Learns(ScriptedVendor):
    """Its model is wrong in its first attempt at the second issue, and right in all others."""

    def __init__(self, end: Turn) -> None:
        super().__init__(self._turn)
        self._end = end
        self._begun = 0

    def _turn(self, outputs: Sequence[str]) -> Turn:
        if outputs:
            return self._end
        self._begun += 1
        return WRONG if self._begun == ISSUES else RIGHT


def mini(monkeypatch: pytest.MonkeyPatch) -> bool:
    python = interpreter("mini_swe_agent")
    if python is None or "mini_swe_agent" not in os.environ.get("MANYFEW_PEERS", "").split():
        return False
    monkeypatch.setenv("PATH", f"{python.parent}{os.pathsep}{os.environ['PATH']}")
    return True


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
@pytest.mark.timeout(600)
def test_verdicts_of_the_real_harness_end_the_buying_of_attempts(
    docker: Path, dataset: Path, python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    known = mini(monkeypatch)
    issues = tmp_path / "issues.jsonl"
    listed: list[dict[str, Any]] = json.loads(dataset.read_text())[:ISSUES]
    issues.write_text("".join(json.dumps(row) + "\n" for row in listed))
    for row in listed:
        repository = tmp_path / "repos" / row["instance_id"]
        repository.mkdir(parents=True)
        for name, text in FILES.items():
            (repository / name).write_text(text)
        for words in (
            ["init", "-q"],
            ["add", "-A"],
            ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "1"],
        ):
            subprocess.run(["git", *words], cwd=repository, check=True)
    vendor = Learns(SUBMIT if known else "Done.")
    with serving(vendor):
        sweep = SweepFile(
            models={
                "cheap": {
                    "provider": "openai-compatible",
                    "model": "m",
                    "base_url": vendor.base_url,
                    "price": {"input": vendor.input_usd, "output": vendor.output_usd},
                    "agent": {
                        "command": "mini-swe-agent" if known else AGENT,
                        "attempt_usd": 0.2,
                        "folder": "repos/{problem}",
                        "output": "git-diff",
                        "concurrency": 1,
                    },
                }
            },
            source={"source": "swebench-lite", "path": str(issues)},
            samples=8,
            max_tokens=1000,
            sampling={"mode": "until_solved"},
            verifier={
                "kind": "swebench",
                "dataset": str(dataset),
                "python": str(python),
                "work": str(tmp_path / "work"),
                "workers": 2,
                "during": True,
            },
        ).write(tmp_path)
        ended = run(sweep, tmp_path / "s.db")
    assert ended.status == 0, ended.result.reason
    check_agents_books(ended.db, vendor)
    found = rows(
        ended.db, "SELECT problem, passed, count(*) AS n FROM sample_records GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert [(row["passed"], row["n"]) for row in found] == [(1, 1), (0, 1), (1, 1)]
    evidence = {row[0] for row in rows(ended.db, "SELECT evidence FROM verdict WHERE passed = 1")}
    assert evidence == {"FAIL_TO_PASS 1/1; PASS_TO_PASS 1/1"}
    assert one(ended.db, "SELECT count(*) FROM agent_attempt WHERE state = 'done'") == 3
    model = frontier_documents([ended.db], "usd").whole["models"]["cheap"]
    assert model["agent"]["attempts"] == 3
