"""vLLM's throughput on a GPU, through a run that starts the server itself, beside vLLM's own benchmark: for whoever has
a GPU with the `vllm` command. Not seen on a GPU: none was at hand when this was written.

    python tests/real/gpu_throughput.py MODEL [--problems 64] [--samples 16] [--tokens 256] [VLLM-OPTION …]

First `vllm bench throughput` on as many prompts, then the run. It prints output tokens a second of both, the run's
counted from when its server was ready to its last sample.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORDS = 100
"""About 130 tokens of prompt."""
SQL = """
SELECT sum(completion_tokens), max(created_at), (SELECT min(ready_at) FROM server), count(*) FROM sample_records"""


def write(folder: Path, options: argparse.Namespace, more: list[str]) -> Path:
    words = " ".join("word" for _ in range(WORDS))
    lines = [
        {"id": f"p{i}", "question": f"{i} {words} What is {i}?", "answer": "1"}
        for i in range(options.problems)
    ]
    (folder / "problems.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    path = folder / "throughput.toml"
    path.write_text(f"""
name = "throughput"
budget_usd = 100
[problems]
source = "jsonl"
path = "problems.jsonl"
[sampling]
samples = {options.samples}
max_tokens = {options.tokens}
temperature = 1.0
[models.one]
provider = "vllm"
model = {json.dumps(options.model)}
api = "completions"
extra = {{ ignore_eos = true }}
gpu_usd_per_hour = 1.0
[models.one.serve]
args = {json.dumps(more)}
""")
    return path


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("--problems", type=int, default=64)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=256)
    options, more = parser.parse_known_args()
    count = options.problems * options.samples
    bench = ["vllm", "bench", "throughput", "--model", options.model, "--dataset-name", "random"]
    bench += ["--input-len", "130", "--output-len", str(options.tokens), "--num-prompts", str(count)]
    subprocess.run([*bench, *more], check=True)
    with tempfile.TemporaryDirectory() as name:
        path = write(Path(name), options, more)
        db = path.with_suffix(".db")
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        program = [sys.executable, "-m", "manyfew", "run", str(path), "--db", str(db)]
        status = subprocess.run(program, env=environ, check=False).returncode
        with contextlib.closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
            tokens, last, ready, samples = connection.execute(SQL).fetchone()
    if status or samples != count:
        sys.stdout.write(f"FAIL  status {status}, {samples} of {count} samples\n")
        return 1
    sys.stdout.write(
        f"manyfew run: {tokens:,} output tokens in {last - ready:.1f} s: {tokens / (last - ready):,.0f} a second\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
