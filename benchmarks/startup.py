"""How long each command takes to start: `python benchmarks/startup.py [--runs N]`, the least of N runs of its --help.

CPU seconds (user + system) are what the program itself takes; wall seconds also hold what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from orchestrator.cli.command_table import COMMANDS


def least(arguments: list[str], runs: int) -> tuple[float, float]:
    """(wall, CPU) seconds."""
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(runs):
        before, began = os.times(), time.perf_counter()
        subprocess.run([sys.executable, "-m", "manyfew", *arguments], stdout=subprocess.DEVNULL, check=True)
        walls.append(time.perf_counter() - began)
        after = os.times()
        cpus.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return min(walls), min(cpus)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    print("| command | wall s | CPU s |\n|---|---|---|")
    for arguments in (["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)):
        wall, cpu = least(arguments, runs)
        print(f"| `manyfew {' '.join(arguments)}` | {wall:.2f} | {cpu:.2f} |", flush=True)


if __name__ == "__main__":
    main()
