"""What a person sees of a run's servers from another terminal, and --stop-after with servers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.orchestrator.run.books import check_books, check_complete, money, rows
from tests.orchestrator.run.servers.nodes import gone, served, told, write
from tests.orchestrator.run.sweeps import ROOT, finish, run, start

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def command(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "manyfew", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_status_and_watch_show_servers(tmp_path: Path) -> None:
    """Phase, the log's last words, GPUs, dollars an hour, seconds to ready."""
    db = tmp_path / "test.db"
    model = served(
        tmp_path, f"waits={tmp_path / 'loaded'}", "slow=1", max_n=1, sequences=1, serve={"gpus": 2}
    )
    path = write(tmp_path, {"a": model}, problems=6, samples=2)
    path.write_text(path.read_text() + "\n[serve]\ngpus = [4, 6]\n")
    process = start(path, db, SERVERS_OF=str(tmp_path), CUDA_VISIBLE_DEVICES="")
    until = time.monotonic() + 20
    while not told(tmp_path):
        assert time.monotonic() < until
        time.sleep(0.05)
    watching = command(tmp_path, "watch", str(db))
    assert watching.stdout is not None
    watched = ""
    while "server a: loading for" not in watched:
        line = watching.stdout.readline()
        assert line, watched
        watched += line
    loading = json.loads(finish(command(tmp_path, "status", str(db), "--json")).out)["servers"]
    (tmp_path / "loaded").touch()
    ready: list[dict[str, object]] = []
    text = ""
    while not ready:
        assert process.poll() is None, process.communicate()
        text = finish(command(tmp_path, "status", str(db))).out
        found = json.loads(finish(command(tmp_path, "status", str(db), "--json")).out)["servers"]
        ready = [one for one in found if one["phase"] == "ready"]
    ended = finish(process)
    watched += finish(watching).out
    assert ended.status == 0, ended.err
    assert [(one["phase"], one["gpus"], one["usd_per_hour"]) for one in loading] == [
        ("loading", ["4", "6"], 72.0)
    ]
    assert float(str(ready[0]["loading_s"])) > 0
    assert "server a: " in text
    assert "GPU 4,6" in text
    assert "$72.00/h" in text
    for words in ("server a: loading for", "server a: ready after", "GPU 4,6", "$72.00/h", "Loading weights"):
        assert words in watched, watched
    over = json.loads(finish(command(tmp_path, "status", str(db), "--json")).out)
    assert over["servers"] == []
    assert gone(tmp_path, 0) == []


def test_stop_after_lets_samples_land_and_stops_servers(tmp_path: Path) -> None:
    """The next run goes on from there, on a server of its own."""
    db = tmp_path / "test.db"
    models = {
        "a": served(tmp_path, "slow=0.8", "engine=1", max_n=1, sequences=2),
        "b": served(tmp_path, model="m2"),
    }
    path = write(tmp_path, models, problems=10)
    ended = run(path, db, stop_after_s=5)
    assert ended.status == 130, ended.result
    assert told(tmp_path)[-1] == "end"
    assert len(told(tmp_path)) == 2, "the second model's server is not started any more"
    assert gone(tmp_path, 0) == []
    check_books(db)
    assert (money(db).presumed, money(db).reserved) == (0, 0)
    assert {row["state"] for row in rows(db, "SELECT state FROM request")} <= {"settled", "free"}
    while_loading = run(
        write(tmp_path / "other", {"c": served(tmp_path, "never=1")}), tmp_path / "c.db", stop_after_s=2
    )
    assert while_loading.status == 130
    assert gone(tmp_path, 0) == []
    assert run(path, db).status == 0
    check_complete(db, {"a": (10, 2), "b": (10, 2)})
    check_books(db)
