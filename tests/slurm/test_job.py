"""A run with a server of its own as a job of a one-node Slurm: the page's own script, its time limit, requeue, scancel.

MANYFEW_SLURM=1 pytest tests/slurm        # as root, with slurm-wlm and munge; about 5 minutes, most of it waiting
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.orchestrator.run.books import check_books, check_complete, money, one
from tests.orchestrator.run.servers.nodes import gone, served, told, write
from tests.orchestrator.run.sweeps import ROOT, USD
from tests.slurm.cluster import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def script(folder: Path, sweep: Path, **changes: str) -> Path:
    """The page's, for this sweep and this manyfew; a node without GPUs, a shorter time."""
    page = (ROOT / "docs/how-to/slurm.md").read_text()
    (text,) = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    changes = {
        "#SBATCH --gres=gpu:1\n": "",
        "#SBATCH --requeue\n": f"#SBATCH --requeue\nexport SERVERS_OF={folder} TMPDIR={folder} PYTHONPATH={ROOT}\n",
        "runs/pythia-family.toml": str(sweep),
        "pythia-family": "test",
        "manyfew run": f"{sys.executable} -P -m manyfew run",
        "manyfew backup": f"{sys.executable} -P -m manyfew backup",
        **changes,
    }
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "job.sh"
    path.write_text(text)
    return path


def await_that(condition: Callable[[], object], within_s: float, folder: Path) -> None:
    until = time.monotonic() + within_s
    while not condition():
        said = [path.read_text() for path in folder.glob("slurm-*.out")]
        assert time.monotonic() < until, said
        time.sleep(0.3)


def samples(folder: Path, job: str) -> int:
    db = folder / f"manyfew-{job}" / "test.db"
    there = db.exists() and one(db, "SELECT count(*) FROM sqlite_master WHERE name = 'sample_records'")
    return one(db, "SELECT count(*) FROM sample_records") if there else 0


def test_scancel_and_a_second_job(cluster: Cluster, tmp_path: Path) -> None:
    """What was bought is in the shared copy, nothing is left on the node, and the next job continues from there."""
    model = served(tmp_path, "slow=0.5", "engine=1", max_n=1, sequences=1)
    sweep = write(tmp_path, {"a": model}, problems=6, samples=2)
    job = cluster.submit(script(tmp_path, sweep))
    await_that(lambda: samples(tmp_path, job) >= 2, 60, tmp_path)
    cluster.say("scancel", job)
    await_that(lambda: cluster.state(job) == "CANCELLED", 60, tmp_path)
    assert gone(tmp_path, 40) == []
    shared = tmp_path / "runs" / "test.db"
    bought = one(shared, "SELECT count(*) FROM sample_records")
    assert 2 <= bought < 12
    assert told(tmp_path)[-1] == "end", "its server was told to stop"
    check_books(shared)
    job = cluster.submit(script(tmp_path, sweep))
    await_that(lambda: cluster.state(job) not in ("PENDING", "RUNNING", "COMPLETING"), 120, tmp_path)
    assert cluster.state(job) == "COMPLETED"
    check_complete(shared, {"a": (6, 2)})
    check_books(shared)
    assert [line for line in gone(tmp_path, 0) if "sleep 600" not in line] == [], "but the script's own wait"


def test_the_time_limit_and_requeue(cluster: Cluster, tmp_path: Path) -> None:
    """SIGTERM before the limit: the samples in flight land, the servers stop, the job is put back and continues."""
    model = served(tmp_path, "slow=2", max_n=1, sequences=1)
    sweep = write(tmp_path, {"a": model}, problems=30, samples=2)
    changes = {"--time=04:00:00": "--time=2", "TERM@180": "TERM@60"}
    job = cluster.submit(script(tmp_path, sweep, **changes))
    shared = tmp_path / "runs" / "test.db"
    await_that(lambda: shared.exists() and cluster.state(job) == "PENDING", 180, tmp_path)
    await_that(lambda: not gone(tmp_path, 0) or "sleep" in gone(tmp_path, 0)[0], 40, tmp_path)
    first = one(shared, "SELECT count(*) FROM sample_records")
    assert 0 < first < 60
    assert [line for line in gone(tmp_path, 3) if "sleep 600" not in line] == []
    check_books(shared)
    assert money(shared).presumed == 0
    assert one(shared, "SELECT status FROM run") == "interrupted"
    # A requeued job waits two minutes by Slurm's own rule.
    cluster.say("scontrol", "update", f"JobId={job}", "StartTime=now")
    await_that(lambda: one(shared, "SELECT count(*) FROM sample_records") > first, 240, tmp_path)
    cluster.say("scancel", job)
    assert money(shared).held <= 10 * USD
