"""What `manyfew verify --verifier numeric` takes on a ledger of many different texts, in a process of its own.

    python -m benchmarks.verify [SAMPLES] [RUNS]

The texts are worked solutions of 340 characters, half of them right, no two alike. Prints seconds by the clock and of
all processors, workers included, and the most memory of the command's own process.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.importing import MEASURED

EACH = 100
"""Samples of a problem."""
STEP = (
    "{name} has {a} apples and buys {b} more at the market, so {name} has {a} + {b} = {c} apples now.\n"
    "Each apple is cut into {b} pieces, which makes {c} × {b} = {d} pieces for the guests.\n"
)
NAMES = ("Natalia", "Weng", "Betty", "Julie", "James", "Mark", "Albert", "Ken")


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        ledger = made(Path(folder), samples)
        taken = [timed(ledger, Path(folder) / "copy.db") for _ in range(runs)]
    wall, used = median(one[0] for one in taken), median(one[1] for one in taken)
    print(
        f"{samples:,} numeric verdicts in {wall:.1f} s by the clock, {used:.1f} s of the processors "
        f"(medians of {runs}), {samples / wall:,.0f} a second, "
        f"at most {max(one[2] for one in taken):.0f} MiB in the command's process"
    )


def made(folder: Path, samples: int) -> Path:
    lines, ledger = folder / "samples.jsonl", folder / "ledger.db"
    draw = random.Random(1)
    with lines.open("w", encoding="utf-8") as file:
        for at in range(samples):
            gold, text = text_of(draw, at)
            line = {"model": "m", "problem": f"p{at // EACH}", "sample_index": at % EACH, "text": text}
            line |= {"finish_reason": "stop", "question": "How many?", "gold": gold}
            file.write(json.dumps(line) + "\n")
    subprocess.run(
        [sys.executable, "-m", "manyfew", "import", str(lines), "--db", str(ledger), "--json"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    lines.unlink()
    return ledger


def text_of(draw: random.Random, at: int) -> tuple[str, str]:
    """(gold, a solution that comes to it half of the time)."""
    gold = random.Random(at // EACH).randrange(2_000)
    a, b = draw.randrange(2, 90), draw.randrange(2, 60)
    step = STEP.format(name=draw.choice(NAMES), a=a, b=b, c=a + b, d=(a + b) * b)
    answer = gold if draw.random() < 0.5 else gold + draw.randrange(1, 50)
    return str(gold), f"{step}{step.replace('apple', 'pear')}Attempt {at} is done.\nThe answer is {answer}."


def timed(ledger: Path, copy: Path) -> tuple[float, float, float]:
    """(seconds, those of all processors, MiB) of one command, the start of Python included."""
    for left in copy.parent.glob(f"{copy.name}*"):
        left.unlink()
    shutil.copy(ledger, copy)
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "verify", str(copy), "--verifier", "numeric", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return took, used, float(done.stderr.splitlines()[-1]) / 1024


if __name__ == "__main__":
    main()
