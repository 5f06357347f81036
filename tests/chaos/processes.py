"""Processes of `manyfew` from the nursery, as a test holds them: started, signalled, waited for, and looked for."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.orchestrator.run.sweeps import ROOT

HANGS_S = 90.0
"""A command that takes longer hangs."""
DIES_S = 10.0
"""So long after a command its workers may live on."""


@dataclass
class Process:
    """One command. Its process group and its session are its own."""

    arguments: list[str]
    folder: Path
    number: int
    pid: int = 0
    status: int | None = None
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    _born: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def lived_s(self) -> float:
        return self.ended - self.began

    @property
    def alive(self) -> bool:
        return not self._over.is_set()

    @property
    def out(self) -> str:
        return self._written("out")

    @property
    def err(self) -> str:
        return self._written("err")

    def _written(self, kind: str) -> str:
        path = self.folder / f"{self.number}.{kind}"
        return path.read_text(errors="replace") if path.exists() else ""

    def signal(self, number: signal.Signals) -> bool:
        """Whether it still lived."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
                return True
        return False

    def wait(self, timeout_s: float = HANGS_S) -> int:
        """Its exit status. One that hangs says where each thread is, is killed, and fails the test."""
        if not self._over.wait(timeout_s):
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGABRT)
            self._over.wait(5)
            self.signal(signal.SIGKILL)
            self._over.wait(5)
            raise AssertionError(f"{self.arguments} did not end within {timeout_s} s: {self.err[-6000:]}")
        assert self.status is not None
        return self.status

    def strays(self) -> list[int]:
        """Processes of its session that live on without it."""
        until = time.monotonic() + DIES_S
        while (found := _session(self.pid)) and time.monotonic() < until:
            time.sleep(0.02)
        return found


def _session(sid: int) -> list[int]:
    """Living processes of this session, itself not counted."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != sid:
            with contextlib.suppress(OSError):
                _, _, rest = (entry / "stat").read_text().rpartition(")")
                state, _, _, session = rest.split()[:4]
                if int(session) == sid and state != "Z":
                    found.append(int(entry.name))
    return found


class Nursery:
    """One for all threads of the test."""

    def __init__(self, environment: dict[str, str]) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_", "PYTHON"))}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.chaos.nursery"],
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._lock = threading.Lock()
        self._processes: dict[int, Process] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def start(self, *arguments: str, folder: Path, **environment: str) -> Process:
        """Returns once it lives."""
        with self._lock:
            process = Process([*arguments], folder, len(self._processes))
            self._processes[process.number] = process
            order = {
                "number": process.number,
                "arguments": process.arguments,
                "environment": environment,
                "folder": str(folder),
            }
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        assert process._born.wait(HANGS_S), "the nursery bears no more"
        return process

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told: dict[str, Any] = json.loads(line)
            process = self._processes[told["number"]]
            if "pid" in told:
                process.pid = told["pid"]
                process._born.set()
            else:
                process.status, process.ended = told["status"], time.monotonic()
                process._over.set()

    def close(self) -> None:
        """Ends what still lives, each by its own id."""
        for process in self._processes.values():
            if process.pid:
                process.signal(signal.SIGKILL)
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        finally:
            self._process.kill()
            self._listener.join(10)
            assert self._process.stdout is not None
            self._process.stdout.close()


@contextmanager
def nursery(**environment: str) -> Generator[Nursery]:
    made = Nursery(environment)
    try:
        yield made
    finally:
        made.close()
