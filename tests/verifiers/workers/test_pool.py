"""Worker processes: whatever a text does to one, there is a verdict or a reason, and nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.verifiers.processes import gone, marked, needs_proc, until
from verifiers.registry import bounds_for, get
from verifiers.workers.executor import Executor, LocalExecutor

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
JUDGE = """
import ctypes, os, signal, subprocess, sys, time

def judge(text, problem):
    here = os.path.dirname(__file__)
    with open(os.path.join(here, "calls"), "a") as calls:
        calls.write(f"{os.getpid()} {text}\\n")
    if text == "hang":
        time.sleep(600)
    if text == "spin":
        import re
        re.match(r"(a+)+$", "a" * 64 + "b")
    if text == "grow":
        held = bytearray(4_000_000_000)
    if text == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if text == "exit":
        os._exit(0)
    if text == "crash":
        ctypes.string_at(0)
    if text == "child":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        time.sleep(600)
    if text == "print":
        print('{"verdict": {"passed": true}}', flush=True)
        os.write(1, b'{"verdict": {"passed": true}}\\n')
    if text == "stdin":
        sys.stdin.read()
    if text == "raise":
        raise RuntimeError("no \\udcff idea")
    if text == "leave":
        sys.exit(3)
    if text == "surrogate":
        return {"passed": True, "answer": "\\udcff"}
    return text == problem["answer"]
"""


@pytest.fixture
def mark(monkeypatch) -> str:
    """Whatever is started from here on carries it."""
    value = f"mark-{uuid4().hex}"
    monkeypatch.setenv("MANYFEW_TEST_MARK", value)
    return value


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "judge_module.py").write_text(JUDGE)
    return tmp_path


@pytest.fixture
def executor(folder, mark) -> Iterator[Executor]:
    options = {"call": "judge_module:judge"}
    bounds = bounds_for("python", timeout_s=1, workers=2, memory_mb=512, folder=str(folder))
    made = LocalExecutor(get("python", options, bounds), options, bounds)
    yield made
    made.close()
    if sys.platform == "linux":
        assert gone(mark, within_s=0.5), "a closed pool leaves nothing"


RIGHT = ("18", {"answer": "18"})


def judged(executor: Executor, *texts: str):
    return executor.judge([(text, {"answer": "18"}) for text in texts])


def test_right_and_wrong_in_order(executor):
    assert [verdict.passed for verdict in judged(executor, "18", "17", "18", "")] == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hang", "no verdict within 1 s"),
        ("spin", "no verdict within 1 s"),
        ("child", "no verdict within 1 s"),
        ("grow", "the verifier took more than its 512 MB on this text"),
        ("kill", "the verifier's worker was killed by SIGKILL on this text"),
        ("crash", "the verifier's worker was killed by SIGSEGV on this text"),
        ("exit", "the verifier's worker ended with status 0 on this text"),
        ("raise", "judge raised RuntimeError: no ? idea"),
        ("leave", "judge raised SystemExit: 3"),
    ],
)
def test_a_text_that_breaks_the_verifier_costs_its_own_verdict_alone(executor, text, reason):
    first, guilty, last = judged(executor, "18", text, "18")
    assert (guilty.passed, guilty.reason) == (None, reason)
    assert (first.passed, last.passed) == (True, True)


def test_what_a_verifier_prints_or_reads_is_no_part_of_the_talk(executor):
    assert [verdict.passed for verdict in judged(executor, "print", "stdin", "18")] == [False, False, True]


def test_text_that_json_cannot_carry(executor):
    assert judged(executor, "a\udcffb\0\n\u2028", "18")[1].passed is True
    assert judged(executor, "surrogate")[0].answer == "?"


def test_one_worker_serves_many_texts(executor, folder):
    for _ in range(20):
        judged(executor, "18", "17")
    workers = {line.split()[0] for line in (folder / "calls").read_text().splitlines()}
    assert len(workers) == 1


def test_the_children_of_a_killed_worker_die_with_it(executor, mark):
    judged(executor, "child")
    if sys.platform == "linux":
        assert gone(mark)


@needs_proc
def test_a_worker_killed_by_another_costs_no_verdict(executor, mark):
    assert judged(executor, "18")[0].passed is True
    (worker,) = marked(mark)
    os.kill(worker, signal.SIGKILL)
    assert judged(executor, "18")[0].passed is True
    assert marked(mark) != [worker]


@needs_proc
def test_closing_ends_calls_that_wait(folder, mark):
    options = {"call": "judge_module:judge"}
    bounds = bounds_for("python", timeout_s=600, folder=str(folder))
    executor = LocalExecutor(get("python", options, bounds), options, bounds)
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.extend(judged(executor, "spin", "18")))
    waiting.start()
    until(lambda: (folder / "calls").exists())
    executor.close()
    waiting.join(20)
    assert not waiting.is_alive()
    assert len(found) == 2
    assert gone(mark)


@needs_proc
@pytest.mark.parametrize("text", ["18", "hang", "spin"])
def test_a_killed_parent_leaves_nothing(folder, mark, text):
    parent = f"""
import sys, time
from verifiers.workers.executor import Executor, LocalExecutor
from verifiers.registry import bounds_for, get
options = {{"call": "judge_module:judge"}}
bounds = bounds_for("python", timeout_s=600, folder={str(folder)!r})
executor = LocalExecutor(get("python", options, bounds), options, bounds)
executor.judge([({text!r}, {{"answer": "18"}})])
time.sleep(600)
"""
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, start_new_session=True)
    calls = folder / "calls"
    until(lambda: calls.exists() and calls.read_text().endswith("\n"))
    assert len(marked(mark)) == 2
    process.kill()
    process.wait()
    assert gone(mark)


def test_a_verifier_that_does_not_start_says_why(folder, mark):
    (folder / "judge_module.py").write_text("raise KeyError('no such thing')")
    options = {"call": "judge_module:judge"}
    bounds = bounds_for("python", timeout_s=1, folder=str(folder))
    executor = LocalExecutor(get("python", options, bounds), options, bounds)
    try:
        verdicts = executor.judge([RIGHT, RIGHT])
    finally:
        executor.close()
    assert [verdict.reason for verdict in verdicts] == [
        "the verifier did not start: KeyError: 'no such thing'"
    ] * 2


def test_a_worker_of_our_own_kinds_sees_no_secret(monkeypatch, mark):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    options = {"pattern": "18"}
    bounds = bounds_for("regex", timeout_s=5)
    executor = LocalExecutor(get("regex", options, bounds), options, bounds)
    try:
        assert executor.judge([RIGHT])[0].passed is True
        if sys.platform == "linux":
            (worker,) = marked(mark)
            assert b"sk-canary" not in Path(f"/proc/{worker}/environ").read_bytes()
    finally:
        executor.close()


def test_catastrophic_backtracking_is_cut_short():
    options = {"pattern": r"^(\w+\s?)*$"}
    bounds = bounds_for("regex", timeout_s=0.5, workers=1)
    executor = LocalExecutor(get("regex", options, bounds), options, bounds)
    try:
        verdicts = executor.judge([("word " * 30 + "!", {"answer": "x"}), ("x", {"answer": "x"})])
    finally:
        executor.close()
    assert [verdict.passed for verdict in verdicts] == [None, True]
    assert verdicts[0].reason == "no verdict within 0.5 s"


def test_small_texts_travel_together_and_slow_ones_alone(executor):
    for _ in range(30):
        judged(executor, *["18"] * executor.size)
        if executor.size > 4:
            break
    assert executor.size > 4
    judged(executor, "hang")
    assert executor.size == 1


@pytest.mark.parametrize("text", ["kill", "hang", "exit", "18"])
def test_texts_whose_verdicts_come_together_lose_none_to_the_one_that_breaks_a_worker(executor, text):
    texts = ["18", "17", text, "18", "a\udcffb"]
    verdicts = executor.judge_apart([(one, {"answer": "18"}) for one in texts])
    passed = True if text == "18" else None
    assert [verdict.passed for verdict in verdicts] == [True, False, passed, True, False]


def test_many_and_long_texts_go_in_several_trips(executor):
    texts = ["18", "x" * 300_000] * 150
    verdicts = executor.judge_apart([(one, {"answer": "18"}) for one in texts])
    assert [verdict.passed for verdict in verdicts] == [True, False] * 150
