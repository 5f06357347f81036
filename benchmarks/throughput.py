"""What manyfew costs beside the network: processor time a request and a sample, against a bare loop, in one run.

    python -m benchmarks.throughput [--requests 8000] [--in-flight 64] [--rounds 3] [--json]

End to end: `manyfew run` with plan, admission, durable reservations, HTTP, pricing, ledger, verification and plain
progress lines, on a fast server of its own (benchmarks/fast_server.py). The bare loop (benchmarks/bare_client.py)
posts the same bodies and decodes the replies, once as aiohttp's documentation writes it and once with the quickest
event loop and decoder there are; for the vendors' own SDKs it is the SDK alone, as its documentation uses it
(benchmarks/sdk_client.py). Both are processes; each is run with a few and with many requests, and
what the difference costs is told, so that start-up and the end are not counted. Processor time hardly depends on what
else the machine does. Ratios of the medians over the rounds are what counts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CASES = (("vllm", 1), ("openai-compatible", 1), ("openai-compatible", 32), ("openai", 1), ("anthropic", 1))
SDKS = ("openai", "anthropic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=8000)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=sorted({provider for provider, _ in CASES}))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.fast_server", str(port)], cwd=ROOT)
    try:
        wait_for(port)
        found = [
            case(provider, n, port, options) for provider, n in CASES if options.only in (None, provider)
        ]
    finally:
        server.terminate()
        server.wait(10)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    print(
        f"{'provider':<18} {'n':>3} {'manyfew ms':>11} {'plain':>7} {'quick':>7} {'ratios':>13} {'samples/s':>10}"
    )
    for row in found:
        plain, quick = row["bare_ms"]["plain"], row["bare_ms"].get("quick")
        print(
            f"{row['provider']:<18} {row['n']:>3} {row['manyfew_ms']:>11.3f} {plain:>7.3f} "
            + ("        " if quick is None else f"{quick:>7.3f} ")
            + f"{'  '.join(f'{ratio:.2f}' for ratio in row['ratios'].values()):>13} {row['samples_per_s']:>10,.0f}"
        )
    print("ms: processor time of the client a request. plain, quick: the bare loop's, or the SDK's alone")


def case(provider: str, n: int, port: int, options: argparse.Namespace) -> dict[str, Any]:
    many = options.requests if n == 1 else max(200, options.requests // 8)
    few = many // 8
    ours: list[float] = []
    kinds = ("plain",) if provider in SDKS else ("plain", "quick")
    bare: dict[str, list[float]] = {kind: [] for kind in kinds}
    walls: list[float] = []
    for _ in range(options.rounds):
        less, _ = manyfew(provider, n, few, port, options.in_flight)
        more, wall = manyfew(provider, n, many, port, options.in_flight)
        ours.append((more - less) / (many - few) * 1000)
        walls.append(many * n / wall)
        for kind, found in bare.items():
            less, _ = bare_loop(provider, kind, n, few, port, options.in_flight)
            more, _ = bare_loop(provider, kind, n, many, port, options.in_flight)
            found.append((more - less) / (many - few) * 1000)
    middle = {kind: statistics.median(found) for kind, found in bare.items()}
    return {
        "provider": provider,
        "n": n,
        "requests": many,
        "in_flight": options.in_flight,
        "manyfew_ms": statistics.median(ours),
        "bare_ms": middle,
        "ratios": {kind: statistics.median(ours) / found for kind, found in middle.items()},
        "samples_per_s": statistics.median(walls),
    }


def manyfew(provider: str, n: int, requests: int, port: int, in_flight: int) -> tuple[float, float]:
    """(processor seconds, wall seconds) of a whole run of so many requests."""
    problems = min(100, requests)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        lines = [{"id": f"p{i}", "question": f"{i} " + "q" * 110, "answer": "7"} for i in range(problems)]
        (place / "problems.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        url = f"http://127.0.0.1:{port}" + ("" if provider == "anthropic" else "/v1")
        where = (
            f'servers = ["{url}"]\nsequences = {in_flight * n}'
            if provider == "vllm"
            else f'base_url = "{url}"' + ('\napi_key_env = "BENCH_KEY"' if provider in SDKS else "")
        )
        (place / "sweep.toml").write_text(
            f'name = "bench"\nbudget_usd = 1000\n[problems]\nsource = "jsonl"\npath = "problems.jsonl"\n'
            f"[sampling]\nsamples = {requests * n // problems}\nmax_tokens = 128\n"
            f'[models.m]\nprovider = "{provider}"\nmodel = "m"\n{where}\nmax_n = {n}\n'
            f"price = {{ input = 0.1, output = 0.4 }}\nlimits = {{ concurrency = {in_flight} }}\n"
        )
        command = [sys.executable, "-m", "manyfew", "run", "sweep.toml", "--db", "bench.db"]
        return measured(command, place)


def bare_loop(
    provider: str, kind: str, n: int, requests: int, port: int, in_flight: int
) -> tuple[float, float]:
    if provider in SDKS:
        base_url = f"http://127.0.0.1:{port}" + ("" if provider == "anthropic" else "/v1")
        command = [
            sys.executable,
            "-m",
            "benchmarks.sdk_client",
            provider,
            base_url,
            str(requests),
            str(in_flight),
        ]
        return measured(command, ROOT)
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    numbers = [str(requests), str(n), str(in_flight)]
    command = [sys.executable, "-m", "benchmarks.bare_client", kind, url, *numbers]
    return measured(command, ROOT)


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "BENCH_KEY": "k"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} exited {done.returncode}:\n{done.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    main()
