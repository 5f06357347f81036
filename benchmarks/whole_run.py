"""A whole `manyfew run` beside a bare aiohttp loop, both from the start of their interpreter to its end, in turns.

    python -m benchmarks.whole_run [--requests 20000] [--requests-of-32 8000] [--rounds 5] [--provider vllm]
        [--distinct] [--json]

`run` samples with its display (in a terminal of its own), its ledger as durable as ever, and verdicts of `numeric`. The
bare loop is aiohttp on asyncio, whose bodies lie ready as bytes and whose replies go through json.loads; it keeps
nothing. The server (benchmarks/fast_server.py) gives 64 different texts in turn, with --distinct none twice. Told are
medians over the rounds, and the medians of each round's ratios: of wall seconds and of processor seconds (user +
system). On a busy machine single requests come in ones and twos, which costs manyfew more than the loop: its ratios are
above those of a quiet one.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.throughput import ROOT, free_port, wait_for

IN_FLIGHT = 64
PROBLEMS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=20_000, help="of one sample")
    parser.add_argument("--requests-of-32", type=int, default=8_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--provider", choices=("vllm", "openai-compatible"), default="vllm")
    parser.add_argument("--distinct", action="store_true", help="no text comes twice")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    port = free_port()
    texts = ["distinct"] if options.distinct else []
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.fast_server", str(port), *texts], cwd=ROOT)
    try:
        wait_for(port)
        cases = ((1, options.requests), (32, options.requests_of_32))
        found = [case(options.provider, n, many, port, options.rounds) for n, many in cases if many]
    finally:
        server.terminate()
        server.wait(10)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{'n':>3} {'requests':>9} {'manyfew':>16} {'bare loop':>16} {'ratios':>12} {'samples/s':>10}")
    for row in found:
        ours, bare, ratio = row["manyfew"], row["bare"], row["ratio"]
        print(
            f"{row['n']:>3} {row['requests']:>9,} {ours['wall']:>7.2f} ({ours['cpu']:>6.2f}) "
            f"{bare['wall']:>7.2f} ({bare['cpu']:>6.2f}) {ratio['wall']:>5.2f} ({ratio['cpu']:.2f}) "
            f"{row['n'] * row['requests'] / ours['wall']:>10,.0f}"
        )
    print("wall seconds, processor seconds in brackets")


def case(provider: str, n: int, requests: int, port: int, rounds: int) -> dict[str, Any]:
    ours: list[tuple[float, float]] = []
    bare: list[tuple[float, float]] = []
    for _ in range(rounds):
        ours.append(manyfew(provider, n, requests, port))
        bare.append(bare_loop(n, requests, port))
    pairs = list(zip(ours, bare, strict=True))
    return {
        "n": n,
        "requests": requests,
        "manyfew": medians(ours),
        "bare": medians(bare),
        "ratio": medians([(one[0] / other[0], one[1] / other[1]) for one, other in pairs]),
    }


def medians(found: list[tuple[float, float]]) -> dict[str, float]:
    return {"wall": statistics.median(w for w, _ in found), "cpu": statistics.median(c for _, c in found)}


def manyfew(provider: str, n: int, requests: int, port: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        write_sweep(Path(folder), provider, n, requests, port)
        command = [sys.executable, "-m", "manyfew", "run", "sweep.toml", "--db", "bench.db"]
        return measured(command, Path(folder))


def write_sweep(place: Path, provider: str, n: int, requests: int, port: int) -> None:
    lines = [{"id": f"p{i}", "question": f"{i} " + "q" * 110, "answer": "7"} for i in range(PROBLEMS)]
    (place / "problems.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    url = f"http://127.0.0.1:{port}/v1"
    where = (
        f'servers = ["{url}"]\nsequences = {IN_FLIGHT * n}' if provider == "vllm" else f'base_url = "{url}"'
    )
    (place / "sweep.toml").write_text(
        f'name = "bench"\nbudget_usd = 1000\n[problems]\nsource = "jsonl"\npath = "problems.jsonl"\n'
        f"[sampling]\nsamples = {requests * n // PROBLEMS}\nmax_tokens = 128\n"
        f'[models.m]\nprovider = "{provider}"\nmodel = "m"\n{where}\nmax_n = {n}\n'
        f"price = {{ input = 0.1, output = 0.4 }}\nlimits = {{ concurrency = {IN_FLIGHT} }}\n"
    )


def bare_loop(n: int, requests: int, port: int) -> tuple[float, float]:
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    numbers = [str(requests), str(n), str(IN_FLIGHT)]
    return measured([sys.executable, "-m", "benchmarks.bare_client", "ready", url, *numbers], ROOT)


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """(wall seconds, processor seconds) of a command in a terminal of its own."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []
    reader = threading.Thread(target=drain, args=(ours, shown))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    environment.pop("CI", None)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else each run compiles what is installed compiled
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    reader.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    reader.join()
    os.close(ours)
    if process.returncode:
        raise SystemExit(
            f"{' '.join(command)} exited {process.returncode}:\n{b''.join(shown)[-2000:].decode(errors='replace')}"
        )
    return wall, usage.ru_utime + usage.ru_stime


def drain(terminal: int, shown: list[bytes]) -> None:
    while True:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # the other end is closed
            return
        if not piece:
            return
        shown.append(piece)


if __name__ == "__main__":
    main()
