"""The swebench package's own harness as a child process: asked for, watched, and ended whole."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ASK_S = 60.0
POLL_S = 0.2
SET_UP_S = 1800.0
"""Without a sign of life beyond a test run's own limit the harness is stuck: images are pulled or built for at
most this long (its own limit on one call of docker)."""
TAIL = 4000

# Run in the interpreter that has swebench, since it may be another one than ours.
_PROBE = """
import importlib.util, json
from importlib.metadata import PackageNotFoundError, version
found = {"swebench": None, "docker": None}
try:
    found["swebench"] = version("swebench")
except PackageNotFoundError:
    pass
if found["swebench"]:
    try:
        import docker
        client = docker.from_env(timeout=20)
        client.ping()
    except Exception as error:
        found["docker"] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""
_CLEAR = """
import sys, docker
client = docker.from_env(timeout=60)
for container in client.containers.list(all=True, filters={"name": sys.argv[1]}):
    container.remove(force=True)
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What an interpreter has: swebench's version, and why docker does not answer (None: it does)."""

    swebench: str | None
    docker: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the harness ended. `trouble` is None if it ended by itself with status 0."""

    trouble: str | None
    unknown: frozenset[str] = frozenset()
    """Instances that its data set does not have: it refuses to start for them."""


def probe(python: str) -> Found:
    """Asks the interpreter; an interpreter that does not run has nothing."""
    try:
        answer = subprocess.run(  # noqa: S603  # the interpreter that the sweep file names
            [python, "-c", _PROBE], capture_output=True, timeout=ASK_S, check=True, stdin=subprocess.DEVNULL
        )
        found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return Found(None, None)
    return Found(found.get("swebench"), found.get("docker"))


def write_predictions(path: Path, predictions: Iterable[Mapping[str, str]]) -> None:
    """The harness's own format: one object a line with instance_id, model_name_or_path and model_patch."""
    lines = [json.dumps(prediction) for prediction in predictions]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


@contextlib.contextmanager
def alone(work: Path) -> Generator[tuple[int, ...]]:
    """The work folder to ourselves, else BlockingIOError. What it gives goes to `run` as `held`: a harness that
    outlives us (we were killed) holds the folder until it ends."""
    if sys.platform == "win32":
        yield ()
        return
    import fcntl

    descriptor = os.open(work / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield (descriptor,)
    finally:
        os.close(descriptor)


class Children:
    """The harness's processes of one verifier, which may be ended from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[subprocess.Popen[bytes], tuple[str, str]] = {}

    def start(
        self,
        python: str,
        arguments: Sequence[str],
        run_id: str,
        work: Path,
        log: IO[bytes],
        held: tuple[int, ...],
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            child = subprocess.Popen(  # noqa: S603
                [python, "-m", "swebench.harness.run_evaluation", *arguments],
                cwd=work,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=held,
            )
            self._running[child] = (python, run_id)
        return child

    def ended(self, child: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._running.pop(child, None)

    def end(self) -> None:
        """All of them at once, with their containers; who waits for one hears that it ended."""
        with self._lock:
            running, self._running = self._running, {}
        for child, (python, run_id) in running.items():
            _end(child)
            _clear_containers(python, run_id)


def run(
    python: str,
    arguments: Sequence[str],
    *,
    work: Path,
    run_id: str,
    stuck_after_s: float,
    held: tuple[int, ...] = (),
    children: Children,
) -> Ended:
    """Runs it in `work`, where it leaves its logs and reports, until it ends or shows no sign of life."""
    output = work / "harness.log"
    with output.open("wb") as log:
        child = children.start(python, arguments, run_id, work, log, held)
    ended = False
    try:
        stuck = not _wait(child, output, stuck_after_s)
        ended = not stuck
    finally:
        children.ended(child)
        if not ended:
            _end(child)
            _clear_containers(python, run_id)
    if stuck:
        return Ended(f"the harness showed no sign of life for {stuck_after_s:.0f} s and was ended")
    if child.returncode == 0:
        return Ended(None)
    text = output.read_bytes()[-TAIL:].decode("utf-8", "replace")
    return Ended(f"the harness ended with status {child.returncode}: {_last_line(text)}", _unknown(text))


def _wait(child: subprocess.Popen[bytes], output: Path, stuck_after_s: float) -> bool:
    """Whether it ended by itself. What it prints is its sign of life: a line for each instance that ends."""
    size, since = -1, time.monotonic()
    while True:
        try:
            child.wait(POLL_S)
        except subprocess.TimeoutExpired:
            pass
        else:
            return True
        now = output.stat().st_size
        if now != size:
            size, since = now, time.monotonic()
        elif time.monotonic() - since > stuck_after_s:
            return False


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kills it with all that it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # its own session, so its group has its number
    else:
        child.kill()
    child.wait()


def _clear_containers(python: str, run_id: str) -> None:
    """Removes this run's containers, which belong to docker's daemon and outlive the harness."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):  # docker itself may be gone
        subprocess.run([python, "-c", _CLEAR, run_id], capture_output=True, timeout=ASK_S, check=False)  # noqa: S603


def _unknown(text: str) -> frozenset[str]:
    _, found, after = text.rpartition("Missing IDs:")  # the message, not the line of code in its traceback
    return frozenset(after.split()) if found else frozenset()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it printed nothing"
