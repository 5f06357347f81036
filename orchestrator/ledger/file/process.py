"""Processes as a ledger remembers them: a number alone is given to another process once its first bearer has ended."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_STATE, _STARTED = 0, 19
"""Fields of /proc/PID/stat after the name: proc(5)'s 3 and 22."""
_ENDED = frozenset("ZXx")
"""Dead, and perhaps not yet collected by its parent."""


@dataclass(frozen=True, slots=True)
class Process:
    """`started`: when the system started it, in the system's own words. `boot`: which start of the system that was.
    None if the system doesn't say."""

    pid: int
    started: str | None
    boot: str | None
    host: str


def this_process() -> Process:
    found = _state(os.getpid())
    return Process(os.getpid(), None if found is None else found[1], _boot(), platform.node())


def lives(process: Process) -> bool:
    """Whether it is a living process of this machine. False if that can't be known."""
    if os.name == "nt":
        return False
    boot = _boot()
    if boot is not None and process.boot is not None:
        if boot != process.boot:
            return False
    elif process.host != platform.node():
        return False
    found = _state(process.pid)
    if found is None:
        return not _tells_all() and _exists(process.pid)
    state, started = found
    return state not in _ENDED and (process.started is None or started == process.started)


def _state(pid: int) -> tuple[str, str] | None:
    """(state, start) of a process; None if there is none, or the system doesn't say."""
    if sys.platform.startswith("linux"):
        try:
            text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
        except OSError:
            return None
        fields = text.rpartition(")")[2].split()
        return fields[_STATE], fields[_STARTED]
    return _asked(["ps", "-o", "state=", "-o", "lstart=", "-p", str(pid)])


def _asked(command: list[str]) -> tuple[str, str] | None:
    import subprocess  # late: Linux needs none, and `status` is to be quick

    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603
        state, _, started = done.stdout.strip().partition(" ")
        if state and started:
            return state[0], started.strip()
    return None


def _tells_all() -> bool:
    """Linux hides other users' processes if /proc is mounted with hidepid."""
    return sys.platform.startswith("linux") and (_PROC / "1").exists()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is another user's
    return True


@cache
def _boot() -> str | None:
    if sys.platform.startswith("linux"):
        with suppress(OSError):
            return (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
    elif sys.platform == "darwin":
        import subprocess

        with suppress(OSError, subprocess.SubprocessError):
            asked = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
            done = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603
            return done.stdout.strip() or None
    return None
