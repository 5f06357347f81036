"""The sandbox `none-i-trust-this-code`: none. A plain process with limits, for programs that somebody vouches for.

It sees the network and every file that manyfew can read, and can write if manyfew can. Only its time, memory,
output and environment are bounded; its folder is removed and, on Linux, whatever still carries its mark is killed.
A program that wants to get away can.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from verifiers.sandbox.interpreter import ENVIRONMENT
from verifiers.sandbox.job import Job
from verifiers.sandbox.process import Child, spawn
from verifiers.sandbox.python_launch import launch_command
from verifiers.types import Sandbox

_MARK = "MANYFEW_JOB"


class Bare:
    """Stateless: every job has a folder and a session of its own."""

    name: Sandbox = "none-i-trust-this-code"

    def lacks(self) -> None:
        return None

    def start(self, job: Job, stdin: IO[bytes] | int = subprocess.PIPE) -> Child:
        """Returns when the job runs; SandboxError if it can't."""
        folder = tempfile.TemporaryDirectory(prefix="manyfew-", ignore_cleanup_errors=True)
        mark = secrets.token_hex(16)
        environment = {
            **ENVIRONMENT,
            "HOME": folder.name,
            "TMPDIR": folder.name,
            **job.environment,
            _MARK: mark,
        }
        try:
            process = spawn(
                launch_command(job, 0, 0), stdin=stdin, cwd=Path(folder.name), environment=environment
            )
        except BaseException:
            folder.cleanup()
            raise

        def kill() -> None:
            if process.returncode is None:  # not buried yet, so that its number is still its session's
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
            _kill_marked(f"{_MARK}={mark}".encode())
            process.kill()
            process.wait()
            folder.cleanup()

        return Child(process, kill, job).await_start()


def _kill_marked(mark: bytes) -> None:
    """Those that left the session, on Linux; some could start others meanwhile, so until none is found."""
    for _ in range(50):
        found = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _carries(path, mark)]
        if not found:
            return
        for number in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)


def _carries(process: Path, mark: bytes) -> bool:
    try:
        return mark in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
