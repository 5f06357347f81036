"""What the gateway costs: processor time of manyfew's own process a call of an agent, against one a plain request.

    python -m benchmarks.gateway [--agents 64] [--calls 60] [--rounds 3] [--json]

64 agents at once, each a process of a few lines that asks over one kept connection, on a server that answers at once
(benchmarks/fast_server.py). Each is run with few and with many calls, and what the difference costs is told, so that
start-up, the agents' starts and the end are not counted; nor is the agents' own time. The plain requests of the same
number come from `manyfew run` at n = 1. Without a sandbox, whose relay is a process of the agent's.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.throughput import ROOT, free_port, wait_for

AGENT = """
import http.client, json, os, sys, urllib.parse
url = urllib.parse.urlsplit(os.environ["OPENAI_BASE_URL"])
headers = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "Content-Type": "application/json"}
connection = http.client.HTTPConnection(url.netloc)
for call in range(int(sys.argv[1])):
    asked = [{"role": "user", "content": f"{call} " + "q" * 110}]
    connection.request("POST", url.path + "/chat/completions", json.dumps({"model": "m", "messages": asked}), headers)
    reply = connection.getresponse()
    assert reply.read() and reply.status == 200
print(7)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--agents", type=int, default=64)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.fast_server", str(port)], cwd=ROOT)
    few, many = max(1, options.calls // 6), options.calls
    more = options.agents * (many - few)
    try:
        wait_for(port)
        calls: list[float] = []
        plain: list[float] = []
        for _ in range(options.rounds):
            calls.append(
                (agents(port, options.agents, many) - agents(port, options.agents, few)) / more * 1000
            )
            all_, some = options.agents * many, options.agents * few
            plain.append(
                (requests(port, options.agents, all_) - requests(port, options.agents, some)) / more * 1000
            )
    finally:
        server.terminate()
        server.wait(10)
    call_ms, request_ms = statistics.median(calls), statistics.median(plain)
    ratios = [one / other for one, other in zip(calls, plain, strict=True)]
    if options.json:
        numbers = {"agents": options.agents, "calls": options.agents * many}
        found = {**numbers, "call_ms": call_ms, "request_ms": request_ms, "ratios": ratios}
        print(json.dumps(found, indent=2))
        return
    ratio = statistics.median(ratios)
    print(
        f"{options.agents} agents, {options.agents * many:,} calls: {call_ms:.3f} ms a call, "
        f"{request_ms:.3f} ms a plain request, ratio {ratio:.2f} "
        f"(rounds: {', '.join(f'{one:.2f}' for one in ratios)})"
    )


def agents(port: int, count: int, calls: int) -> float:
    """Processor seconds of the whole run."""
    agent = (
        f'[models.m.agent]\ncommand = ["{sys.executable}", "-S", "agent.py", "{calls}"]\nattempt_usd = 1\n'
        f'sandbox = "none-i-trust-this-agent"\nconcurrency = {count}\n'
    )
    return _run(port, samples=count, problems=1, in_flight=count, agent=agent)


def requests(port: int, in_flight: int, count: int) -> float:
    """The same of so many plain requests."""
    return _run(port, samples=count // in_flight, problems=in_flight, in_flight=in_flight)


def _run(port: int, *, samples: int, problems: int, in_flight: int, agent: str = "") -> float:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "agent.py").write_text(AGENT)
        lines = [{"id": f"p{i}", "question": f"{i} " + "q" * 110, "answer": "7"} for i in range(problems)]
        (place / "problems.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (place / "sweep.toml").write_text(
            f'name = "bench"\nbudget_usd = 1000\n[problems]\nsource = "jsonl"\npath = "problems.jsonl"\n'
            f"[sampling]\nsamples = {samples}\nmax_tokens = 128\n"
            f'[models.m]\nprovider = "openai-compatible"\nmodel = "m"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
            f"price = {{ input = 0.1, output = 0.4 }}\nlimits = {{ concurrency = {in_flight} }}\n"
            + ("" if agent else "max_n = 1\n")
            + agent
        )
        return _own_time_s([sys.executable, "-m", "manyfew", "run", "sweep.toml", "--db", "bench.db"], place)


def _own_time_s(command: list[str], folder: Path) -> float:
    """Of the process alone, without those that it starts."""
    ticks = os.sysconf("SC_CLK_TCK")
    with (folder / "log").open("w") as log:
        run = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
        )
        used = 0
        while run.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                told = Path(f"/proc/{run.pid}/stat").read_text().rpartition(")")[2].split()
                used = int(told[11]) + int(told[12])
            time.sleep(0.01)
    if run.returncode:
        raise SystemExit(
            f"{' '.join(command)} exited {run.returncode}:\n{(folder / 'log').read_text()[-2000:]}"
        )
    return used / ticks


if __name__ == "__main__":
    main()
