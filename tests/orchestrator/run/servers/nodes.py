"""Sweeps whose servers the run starts itself, and what processes are left of them."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

from tests.orchestrator.run.sweeps import SweepFile

SCRIPTED = Path(__file__).with_name("scripted.py")
USD_PER_HOUR = 36.0
"""A cent a second."""


def served(folder: Path, *options: str, args: tuple[str, ...] = (), **keys: Any) -> dict[str, Any]:
    """A model on a scripted server; `options` as that takes them. `keys`: of the model, `serve` those of its table."""
    serve = {
        "command": [
            sys.executable,
            str(SCRIPTED),
            "{port}",
            "{model}",
            *options,
            f"tells={folder / 'tells'}",
        ],
        "stop_grace_s": 2,
        **keys.pop("serve", {}),
    }
    if args:
        serve["args"] = list(args)
    given = {"provider": "vllm", "model": "m", "gpu_usd_per_hour": USD_PER_HOUR}
    return {**given, **keys, "serve": serve}


def write(folder: Path, models: dict[str, dict[str, Any]], **keys: Any) -> Path:
    given: dict[str, Any] = {"problems": 3, "samples": 2, **keys}
    return SweepFile(models, **given).write(folder)


def told(folder: Path) -> list[str]:
    """What the servers told, in turn."""
    file = folder / "tells"
    return file.read_text().splitlines() if file.exists() else []


def logged(folder: Path, alias: str, name: str = "test") -> str:
    return (folder / f"{name}.serve" / f"{alias}.log").read_text()


def engines(folder: Path, alias: str) -> list[int]:
    return [int(pid) for pid in re.findall(r"^engine (\d+)$", logged(folder, alias), re.MULTILINE)]


def lives(pid: int) -> bool:
    """False of a process that has ended and that its parent, often the machine's init, hasn't yet asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def ours(folder: Path) -> list[str]:
    """The processes whose command line names `folder`, or that bear a server's mark: all that a run has started."""
    found: list[str] = []
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environ = (path / "environ").read_bytes()
        except OSError:
            continue
        if lives(int(path.name)) and (str(folder) in line or f"SERVERS_OF={folder}".encode() in environ):
            found.append(f"{path.name} {line[:240]}")
    return found


def living(pids: list[int], within_s: float = 5.0) -> list[int]:
    """Those that live on after a while: a killed process is seen for a moment still, without memory or command line."""
    until = time.monotonic() + within_s
    while (left := [pid for pid in pids if lives(pid)]) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def gone(folder: Path, within_s: float = 6.0) -> list[str]:
    """What is left after a while; it is not waited for once nothing is."""
    until = time.monotonic() + within_s
    while (left := ours(folder)) and time.monotonic() < until:
        time.sleep(0.05)
    return left
