"""Verdicts by an array of jobs: the page's own script, one task of which is cancelled and comes again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.orchestrator.run.servers.nodes import served, write
from tests.orchestrator.run.sweeps import ROOT, run
from tests.slurm.cluster import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PARTS = 3


def manyfew(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "manyfew", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def script(folder: Path, tasks: str) -> Path:
    """The page's, for these tasks and this manyfew."""
    page = (ROOT / "docs/how-to/many-machines.md").read_text()
    (text,) = re.findall(r"### A Slurm array\n+```bash\n(.*?)```", page, re.DOTALL)
    for old, new in {
        "--array=0-199": f"--array={tasks}",
        "--cpus-per-task=8": "--cpus-per-task=1",
        "srun manyfew": f"export PYTHONPATH={ROOT}\nsrun {sys.executable} -P -m manyfew",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "array.sh"
    path.write_text(text)
    return path


def await_array(cluster: Cluster, job: str, within_s: float) -> None:
    until = time.monotonic() + within_s
    while cluster.say("squeue", "-h", "-j", job).strip():
        assert time.monotonic() < until, cluster.say("squeue")
        time.sleep(0.3)


def test_an_array_judges_the_parts(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    db = tmp_path / "test.db"
    assert run(write(tmp_path, {"a": served(tmp_path)}, problems=6, samples=4), db).status == 0
    manyfew(tmp_path, "verify-export", str(db), "parts", "--parts", str(PARTS), "--verifier", "math")
    job = cluster.submit(script(tmp_path, f"0-{PARTS - 1}"))
    cluster.say("scancel", f"{job}_{PARTS - 1}")
    await_array(cluster, job, 120)
    there = sorted(path.name for path in (tmp_path / "parts").glob("verdicts-*.jsonl"))
    assert there == [f"verdicts-{task}.jsonl" for task in range(PARTS - 1)]
    parts = [f"parts/{name}" for name in there]
    some = json.loads(manyfew(tmp_path, "verify-import", str(db), *parts, "--json"))
    assert 0 < some["right"] + some["wrong"] < 24
    await_array(cluster, cluster.submit(script(tmp_path, str(PARTS - 1))), 60)
    last = f"parts/verdicts-{PARTS - 1}.jsonl"
    all_ = json.loads(manyfew(tmp_path, "verify-import", str(db), last, "--json"))
    assert (all_["right"], all_["wrong"]) == (4, 20), "1 + 1 alone is 2"
