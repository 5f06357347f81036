"""The sandbox `container`: docker or podman, for machines where bubblewrap can't work. Asked for by name only.

No network, a read-only root, /tmp in memory, a limit of memory and of processes for the whole container, no
capability, no new privileges, a user without a name. The Python is the image's, so nothing of this machine is seen
but what a job names. What it lacks beside bubblewrap: it takes longer to start, and if manyfew itself is killed
(SIGKILL), a running container goes on until its own limit of processor time.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
from functools import cache
from typing import IO

from verifiers.sandbox.interpreter import ENVIRONMENT
from verifiers.sandbox.job import Job, SandboxError
from verifiers.sandbox.process import Child, spawn
from verifiers.sandbox.python_launch import launch_command
from verifiers.sandbox.said import cause
from verifiers.types import Sandbox

RUNTIMES = ("docker", "podman")
IMAGE = f"python:{sys.version_info[0]}.{sys.version_info[1]}-slim"
"""The Python of this process, so that a program's verdict is the one that bubblewrap would give."""
_NOBODY = "65534:65534"
_ASK_S = 30.0


class Container:
    """Stateless: every job has a container of its own, removed when it ends."""

    name: Sandbox = "container"

    def __init__(self, image: str = IMAGE) -> None:
        self._image = image

    def lacks(self) -> tuple[str, str] | None:
        """Asks the daemon and for the image, then runs a program once. Fetches nothing."""
        runtime = _runtime()
        if runtime is None:
            return "neither docker nor podman is installed", "install docker or podman, or bubblewrap"
        if said := _fails([runtime, "info"]):
            return f"{runtime} does not answer: {said}", f"start its daemon; `{runtime} info` must work"
        if _fails([runtime, "image", "inspect", self._image]):
            return f"{runtime} has no image {self._image}", f"{runtime} pull {self._image}"
        try:
            with self.start(Job(python=(("hello", "print('here', end='')"),)), subprocess.DEVNULL) as child:
                outcome = child.read_to_end(_ASK_S)
        except SandboxError as error:
            return f"{runtime} runs no program: {error}", f"`{runtime} run --rm {self._image} true` must work"
        if outcome.stdout != b"here":
            return f"a program in {runtime} wrote {outcome.stdout[:40]!r}", f"mend the image {self._image}"
        return None

    def start(self, job: Job, stdin: IO[bytes] | int = subprocess.PIPE) -> Child:
        """Returns when the job runs; SandboxError if it can't."""
        runtime = _runtime()
        if runtime is None:
            raise SandboxError("neither docker nor podman is installed")
        name = f"manyfew-{secrets.token_hex(8)}"
        argv = [runtime, *_arguments(job, name), self._image, *launch_command(job, 0, 0, "python3")]
        process = spawn(argv, stdin=stdin, environment=dict(os.environ))

        def kill() -> None:
            if process.poll() is None:  # else --rm has removed it
                with contextlib.suppress(OSError, subprocess.SubprocessError):
                    _ask([runtime, "rm", "--force", name])
            process.kill()

        return Child(process, kill, job).await_start()


def _arguments(job: Job, name: str) -> list[str]:
    limits = job.limits
    memory = f"{limits.memory_mb + limits.scratch_mb}m"
    out = [
        "run",
        "--rm",
        "--interactive",
        "--init",
        "--pull",
        "never",
        "--name",
        name,
        "--hostname",
        "sandbox",
    ]
    out += ["--network", "none", "--ipc", "none", "--read-only", "--cap-drop", "ALL", "--user", _NOBODY]
    out += ["--security-opt", "no-new-privileges", "--log-driver", "none", "--workdir", "/tmp"]  # noqa: S108 - inside
    out += ["--tmpfs", f"/tmp:rw,nosuid,nodev,size={limits.scratch_mb}m,mode=1777"]  # noqa: S108
    out += ["--memory", memory, "--memory-swap", memory]
    out += ["--pids-limit", str(limits.processes + limits.threads)]
    for path in job.read_only:
        out += ["--volume", f"{path}:{path}:ro"]
    for key, value in {**ENVIRONMENT, **job.environment}.items():
        out += ["--env", f"{key}={value}"]
    return out


@cache
def _runtime() -> str | None:
    """docker, else podman: the first that answers, since docker's command may be there without a daemon."""
    there = [name for name in RUNTIMES if shutil.which(name)]
    answering = (name for name in there if len(there) == 1 or _fails([name, "info"]) is None)
    return next(answering, there[0] if there else None)


def _ask(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - docker or podman
        argv,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_ASK_S,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def _fails(argv: list[str]) -> str | None:
    """The last line of what it said where it failed."""
    try:
        done = _ask(argv)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)[:200]
    if done.returncode == 0:
        return None
    return cause(done.stderr)[:200] or f"exit status {done.returncode}"
