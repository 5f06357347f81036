"""Verdicts on a Ray cluster of two local nodes, with kills: `verify --cluster`, and what it says when it can't.

Ray's environment is put behind manyfew's own on the path, for the driver and for the nodes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.orchestrator.run.books import one, rows
from tests.orchestrator.run.sweeps import ROOT
from tests.peers.conftest import interpreter
from tests.verifiers.processes import gone, marked, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray"), pytest.mark.timeout(300)]
TABLE = "SELECT problem, sample_index, passed, answer FROM sample_records ORDER BY 1, 2"
OWN = ("--verifier", "python", "--option", "call=own_judge:judge")
JUDGE = """
import os, time

def judge(text, problem):
    with open(os.path.join(os.path.dirname(__file__), "calls"), "a") as calls:
        calls.write(f"{os.getppid()}\\n")
    time.sleep(SECONDS)
    if "die" in text:
        os.kill(os.getppid(), 9)
    return {"passed": str(problem["answer"]) in text.split(), "answer": text[:20]}
"""


class Cluster:
    """Nodes of two processors each, found and ended by a mark in their environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(site())]),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.address = f"127.0.0.1:{server.getsockname()[1]}"
        self._marks: list[str] = []
        self.node("--head", "--port", self.address.rpartition(":")[2], "--include-dashboard=false",
                  "--temp-dir", str(folder))  # fmt: skip

    def node(self, *words: str, **environment: str) -> str:
        """Starts one; gives its mark."""
        mark = f"mark-{uuid4().hex}"
        self._marks.append(mark)
        words = words or ("--address", self.address)
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ray.scripts.scripts", "start", *words,
             "--num-cpus", "2", "--object-store-memory", "80000000", "--disable-usage-stats"],
            env={**self.environment, "MANYFEW_TEST_MARK": mark, **environment},
            cwd=self.folder, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return mark

    def kill(self, mark: str) -> None:
        for process in marked(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        gone(mark)

    def close(self) -> None:
        for mark in reversed(self._marks):
            self.kill(mark)

    def verify(self, folder: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "manyfew", "verify", "l.db", "--json", *words],
            env={**self.environment, "RAY_ADDRESS": self.address, **environment},
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip


def site() -> Path:
    python = interpreter("ray")
    if "ray" not in os.environ.get("MANYFEW_PEERS", "").split() or python is None:
        pytest.skip(
            "MANYFEW_PEERS doesn't name ray, or its environment is not there: tests/peers/setup.sh ray"
        )
    return next(python.parent.parent.glob("lib/python3*/site-packages"))


@pytest.fixture(scope="module")
def cluster():
    folder = Path(tempfile.mkdtemp(prefix="mf", dir="/tmp"))  # paths of sockets must be short
    made = None
    try:
        made = Cluster(folder)
        yield made
    finally:
        if made is not None:
            made.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ledger(command, tmp_path):
    """Four problems of twenty texts; `slow(seconds)` says how long each takes."""
    lines = [
        {"model": "a", "problem": f"p{problem}", "sample_index": index, "text": f"{index} is {index % 7}",
         "question": "?", "gold": str(problem)}
        for problem in range(4) for index in range(20)
    ]  # fmt: skip
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert command("import", "log.jsonl", "--db", "l.db").returncode == 0
    slow(tmp_path, 0.02)
    return tmp_path / "l.db"


def slow(folder: Path, seconds: float) -> None:
    (folder / "own_judge.py").write_text(JUDGE.replace("SECONDS", str(seconds)))
    (folder / "calls").unlink(missing_ok=True)


def calls(folder: Path) -> list[int]:
    file = folder / "calls"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


@contextlib.contextmanager
def second(cluster):
    mark = cluster.node()
    try:
        yield mark
    finally:
        cluster.kill(mark)


def ended(process) -> dict[str, Any]:
    out, err = process.communicate(timeout=200)
    assert (process.returncode, err) == (0, ""), (out, err)
    return json.loads(out)


def at_home(command, ledger) -> list[Any]:
    here = ledger.with_name("here.db")
    shutil.copy(ledger, here)
    assert command("verify", str(here), *OWN).returncode == 0
    (ledger.parent / "calls").unlink()
    return rows(here, TABLE)


def test_the_table_is_that_of_the_local_pool_and_a_killed_worker_costs_nothing(cluster, command, ledger):
    table = at_home(command, ledger)
    with second(cluster):
        process = cluster.verify(ledger.parent, *OWN, "--cluster", "ray")
        until(lambda: len(calls(ledger.parent)) > 10, 120)
        for worker in set(calls(ledger.parent)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        assert ended(process)["no_verdict"] == 0
    assert rows(ledger, TABLE) == table


def test_a_killed_node_and_a_killed_driver_cost_nothing(cluster, command, ledger):
    slow(ledger.parent, 0.3)
    table = at_home(command, ledger)
    with second(cluster) as mark:
        process = cluster.verify(ledger.parent, *OWN, "--cluster", "ray")
        until(lambda: len(calls(ledger.parent)) > 10, 120)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        process = cluster.verify(ledger.parent, *OWN, "--cluster", "ray")
        at = len(calls(ledger.parent))
        until(lambda: len(calls(ledger.parent)) > at + 10, 120)
        cluster.kill(mark)
        assert ended(process)["no_verdict"] == 0
    assert rows(ledger, TABLE) == table


def test_a_text_that_kills_its_worker_has_no_verdict_and_harms_no_other(cluster, command, ledger):
    import sqlite3

    with sqlite3.connect(ledger) as connection:
        connection.execute("UPDATE sample SET text = 'die' WHERE sample_index = 3 AND problem_id = 1")
    connection.close()
    with second(cluster):
        document = ended(cluster.verify(ledger.parent, *OWN, "--cluster", "ray"))
    assert (document["no_verdict"], document["reasons"]) == (1, {"its worker died on two nodes": 1})


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not there")
def test_a_node_without_a_sandbox_is_named_before_anything_is_judged(cluster, ledger):
    bare = cluster.folder / "bin"
    bare.mkdir(exist_ok=True)
    for name in ("python3", "sh", "env", "ps", "uname"):
        if (place := shutil.which(name)) and not (bare / name).exists():
            (bare / name).symlink_to(place)
    mark = cluster.node(PATH=str(bare))
    try:
        process = cluster.verify(ledger.parent, "--verifier", "code", "--cluster", "ray")
        _, err = process.communicate(timeout=200)
    finally:
        cluster.kill(mark)
    assert (process.returncode, err.count("\n")) == (2, 1), err
    assert "of the cluster: bubblewrap is not there" in err
    assert one(ledger, "SELECT count(*) FROM sample WHERE verifier IS NOT NULL") == 0


def test_no_cluster_and_another_s_package_are_one_line(cluster, ledger, tmp_path):
    process = cluster.verify(ledger.parent, *OWN, "--cluster", "ray", RAY_ADDRESS="127.0.0.1:1")
    _, err = process.communicate(timeout=200)
    assert (process.returncode, err.count("\n")) == (2, 1), err
    assert "no Ray cluster was found from here" in err
    other = tmp_path / "other"
    (other / "verifiers").mkdir(parents=True)
    (other / "verifiers" / "__init__.py").write_text("")
    path = os.pathsep.join([str(other), cluster.environment["PYTHONPATH"]])
    mark = cluster.node(PYTHONPATH=path)
    try:
        began = time.monotonic()
        process = cluster.verify(ledger.parent, *OWN, "--cluster", "ray")
        _, err = process.communicate(timeout=200)
    finally:
        cluster.kill(mark)
    assert (process.returncode, err.count("\n")) == (2, 1), err
    assert "its package `verifiers` is not manyfew's" in err
    assert time.monotonic() - began < 120
