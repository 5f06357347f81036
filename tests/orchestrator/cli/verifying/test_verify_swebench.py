"""A sweep of SWE-bench Lite, its patches judged afterwards by `manyfew verify` (the harness is a stand-in)."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, finish, model, start

HERE = Path(__file__).parents[3] / "verifiers/swebench"


def patch(word: str) -> str:
    return f"```diff\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+{word}\n```"


def answer(prompt: str, index: int) -> str:
    return patch(("FIXES", "nothing", "DAEMON", "FIXES")[index % 4]) if index < 4 else "I can't."


@pytest.fixture
def standin(tmp_path, monkeypatch):
    (tmp_path / "containers").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(HERE / "standin"))
    monkeypatch.setenv("STANDIN_CONTAINERS", str(tmp_path / "containers"))


def test_run_keeps_the_samples_and_verify_judges_them(tmp_path, standin, command, monkeypatch):
    vendor, cases = openai_vendor(answer=answer), HERE / "cases.jsonl"
    source = {"source": "swebench-lite", "path": str(cases)}
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, source=source, samples=5, max_tokens=400).write(tmp_path)
        ran = command("run", str(sweep), "--no-progress")
    assert ran.returncode == 0, ran.stderr
    assert "manyfew verify" in ran.stdout
    assert {row[0] for row in rows(tmp_path / "runs/test.db", "SELECT passed FROM sample")} == {None}
    judge = ("verify", "runs/test.db", "--verifier", "swebench", "--option", f"dataset={cases}")
    done = command(*judge, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    # Of five samples of each of three problems: two the same and right, one wrong, one broken, one without a patch.
    assert [document[key] for key in ("judged", "right", "wrong", "no_verdict")] == [15, 6, 6, 3]
    asked = [json.loads(line) for line in Path("runs/swebench/calls.jsonl").read_text().splitlines()]
    assert [len(call["ids"]) for call in asked] == [3, 3, 3]
    (evidence,) = {row[0] for row in rows(tmp_path / "runs/test.db", "SELECT evidence FROM verdict WHERE passed = 1 "
                   "AND problem_id = (SELECT id FROM problem WHERE key = 'maker__gears-7')")}  # fmt: skip
    assert evidence == "FAIL_TO_PASS 1/1; PASS_TO_PASS 0/0"
    # What broke is tried again, and only that.
    assert json.loads(command(*judge, "--json").stdout)["no_verdict"] == 3
    asked = [json.loads(line) for line in Path("runs/swebench/calls.jsonl").read_text().splitlines()]
    assert [len(call["ids"]) for call in asked] == [3, 3, 3, 3]
    check_books(tmp_path / "runs/test.db")
    # A ledger may be another person's: what only it says starts no program.
    assert command("verify", "runs/test.db").returncode == 2
    assert command("frontier", "runs/test.db", "--json").returncode == 0


def steered(folder: Path, vendor, *, keys: dict[str, Any], samples: int = 4, **more: Any) -> SweepFile:
    cases = str(HERE / "cases.jsonl")
    return SweepFile(
        {"m": model(vendor)},
        source={"source": "swebench-lite", "path": cases},
        samples=samples,
        max_tokens=400,
        verifier={"dataset": cases, **keys},
        **more,
    )


@pytest.mark.slow
def test_during_a_run_verdicts_end_a_problem(tmp_path, standin, command):
    """until_solved asks for 1, 2, 4 … samples: the first patch of a problem is right, so each gets one."""
    vendor = openai_vendor(answer=answer)
    with serving(vendor):
        keys, until = {"during": True}, {"mode": "until_solved"}
        asks = steered(tmp_path, vendor, keys=keys, sampling=until).write(tmp_path)
        ran = command("run", str(asks), "--no-progress")
    assert ran.returncode == 0, ran.stderr
    assert {row[0] for row in rows(tmp_path / "runs/test.db", "SELECT passed FROM sample")} == {1}
    assert len(vendor.billed) == 3
    asked = [json.loads(line) for line in Path("runs/swebench/calls.jsonl").read_text().splitlines()]
    assert sum(len(call["ids"]) for call in asked) == 3
    check_books(tmp_path / "runs/test.db")


@pytest.mark.slow
def test_what_an_interrupted_run_left_is_judged_beside_the_next(tmp_path, standin, command):
    vendor = openai_vendor(answer=lambda _prompt, _index: patch("LINGERS"))
    with serving(vendor):
        sweep = steered(tmp_path, vendor, keys={"during": True}, samples=1).write(tmp_path)
        sees = {"PYTHONPATH": str(HERE / "standin")}
        run = start(sweep, tmp_path / "s.db", "--grace", "1s", **sees)
        while not list(tmp_path.glob("containers/*")):
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        assert finish(run).status == 130
        # The harness is ended with the run, and its containers with it.
        assert not list(tmp_path.glob("containers/*"))
        assert {row[0] for row in rows(tmp_path / "s.db", "SELECT passed FROM sample")} == {None}
        vendor.faults.clear()
        ended = start(sweep, tmp_path / "s.db", "--grace", "1s", STANDIN_LINGERS="0", **sees)
        assert finish(ended, 60).status == 0
    assert {row[0] for row in rows(tmp_path / "s.db", "SELECT passed FROM sample")} == {0}
    assert len(vendor.billed) == 3


def test_without_docker_nothing_is_spent(tmp_path, standin, command, monkeypatch):
    monkeypatch.setenv("STANDIN_DOCKER", "Cannot connect")
    vendor = openai_vendor(answer=answer)
    source = {"source": "swebench-lite", "path": str(HERE / "cases.jsonl")}
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, source=source, samples=1).write(tmp_path)
        done = command("run", str(sweep), "--no-progress")
    assert (done.returncode, vendor.seen) == (2, [])
    assert "docker's daemon doesn't answer" in done.stderr
    assert "start its daemon" in done.stderr
