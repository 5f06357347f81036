"""What is alive on this machine, told by a mark in a process's environment or command line."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="processes are told by Linux's /proc")


def marked(mark: str) -> list[int]:
    """Processes, not yet reaped ones too, that carry the mark."""
    found: list[int] = []
    for place in Path("/proc").iterdir():
        if not place.name.isdigit() or int(place.name) == os.getpid():
            continue
        try:
            told = (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in told:
            found.append(int(place.name))
    return found


def gone(mark: str, within_s: float = 5.0) -> bool:
    """Whether all of them end in time."""
    deadline = time.monotonic() + within_s
    while marked(mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def until(true, within_s: float = 10.0) -> None:
    """Waits for a condition; fails where it does not come."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)
