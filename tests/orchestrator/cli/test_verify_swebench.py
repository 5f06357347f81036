"""A sweep of SWE-bench Lite, its patches judged afterwards by `manyfew verify` (the harness is a stand-in)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model

HERE = Path(__file__).parents[2] / "verifiers/swebench"


def answer(prompt: str, index: int) -> str:
    word = ("FIXES", "nothing", "DAEMON", "FIXES")[index % 4]
    return f"```diff\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+{word}\n```" if index < 4 else "I can't."


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
