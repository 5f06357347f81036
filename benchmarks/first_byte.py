"""How soon `manyfew run` asks a server: `python -m benchmarks.first_byte [--problems 100 8000] [--runs 5]`.

Processor seconds (user + system) and wall seconds from the start of the command to its first sampling request, and the
most memory it held until then. The server is vLLM's wire on this machine; the run is killed as soon as it has asked.
Medians. Run it twice: the first time Python also compiles what it imports.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TICKS = os.sysconf("SC_CLK_TCK")


class Start(NamedTuple):
    """Of one run, until its first request."""

    wall_s: float
    cpu_s: float
    mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problems", type=int, nargs="+", default=[100, 8000])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print("| problems | processor s | wall s | MB |\n|---|---|---|---|")
    for problems in options.problems:
        found = [start(problems) for _ in range(options.runs)]
        wall, cpu, mb = (statistics.median(figures) for figures in zip(*found, strict=True))
        print(f"| {problems:,} | {cpu:.2f} | {wall:.2f} | {mb:.0f} |", flush=True)


def start(problems: int) -> Start:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        place = Path(folder)
        write_sweep(place, problems, server.getsockname()[1])
        asked = threading.Event()
        threading.Thread(target=accept, args=(server, asked), daemon=True).start()
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "manyfew", "run", "sweep.toml", "--db", "bench.db"],
            cwd=place,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        came = asked.wait(120)
        wall, cpu, mb = time.monotonic() - began, cpu_s(process.pid), most_mb(process.pid)
        process.kill()
        process.wait()
        if not came:
            raise SystemExit("no request within 120 s")
        return Start(wall, cpu, mb)


def write_sweep(place: Path, problems: int, port: int) -> None:
    lines = [{"id": f"p{i}", "question": f"{i} " + "q" * 400, "answer": "7"} for i in range(problems)]
    (place / "problems.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (place / "sweep.toml").write_text(
        'name = "bench"\nbudget_usd = 1000\n[problems]\nsource = "jsonl"\npath = "problems.jsonl"\n'
        '[sampling]\nsamples = 4\nmax_tokens = 128\n[models.m]\nprovider = "vllm"\nmodel = "m"\n'
        f'servers = ["http://127.0.0.1:{port}/v1"]\nprice = {{ input = 0.1, output = 0.4 }}\n'
    )


def accept(server: socket.socket, asked: threading.Event) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=answer, args=(connection, asked), daemon=True).start()


def answer(connection: socket.socket, asked: threading.Event) -> None:
    """A server without a version; what it is asked to sample it leaves unanswered."""
    with connection:
        while data := connection.recv(65536):
            if data.startswith(b"POST"):
                asked.set()
                return
            connection.sendall(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def most_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
