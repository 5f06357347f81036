"""Processes of `manyfew` that share one start: the modules are imported once, each process is forked off from there.

    python -m tests.faults.nursery

reads a JSON object a line, {"arguments", "environment", "folder", "timeout_s"}, and answers with one,
{"status", "out", "err"}. A negative status is a signal's number. Loaded with disk.so, which each process arms anew.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

OURS = (
    "manyfew",
    "orchestrator",
    "providers",
    "pricing",
    "verifiers",
    "aiohttp",
    "aiosqlite",
    "asyncio",
    "uvloop",
)


def main() -> None:
    importlib.import_module("orchestrator.cli.app")
    for line in sys.stdin:
        given = json.loads(line)
        told = raise_child(given)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        learn(Path(given["folder"], "modules.txt"))


def learn(modules: Path) -> None:
    """What a child had to import, the next ones have."""
    if modules.exists():
        for name in modules.read_text().split():
            if name.split(".")[0] in OURS and name not in sys.modules:
                importlib.import_module(name)
        modules.unlink()


def raise_child(given: dict[str, Any]) -> dict[str, Any]:
    out, err = Path(given["folder"], "out.txt"), Path(given["folder"], "err.txt")
    child = os.fork()
    if child == 0:
        live(given, out, err)
    until = time.monotonic() + given["timeout_s"]
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
    code = os.waitstatus_to_exitcode(status)
    return {"status": code, "out": out.read_text(), "err": err.read_text()}


def live(given: dict[str, Any], out: Path, err: Path) -> NoReturn:
    """The child: a process like any `manyfew`, but for where its modules came from."""
    from orchestrator.cli.main import main as command

    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(given["folder"])
    os.environ.update(given["environment"])
    ctypes.CDLL(None).disk_arm()
    status = 70
    try:
        command(given["arguments"])
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 71
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if status == 0:
            Path("modules.txt").write_text(" ".join(list(sys.modules)))
        os._exit(status)


if __name__ == "__main__":
    main()
