"""Samples a second, end to end, beside curator, inspect_ai and litellm on the same loopback server in one run.

    python -m benchmarks.peers [--curator PYTHON] [--inspect PYTHON] [--litellm PYTHON] [--samples 2000]
        [--in-flight 64] [--rounds 3]

PYTHON: interpreters of environments that have them (their pins differ from ours, so not this one). The peers ask for
one sample a request; manyfew does too, and once more for 32 (by default it asks for up to 128 where a server takes n).
All are told of a server without limits, manyfew by `provider = "vllm"`. inspect_ai runs with its defaults and once more
without its live log and display. Each is timed at the work alone: a peer by its own call, without imports; manyfew,
verification and ledger included, by what a long run takes longer than a short one. A whole `manyfew run`, with process
start, stands beside it.
Medians over the rounds, which take turns.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks.throughput import ROOT, free_port, manyfew, wait_for

PROBLEMS = 20
WAYS = {"curator": ("",), "inspect": ("", "quiet"), "litellm": ("",)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--curator", metavar="PYTHON")
    parser.add_argument("--inspect", metavar="PYTHON")
    parser.add_argument("--litellm", metavar="PYTHON")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    peers = {name: path for name in WAYS if (path := getattr(given, name))}
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.fast_server", str(port)], cwd=ROOT)
    speeds: dict[str, list[float]] = {}
    try:
        wait_for(port)
        for _ in range(given.rounds):
            few, many = given.samples, 10 * given.samples
            for n in (1, 32):
                _, short = manyfew("vllm", n, few, port, given.in_flight)
                _, long = manyfew("vllm", n, many, port, given.in_flight)
                speeds.setdefault(f"manyfew, n = {n}", []).append((many - few) * n / (long - short))
                speeds.setdefault(f"… whole run, {n}", []).append(many * n / long)
            for name, python in peers.items():
                for way in WAYS[name]:
                    speed = _peer(name, python, [*way.split()], given.samples, given.in_flight, port)
                    speeds.setdefault(f"{name} {way}".strip(), []).append(speed)
    finally:
        server.terminate()
        server.wait(10)
    ours = [statistics.median(speeds[f"manyfew, n = {n}"]) for n in (1, 32)]
    print(f"{'':<16} {'samples/s':>10} {'manyfew ÷':>10} {'n = 32 ÷':>10}")
    for name, found in speeds.items():
        middle = statistics.median(found)
        print(f"{name:<16} {middle:>10,.0f} " + " ".join(f"{own / middle:>10.1f}" for own in ours))


def _peer(name: str, python: str, way: list[str], samples: int, in_flight: int, port: int) -> float:
    """Samples a second of one call."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{port}/v1"
        numbers = [str(PROBLEMS), str(samples // PROBLEMS), str(in_flight)]
        command = [python, str(ROOT / "benchmarks/peers" / f"peer_{name}.py"), *numbers, url, folder, *way]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} exited {done.returncode}:\n{done.stderr[-2000:]}")
    took, answered = done.stdout.split()[-2:]
    return int(answered) / float(took)


if __name__ == "__main__":
    main()
