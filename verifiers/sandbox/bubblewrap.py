"""The sandbox of bubblewrap: namespaces of its own for everything, and a file system of little more than Python.

What a job gets: its own process, network, IPC, host name and cgroup namespaces; read-only, the interpreter, the
libraries it loads and what the job names; /proc of its own processes; four devices; and /tmp in memory, the only
place where it can write. No right of root: run by root, it becomes a user id that nothing else has, so that limits
of processes count for it alone; run by anyone else, a user namespace does the same.

When bubblewrap's process 1 of the namespace dies, the kernel kills all of the namespace before that death is seen
from outside. So `close` waits for that one process, and then nothing is left. If manyfew itself is killed,
bubblewrap dies with it (--die-with-parent), and so does the namespace.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import random
import re
import select
import shutil
import signal
import subprocess
from functools import cache, lru_cache
from pathlib import Path
from typing import IO

from verifiers.sandbox.interpreter import ENVIRONMENT, interpreter
from verifiers.sandbox.job import PACKAGES, Job, SandboxError
from verifiers.sandbox.process import Child, spawn
from verifiers.sandbox.python_launch import launch_command
from verifiers.sandbox.seccomp import seccomp_filter
from verifiers.types import Sandbox

REMEDY = (
    'apt-get install bubblewrap (0.6 or newer), or say in the sweep file: [verifier] sandbox = "container"'
)
_DEVICES = ("null", "zero", "random", "urandom")
_NOBODY = 65534
_FIRST_UID, _UIDS = 1 << 28, 1 << 28
_SCRATCH = "/tmp"  # noqa: S108 - inside


class Bubblewrap:
    """Stateless: every job has a sandbox of its own."""

    name: Sandbox = "bubblewrap"

    def lacks(self) -> tuple[str, str] | None:
        """Runs a program once: that bubblewrap is there does not say that the kernel lets it work."""
        if shutil.which("bwrap") is None:
            return "bubblewrap is not there, and programs of a model run nowhere else", REMEDY
        try:
            with self.start(Job(python=(("hello", "import threading; print('here', end='')"),))) as child:
                outcome = child.read_to_end(20)
        except (SandboxError, OSError, subprocess.SubprocessError) as error:
            return f"bubblewrap does not work here: {error}", REMEDY
        if outcome.stdout != b"here":
            return f"a program in bubblewrap wrote {outcome.stdout[:40]!r}, not what it was told to", REMEDY
        return None

    def start(self, job: Job, stdin: IO[bytes] | int = subprocess.PIPE) -> Child:
        """Returns when the job runs; SandboxError if it can't. The thread that calls it must outlive the job:
        its end would be taken for manyfew's."""
        filter_bytes = seccomp_filter(one_process=job.limits.processes == 1)
        info_read, info_write = os.pipe()
        descriptors = [info_write]
        arguments = ["--info-fd", str(info_write)]
        try:
            if filter_bytes is not None:
                filter_read = _pipe_with(filter_bytes)
                descriptors.append(filter_read)
                arguments += ["--seccomp", str(filter_read)]
            uid = _spare_uid() if os.geteuid() == 0 else 0
            argv = [
                "bwrap",
                *arguments,
                *_arguments(job, uid),
                "--",
                *launch_command(job, uid, _tasks(job, uid)),
            ]
            process = spawn(
                argv,
                stdin=stdin,
                pass_fds=descriptors,
                environment={"PATH": os.environ.get("PATH", os.defpath)},
            )
        except BaseException:
            os.close(info_read)
            raise
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return Child(process, _Kill(process, info_read), job).await_start()


class _Kill:
    """Ends the namespace through its first process."""

    def __init__(self, process: subprocess.Popen[bytes], info: int) -> None:
        self._process = process
        with os.fdopen(info, "rb") as pipe:
            said = pipe.read()  # until bubblewrap has forked, or has died
        self._first: int | None = None
        with contextlib.suppress(ValueError, KeyError, ProcessLookupError):  # never got so far, or is gone
            self._first = os.pidfd_open(json.loads(said)["child-pid"])

    def __call__(self) -> None:
        if self._first is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first, signal.SIGKILL)
            poll = select.poll()
            poll.register(self._first, select.POLLIN)
            poll.poll(10_000)
            with contextlib.suppress(ChildProcessError):  # it is ours to bury only where we are process 1
                os.waitid(os.P_PIDFD, self._first, os.WEXITED | os.WNOHANG)
            os.close(self._first)
            self._first = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)  # it ends by itself, and buries what it started
        self._process.kill()


def _arguments(job: Job, uid: int) -> list[str]:
    out = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    out += ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox", "--cap-drop", "ALL"]
    if uid:
        out += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        out += ["--unshare-user", "--uid", str(_NOBODY), "--gid", str(_NOBODY)]
    for key, value in {**ENVIRONMENT, **job.environment}.items():
        out += ["--setenv", key, value]
    # Before the rest, so that a job may name what lies in this machine's own /tmp.
    out += ["--perms", "1777", "--size", str(job.limits.scratch_mb * 1024 * 1024), "--tmpfs", _SCRATCH]
    out += _mounts(job.read_only, job.packages)
    out += ["--proc", "/proc"]
    for device in _DEVICES:
        out += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        out += ["--symlink", f"/proc/self/fd/{number}", f"/dev/{name}"]
    return [*out, "--remount-ro", "/", "--chdir", _SCRATCH]


@lru_cache(maxsize=64)
def _mounts(read_only: tuple[Path, ...], packages: tuple[Path, ...]) -> tuple[str, ...]:
    """Read-only binds, what is within another left out, links of the top folder (/lib → usr/lib) made anew. Kept, since
    to resolve some forty places takes longer than all else that starts a sandbox."""
    python = interpreter()
    out = ["--dir", "/dev"]  # what bubblewrap makes by itself for a file's sake is for root alone
    for top in map(Path, ("/bin", "/sbin", "/lib", "/lib32", "/lib64")):
        if top.is_symlink():
            out += ["--symlink", str(top.readlink()), str(top)]
    folders = [Path(os.path.realpath(folder)) for folder in read_only]
    made: set[Path] = set()
    for path in [*read_only, python.executable, *python.folders, *python.libraries]:
        place = Path(os.path.realpath(path.parent), path.name)
        if any(folder in place.parents for folder in folders):
            continue
        if place.parent not in made:
            made.add(place.parent)
            out += ["--dir", str(place.parent)]
        if place.is_symlink() and place.parent == Path(os.path.realpath(place)).parent:
            out += ["--symlink", str(place.readlink()), str(place)]
        else:
            out += ["--ro-bind", str(path), str(place)]
    for path in python.hidden:
        out += ["--tmpfs", str(path)]
    out += ["--dir", PACKAGES] if packages else []
    for path in packages:
        out += ["--ro-bind", str(path), f"{PACKAGES}/{path.name}"]
    return tuple(out)


def _tasks(job: Job, uid: int) -> int:
    """The limit of processes and threads, 0 for none: before Linux 5.14 a user namespace did not count its own."""
    release = re.match(r"(\d+)\.(\d+)", platform.release())
    counts = uid or (release and (int(release[1]), int(release[2])) >= (5, 14))
    return job.limits.processes + job.limits.threads if counts else 0


def _spare_uid() -> int:
    """A user id that no one has, another each time. Where few are mapped (a container), one of the upper ones."""
    first, count = _mapped_uids()
    low = max(first, min(_FIRST_UID, first + count // 2))
    return random.SystemRandom().randrange(low, min(low + _UIDS, first + count))


@cache
def _mapped_uids() -> tuple[int, int]:
    """(first, count) of the largest range of user ids here."""
    try:
        ranges = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    except OSError:
        return 0, 1 << 16
    return max(
        ((int(first), int(count)) for first, _, count in ranges),
        key=lambda item: item[1],
        default=(0, 1 << 16),
    )


def _pipe_with(data: bytes) -> int:
    """The read end of a pipe that holds `data`, which must fit into a pipe (64 KiB)."""
    read, write = os.pipe()
    with os.fdopen(write, "wb") as pipe:
        pipe.write(data)
    return read
