"""Kind `command`: any program, JSON in and out, dead at its limit with all that it started."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
import time
from uuid import uuid4

import pytest

from tests.verifiers.processes import gone, marked, needs_proc, until
from verifiers.command import Command
from verifiers.types import Bounds

READ = "import json, os, subprocess, sys, time\nasked = json.load(sys.stdin)\n"


@pytest.fixture
def mark(monkeypatch):
    value = f"mark-{uuid4().hex}"
    monkeypatch.setenv("MANYFEW_TEST_MARK", value)
    return value


@pytest.fixture
def made(tmp_path, mark):
    """Makes a verifier of this program."""

    def make(code: str, timeout_s: float = 5, memory_mb: int = 1024, **options: object) -> Command:
        (tmp_path / "judge.py").write_text(READ + code)
        bounds = Bounds(timeout_s=timeout_s, memory_mb=memory_mb, folder=str(tmp_path))
        return Command(command=[sys.executable, "judge.py"], bounds=bounds, **options)

    return make


def test_it_is_asked_and_answers_in_json(made):
    code = (
        "print(json.dumps({'passed': asked['text'] == asked['problem']['answer'], 'answer': asked['text']}))"
    )
    verifier = made(code)
    right, wrong = (
        verifier.verify("é\n\udcff", {"answer": "é\n\udcff"}),
        verifier.verify("a", {"answer": "b"}),
    )
    assert (right.passed, wrong.passed, wrong.answer) == (True, False, "a")


REPLIES = [
    ("print('{\"score\": 0.7}')", False, ""),
    ("print('{\"passed\": null}')", None, "could not tell"),
    ("print('{}')", None, "could not tell"),
    ("print('true')", None, "output is not a JSON object"),
    ("print('{\"passed\": true} and more')", None, "output is no JSON"),
    ("print('[' * 100_000)", None, "output is no JSON"),
    ("pass", None, "output is no JSON"),
    ("print('{\"passed\": true}'); sys.exit(3)", None, "ended with status 3"),
    ("os.kill(os.getpid(), 9)", None, "was killed by SIGKILL"),
    ("os.write(1, b'x' * 2_000_000); time.sleep(60)", None, "wrote more than 1,000,000 bytes"),
    ("raise ValueError('mine')", None, "ended with status 1"),
]


@pytest.mark.parametrize(("code", "passed", "reason"), REPLIES)
def test_replies(made, code, passed, reason):
    verdict = made(code).verify("t", {})
    assert verdict.passed is passed
    assert reason in (verdict.reason or "")


def test_what_it_says_on_stderr_is_the_evidence(made):
    verdict = made("raise ValueError('mine')").verify("t", {})
    assert "ValueError: mine" in (verdict.evidence or "")


@needs_proc
def test_past_its_limit_it_dies_with_all_that_it_started(made, mark):
    code = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); time.sleep(600)"
    started = time.monotonic()
    verdict = made(code, timeout_s=0.7).verify("t", {})
    assert (verdict.passed, verdict.reason) == (None, "the command ran past its limit of 0.7 s")
    assert time.monotonic() - started < 60  # of ten minutes
    assert gone(mark)


@needs_proc
def test_what_it_leaves_running_dies(made, mark):
    code = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print('{\"passed\": true}')"
    assert made(code).verify("t", {}).passed is True
    assert gone(mark)


@needs_proc
def test_what_left_its_group_holds_up_nothing(made, mark):
    code = (
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)'], start_new_session=True)\n"
        "print('{\"passed\": true}')"
    )
    started = time.monotonic()
    assert made(code).verify("t", {}).passed is True
    assert time.monotonic() - started < 25  # of thirty
    for process in marked(mark):
        os.kill(process, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux")
def test_memory_is_bounded(made):
    verdict = made("held = bytearray(2_000_000_000); print('{\"passed\": true}')", memory_mb=512).verify(
        "t", {}
    )
    assert verdict.passed is None
    assert "MemoryError" in (verdict.evidence or "")


def test_several_at_once_and_a_program_that_reads_nothing(tmp_path, mark):
    (tmp_path / "judge.py").write_text("import time; time.sleep(0.5); print('{\"passed\": true}')")
    verifier = Command(command=[sys.executable, "judge.py"], bounds=Bounds(folder=str(tmp_path)))
    found: list[object] = []
    text = "x" * 1_000_000
    threads = [
        threading.Thread(target=lambda: found.append(verifier.verify(text, {}).passed)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


@needs_proc
def test_closing_ends_what_runs(made, mark):
    verifier = made("time.sleep(600)", timeout_s=600)
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(verifier.verify("t", {})))
    thread.start()
    until(lambda: marked(mark))
    verifier.close()
    thread.join(5)
    assert not thread.is_alive()
    assert gone(mark)


def test_a_relative_program_is_beside_the_sweep_file(tmp_path, monkeypatch):
    program = tmp_path / "judge"
    program.write_text("#!/bin/sh\necho '{\"passed\": true}'\n")
    bounds = Bounds(folder=str(tmp_path))
    assert Command(command=["./judge"], bounds=bounds).lacks() is not None, "it may not be run yet"
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    verifier = Command(command=["./judge"], bounds=bounds)
    assert (verifier.lacks(), verifier.verify("t", {}).passed) == (None, True)
    version = verifier.version
    program.write_text("#!/bin/sh\necho '{\"passed\": false}'\n")
    assert Command(command=["./judge"], bounds=bounds).version != version
    lacking = Command(command=["./judge"]).lacks()
    assert lacking is not None
    assert "./judge" in lacking[0]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"command": "judge"},
        {"command": []},
        {"command": [1]},
        {"command": ["a", ""]},
        {"command": ["a\0"]},
    ],
)
def test_options_out_of_range(options):
    with pytest.raises(ValueError, match=r"^verifier command: command is"):
        Command(**options)
