"""CPU time and memory of a process and its descendants, as Linux reports them; elsewhere nothing is known."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Use:
    """cpu_s None: the system doesn't say."""

    cpu_s: float | None
    anonymous_mb: float


def usage(pid: int) -> Use:
    """Processes that have ended count if their parent has waited for them."""
    if not (_PROC / "self" / "stat").exists():
        return Use(None, 0.0)
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in os.scandir(_PROC):
        if not entry.name.isdigit():
            continue
        try:
            stat = (_PROC / entry.name / "stat").read_bytes()
        except OSError:
            continue
        fields = stat.rpartition(b")")[2].split()
        parents[int(entry.name)] = int(fields[1])
        ticks[int(entry.name)] = sum(map(int, fields[11:15]))
    ours = {pid}
    while more := {child for child, parent in parents.items() if parent in ours} - ours:
        ours |= more
    cpu_s = sum(ticks.get(each, 0) for each in ours) / os.sysconf("SC_CLK_TCK")
    return Use(cpu_s, sum(map(_anonymous_kb, ours)) / 1024)


def _anonymous_kb(pid: int) -> int:
    try:
        status = (_PROC / str(pid) / "status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0
