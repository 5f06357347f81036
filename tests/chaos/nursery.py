"""Processes of `manyfew` that share one start: the modules are imported once, each process is forked off from there,
and may be signalled, stopped and killed like any other.

    python -m tests.chaos.nursery

reads a JSON object a line, {"number", "arguments", "environment", "folder"}, and writes {"number", "pid"} once the
process lives and {"number", "status"} once it has ended; a negative status is a signal's number. What it writes goes to
NUMBER.out and NUMBER.err in its folder. Waits that last minutes are seconds here: looks at batches, retries.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import sys
from pathlib import Path
from typing import Any, NoReturn

REAP_S = 0.005
MODULES = (
    "aiohttp",
    "aiosqlite",
    "anthropic",
    "openai",
    "uvloop",
    "manyfew.__main__",
    "orchestrator.cli.app",
    "orchestrator.cli.quick.run",
    "orchestrator.run.run_sweep",
    "orchestrator.run.build_providers",
    "orchestrator.run.verdicts.choose_verifier",
    "providers.anthropic_batch",
    "providers.openai_batch",
    "providers.vllm",
)
"""What a run imports, none of which starts a thread."""
WAITS_S = {"FIRST_LOOK_S": 0.02, "LONGEST_LOOK_S": 0.2, "FIND_S": 1.0, "LISTED_S": 0.2, "QUEUE_S": 0.1}


def main() -> None:
    for name in MODULES:
        importlib.import_module(name)
    shorten_waits()
    living: dict[int, int] = {}
    """Numbers by pid."""
    orders = b""
    while True:
        readable, _, _ = select.select([0], [], [], REAP_S if living else None)
        if readable:
            read = os.read(0, 1 << 16)
            if not read:
                return
            *lines, orders = (orders + read).split(b"\n")
            for line in lines:
                given = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    live(given)
                living[pid] = given["number"]
                tell(number=given["number"], pid=pid)
        for pid in list(living):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                tell(number=living.pop(pid), status=os.waitstatus_to_exitcode(status))


def shorten_waits() -> None:
    from tenacity import wait_exponential

    from orchestrator.run.batches import patience
    from orchestrator.scheduler import retry

    for name, seconds in WAITS_S.items():
        assert hasattr(patience, name)
        setattr(patience, name, seconds)
    short = wait_exponential(multiplier=0.02, min=0.02, max=1)
    retry.usual_wait = lambda: short


def tell(**told: Any) -> None:
    os.write(1, json.dumps(told).encode() + b"\n")


def live(given: dict[str, Any]) -> NoReturn:
    """The child: a process like any `manyfew`, but for where its modules came from."""
    from orchestrator.cli.main import main as command

    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(given["folder"])
    for number, kind in ((1, "out"), (2, "err")):
        path = Path(f"{given['number']}.{kind}")
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ.update(given["environment"])
    status = 70
    try:
        command(given["arguments"])
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 71
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
