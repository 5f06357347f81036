"""What the live display costs a run, on a pseudo-terminal: processor time, told in two ways.

    python -m benchmarks.display [--requests 20000] [--pairs 5] [--models 1] [--json]

The run is `manyfew run` on the fast loopback server, one request a sample: the program is never idle, so that what a
frame takes is taken from the sampling. Told are the time within the display, as a share of all that the process used,
and a pair of whole runs with it and without (which is first alternates), as the median of the pairs with the least
and the greatest. Runs of the same work differ by more than a frame costs, so the first figure is the sharper one.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from benchmarks.throughput import ROOT, free_port, wait_for

if TYPE_CHECKING:
    from orchestrator.progress import Progress

PROBLEMS = 100
LINES, COLUMNS = 40, 120


@dataclass(frozen=True)
class Found:
    requests: int
    models: int
    without_s: float
    with_s: float
    ratios: list[float]
    shares: list[float]
    """Of the processor time of each run with the display, what was spent within it."""
    shown_bytes: int
    """What one run wrote to the terminal."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=20000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--models", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    if sys.argv[1:2] == ["--timed"]:
        timed(Path(sys.argv[2]), sys.argv[3:])
    options = parser.parse_args()
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.fast_server", str(port)], cwd=ROOT)
    try:
        wait_for(port)
        found = compared(port, options.requests, options.models, options.pairs)
    finally:
        server.terminate()
        server.wait(10)
    if options.json:
        print(json.dumps(asdict(found), indent=2))
        return
    ratios = sorted(found.ratios)
    print(f"within the display {statistics.median(found.shares):.1%} of the processor time of a run")
    print(f"without the display {found.without_s:.2f} s of the processor, with it {found.with_s:.2f} s")
    print(f"{statistics.median(ratios) - 1:+.1%} (median of {len(ratios)} pairs, ", end="")
    print(f"{ratios[0] - 1:+.1%} to {ratios[-1] - 1:+.1%}); {found.shown_bytes:,} bytes shown a run")


def compared(port: int, requests: int, models: int, pairs: int) -> Found:
    without: list[float] = []
    shown: list[float] = []
    shares: list[float] = []
    written = 0
    for pair in range(pairs):
        for live in (False, True) if pair % 2 else (True, False):
            used, within, seen = run_s(port, requests, models, live=live)
            (shown if live else without).append(used)
            if live:
                shares.append(within / used)
                written = seen
    return Found(
        requests=requests,
        models=models,
        without_s=statistics.median(without),
        with_s=statistics.median(shown),
        ratios=[a / b for a, b in zip(shown, without, strict=True)],
        shares=shares,
        shown_bytes=written,
    )


def run_s(port: int, requests: int, models: int, *, live: bool) -> tuple[float, float, int]:
    """Processor seconds of one run, those within the display, and the bytes that its terminal got."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_sweep(place, port, requests, models)
        flags = [] if live else ["--no-progress"]
        timing = ["-m", "benchmarks.display", "--timed", "within"]
        command = [sys.executable, *timing, "run", "sweep.toml", "--db", "x.db", *flags]
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        process = subprocess.Popen(
            command,
            cwd=place,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=its,
        )
        os.close(its)
        screen = bytearray()
        reader = threading.Thread(target=read_all, args=(ours, screen))
        reader.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        reader.join()
        os.close(ours)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} exited {process.returncode}:\n{screen[-2000:].decode()}")
        within = float((place / "within").read_text())
    return usage.ru_utime + usage.ru_stime, within, len(screen)


def timed(place: Path, arguments: list[str]) -> NoReturn:
    """`manyfew` itself; at its end the seconds of the processor that the live display took are written to `place`."""
    from orchestrator.report.live.screen import LiveDisplay

    spent = 0.0
    shows = LiveDisplay.update

    def update(self: LiveDisplay, progress: Progress) -> None:
        nonlocal spent
        began = time.thread_time()
        shows(self, progress)
        spent += time.thread_time() - began

    LiveDisplay.update = update
    from orchestrator.cli.main import main as command

    try:
        command(arguments)
    finally:
        place.write_text(str(spent))


def read_all(terminal: int, screen: bytearray) -> None:
    """As a terminal does, until the program has closed it."""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux: EIO, once nobody holds the other side
            return
        if not part:
            return
        screen += part


def write_sweep(place: Path, port: int, requests: int, models: int) -> None:
    lines = [{"id": f"p{i}", "question": f"{i} " + "q" * 110, "answer": "7"} for i in range(PROBLEMS)]
    (place / "problems.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    tables = "".join(
        f'[models.model-{i}]\nprovider = "openai-compatible"\nmodel = "m{i}"\n'
        f'base_url = "http://127.0.0.1:{port}/v1"\nmax_n = 1\nprice = {{ input = 0.1, output = 0.4 }}\n'
        for i in range(models)
    )
    (place / "sweep.toml").write_text(
        f'name = "bench"\nbudget_usd = 1000\n[problems]\nsource = "jsonl"\npath = "problems.jsonl"\n'
        f"[sampling]\nsamples = {requests // PROBLEMS // models}\nmax_tokens = 128\n{tables}"
    )


if __name__ == "__main__":
    main()
