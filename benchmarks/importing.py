"""How fast `manyfew import` reads an inspect_ai log and manyfew's own lines, each in a process of its own.

    python -m benchmarks.importing [SAMPLES] [RUNS]

Prints seconds, samples a second and the largest memory of each run, and their medians.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from statistics import median
from typing import Any

from backports import zstd

EPOCHS = 100
TEXT = "Let me think. " * 40


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "own lines": own_lines(Path(folder) / "own.jsonl", samples),
            "inspect, deflated": inspect_log(Path(folder) / "deflated.eval", samples, zipfile.ZIP_DEFLATED),
            "inspect, Zstandard": inspect_log(Path(folder) / "zstd.eval", samples, 93),
        }
        for name, file in files.items():
            seconds = [timed(file, Path(folder) / "a.db") for _ in range(runs)]
            took, used = median(wall for wall, _, _ in seconds), median(cpu for _, cpu, _ in seconds)
            print(
                f"{name} ({file.stat().st_size / 2**20:,.0f} MiB): {samples:,} samples in {took:.1f} s by the clock, "
                f"{used:.1f} s of the processor (medians of {runs}), {samples / used:,.0f} a processor's second, "
                f"at most {max(mib for _, _, mib in seconds):.0f} MiB of memory"
            )


def timed(file: Path, db: Path) -> tuple[float, float, float]:
    """(seconds, those of the processor, MiB) of one import, the start of Python included."""
    for left in db.parent.glob("a.db*"):
        left.unlink()
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "import", str(file), "--db", str(db), "--json"],
        capture_output=True,
        text=True,
        check=False,
        # An installed program's modules are compiled once, not at each start.
        env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    )
    took = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return took, used, float(done.stderr.splitlines()[-1]) / 1024


MEASURED = """
import atexit, resource, sys
from manyfew.__main__ import main
atexit.register(lambda: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr))
main()
"""


def own_lines(path: Path, samples: int) -> Path:
    with path.open("w") as file:
        for at in range(samples):
            line = {
                "sweep": "bench", "model": f"m{at % 2}", "provider": "openai", "problem": f"p{at // (2 * EPOCHS)}",
                "sample_index": at // 2 % EPOCHS, "text": TEXT, "reasoning": None, "finish_reason": "stop",
                "prompt_tokens": 100, "cached_tokens": 0, "cache_write_tokens": 0, "cache_write_1h_tokens": 0,
                "completion_tokens": 200, "reasoning_tokens": 0, "token_basis": "reported", "cost_usd": 0.000123,
                "cost_pico": 123_000_000, "cost_basis": "usage", "passed": (at % 3 == 0 and 1) or 0, "score": None,
                "answer": "7", "server": None, "request": at, "stop_rule": "none", "latency_s": 1.5,
                "created_at": 1.79e9,
            }  # fmt: skip
            file.write(json.dumps(line) + "\n")
    return path


def inspect_log(path: Path, samples: int, method: int) -> Path:
    header = {"version": 2, "status": "success"}
    header |= {"eval": {"task": "bench", "model": "openai/gpt-4o", "config": {"epochs": EPOCHS}}}
    # Python before 3.14 can't write method 93: the entries are stored packed, and named so afterwards.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if method == 8 else zipfile.ZIP_STORED) as archive:

        def put(name: str, value: dict[str, Any]) -> None:
            data = json.dumps(value).encode()
            archive.writestr(name, data if method == 8 else zstd.compress(data))
            if method == 93:
                entry = archive.filelist[-1]
                entry.file_size, entry.CRC, entry.compress_type = len(data), zipfile.crc32(data), 93  # pyright: ignore

        put("header.json", header)
        for at in range(samples):
            problem, epoch = divmod(at, EPOCHS)
            put(f"samples/{problem}_epoch_{epoch + 1}.json", one_sample(problem, epoch + 1))
    return path


def one_sample(problem: int, epoch: int) -> dict[str, Any]:
    message = {"id": "x" * 22, "role": "assistant", "content": TEXT, "source": "generate"}
    usage = {"input_tokens": 100, "output_tokens": 200, "total_tokens": 300}
    event = {
        "uuid": "u" * 22,
        "span_id": "s" * 22,
        "timestamp": "2026-11-01T10:00:00+00:00",
        "event": "model",
    }
    output = {"model": "gpt-4o", "choices": [{"message": message, "stop_reason": "stop"}], "usage": usage}
    return {
        "id": problem, "epoch": epoch, "input": "What is it?", "target": "7", "messages": [message], "output": output,
        "scores": {"match": {"value": "C" if epoch % 3 else "I", "answer": "7"}}, "metadata": {}, "store": {},
        "events": [{**event, "input": [message], "output": output}, *[event] * 12],
        "model_usage": {"openai/gpt-4o": usage}, "started_at": "2026-11-29T10:00:00+00:00",
        "completed_at": "2026-11-29T10:00:05+00:00", "total_time": 5.0, "working_time": 4.5,
        "uuid": f"{problem}-{epoch}", "attachments": {},
    }  # fmt: skip


if __name__ == "__main__":
    main()
