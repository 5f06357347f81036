"""The shipped quickstart: what a clone has is what a package has, and it replays to the end."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from orchestrator.quickstart import sweep_text, tape_path
from orchestrator.sweep.load import load
from providers.tape import read_tape

ROOT = Path(__file__).parents[3]


def test_a_clone_and_a_package_have_the_same_quickstart():
    assert (ROOT / "runs" / "quickstart.toml").read_text("utf-8") == sweep_text()


def test_the_tape_holds_what_the_sweep_asks_for():
    sweep = load(ROOT / "runs" / "quickstart.toml")
    tape = read_tape(tape_path())
    problems = [
        json.loads(line)["id"]
        for line in (ROOT / "orchestrator/quickstart/problems.jsonl").read_text("utf-8").splitlines()
    ]
    assert len(problems) >= 32
    for alias, model in sweep.models.items():
        assert model.samples >= 64
        assert list(tape.samples[alias]) == problems
        assert all(list(held) == list(range(model.samples)) for held in tape.samples[alias].values())


def test_it_replays_through_the_whole_program(tmp_path):
    """At ten times the pace, and with fewer samples."""
    text = sweep_text().replace("speed = 60", "speed = 2000").replace("samples = 64", "samples = 20")
    (tmp_path / "q.toml").write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "manyfew", "run", "q.toml", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["status"] == "complete"
    assert document["samples"] == {"planned": 1600, "done": 1600, "failed": 0}
    connection = sqlite3.connect(tmp_path / "runs" / "quickstart.db")
    rows = connection.execute(
        "SELECT model, settled_pico, presumed_pico, reserved_pico, unused_pico, samples FROM spend"
    ).fetchall()
    for model, settled, presumed, reserved, unused, samples in rows:
        assert (presumed, reserved, samples) == (0, 0, 800)
        (cost,) = connection.execute(
            "SELECT sum(cost_pico) FROM sample_records WHERE model = ? AND cost_basis = 'replayed'", (model,)
        ).fetchone()
        assert cost + unused == settled > 0
    assert connection.execute("SELECT count(*) FROM sample_records WHERE passed IS NULL").fetchone() == (0,)
    connection.close()


def test_a_replay_never_counts_against_the_budget(tmp_path):
    text = sweep_text().replace("speed = 60", "speed = 2000").replace("samples = 64", "samples = 4")
    (tmp_path / "q.toml").write_text(text.replace("budget_usd = 0.10", "budget_usd = 0"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "manyfew", "run", "q.toml", "--no-progress"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
