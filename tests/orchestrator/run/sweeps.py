"""Sweep files for tests, and runs of them: in this process, or in one of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli.quick.run import exit_status
from orchestrator.progress import Progress
from orchestrator.run.prepare import prepare
from orchestrator.run.run_sweep import Options, Result, run_sweep
from orchestrator.sending.signals import Signals
from orchestrator.sweep.load import check_keys, load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.loopback.vendor import Vendor

ROOT = Path(__file__).resolve().parents[3]
USD = 10**12
PRICES = {"input": "5", "cached_input": "2.5", "output": "15"}
CHEAP_PRICES = {"input": "0.1", "cached_input": "0.05", "output": "0.4"}


def model(vendor: Vendor, **keys: Any) -> dict[str, Any]:
    """An openai-compatible model at `vendor`, priced as it bills."""
    return {
        "provider": "openai-compatible",
        "model": "m",
        "base_url": vendor.base_url,
        "price": {name: float(usd) for name, usd in vendor.prices.items()},
        **keys,
    }


@dataclass
class SweepFile:
    """What a sweep file says; `write` writes it, with its problems where it has its own."""

    models: dict[str, dict[str, Any]]
    problems: int | list[dict[str, Any]] = 10
    name: str = "test"
    budget_usd: float | Decimal = 10
    samples: int = 4
    max_tokens: int = 64
    sampling: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] | None = None
    verifier: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path, name: str = "sweep.toml") -> Path:
        folder.mkdir(exist_ok=True, parents=True)
        source = self.source
        if source is None:
            problems = questions(self.problems) if isinstance(self.problems, int) else self.problems
            lines = "".join(json.dumps(problem) + "\n" for problem in problems)
            (folder / "problems.jsonl").write_text(lines)
            source = {"source": "jsonl", "path": "problems.jsonl"}
        path = folder / name
        path.write_text(
            toml(
                {
                    "name": self.name,
                    "budget_usd": self.budget_usd,
                    "problems": source,
                    "sampling": {"samples": self.samples, "max_tokens": self.max_tokens, **self.sampling},
                    "verifier": self.verifier,
                    **({"policy": self.policy} if self.policy else {}),
                    "models": self.models,
                }
            )
        )
        return path


def questions(n: int) -> list[dict[str, Any]]:
    return [{"id": f"p{i}", "question": f"What is {i} + {i}?", "answer": str(2 * i)} for i in range(n)]


def toml(table: dict[str, Any], at: str = "") -> str:
    """Enough of TOML for these files. JSON's text and lists are TOML's too."""
    plain = {k: v for k, v in table.items() if not isinstance(v, dict)}
    lines = [f"{json.dumps(k)} = {v if isinstance(v, Decimal) else json.dumps(v)}" for k, v in plain.items()]
    for key, value in table.items():
        if isinstance(value, dict):
            name = f"{at}.{json.dumps(key)}" if at else json.dumps(key)
            lines += ["", f"[{name}]", toml(value, name)]
    return "\n".join(lines)


@dataclass
class Ended:
    """A run in this process, ended."""

    status: int
    result: Result
    db: Path
    shown: list[Progress]


def run(
    path: Path,
    db: Path,
    *,
    budget: str | None = None,
    stop_after_s: float | None = None,
    grace_s: float = 30.0,
    **options: Any,
) -> Ended:
    """Loads, prepares and runs as `manyfew run` does, without its display."""
    sweep = load(path, budget=budget)
    check_keys(sweep)
    assert sweep.budget_pico is not None
    shown: list[Progress] = []
    with Signals(grace_s=grace_s, stop_after_s=stop_after_s) as signals:
        given = Options(db=db, budget_pico=sweep.budget_pico, signals=signals, **options)
        result = run_sweep(prepare(sweep), given, shown.append)
    return Ended(exit_status(result), result, db, shown)


def start(path: Path, db: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """`manyfew run` as a process of its own, whose group is its own too."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_", "PYTHON"))}
    return subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "manyfew",
            "run",
            str(path),
            "--db",
            str(db),
            "--no-progress",
            *arguments,
        ],
        cwd=path.parent,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@dataclass
class Finished:
    status: int
    out: str
    err: str


def warned(warnings: Iterable[str]) -> list[str]:
    """Those that speak of the sweep, not of how busy this machine was."""
    busy = ("held everything else up", "stood still")
    return [line for line in warnings if not any(words in line for words in busy)]


def interrupt_twice(process: subprocess.Popen[str]) -> None:
    """The second Ctrl-C once the first has arrived: on a busy machine two that wait become one."""
    process.send_signal(signal.SIGINT)
    await_arrival(process)
    process.send_signal(signal.SIGINT)


def await_arrival(process: subprocess.Popen[str]) -> None:
    """Until the process has been told of SIGINT."""
    status, until = Path(f"/proc/{process.pid}/status"), time.monotonic() + 20
    time.sleep(0.2)
    while status.exists() and _waits(status.read_text(), signal.SIGINT) and time.monotonic() < until:
        time.sleep(0.05)


def _waits(status: str, number: int) -> bool:
    """Whether a signal was sent to a process that has not seen it yet, by its /proc/PID/status."""
    masks = [line.split()[1] for line in status.splitlines() if line.startswith(("SigPnd:", "ShdPnd:"))]
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


def finish(process: subprocess.Popen[str], timeout_s: float = 60) -> Finished:
    """Waits for it; one that hangs says where each thread is, is killed, and fails the test."""
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the run did not end within {timeout_s} s: {err[-8000:]}") from None
    return Finished(process.returncode, out, err)
