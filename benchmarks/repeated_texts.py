"""How many bytes a sample takes in the ledger, where a text that repeats within its problem is kept once and where each
sample has its own.

    python -m benchmarks.repeated_texts [--gsm8k gsm8k_test.jsonl] [--problems 200] [--samples 64]

The quickstart's tape is replayed. Of GSM8K the published solutions are replayed as if models had written them: each of
a problem's samples is one of so many different solutions, drawn at random (seeded). Both ledgers are packed (VACUUM).
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from orchestrator.ledger.file.sample_text import text_sql
from providers.tape import FORMAT, Header, TapedModel, TapedSample, write_tape

DIFFERENT = (1, 8, 64, 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gsm8k", type=Path, help="a JSON Lines file with question and answer")
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--samples", type=int, default=64, help="of each problem")
    options = parser.parse_args()
    print(f"{'':<34}{'samples':>9}{'own texts':>11}{'kept once':>11}")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "manyfew", "init", "quickstart.toml", "--quickstart"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        told("quickstart", replayed(Path(folder), "quickstart.toml"))
    for different in DIFFERENT if options.gsm8k else ():
        with tempfile.TemporaryDirectory() as folder:
            sweep(Path(folder), options.gsm8k, options.problems, options.samples, different)
            told(f"GSM8K, {different} different texts", replayed(Path(folder), "sweep.toml"))


def replayed(folder: Path, name: str) -> Path:
    command = [sys.executable, "-m", "manyfew", "run", name, "--db", "l.db", "--no-progress"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "l.db"


def sweep(folder: Path, gsm8k: Path, problems: int, samples: int, different: int) -> None:
    lines = [json.loads(line) for line in gsm8k.read_text("utf-8").splitlines()]
    draw = random.Random(1)
    samples_of: list[TapedSample] = []
    with (folder / "problems.jsonl").open("w") as out:
        for number, line in enumerate(lines[:problems]):
            answer = line["answer"].rpartition("#### ")[2]
            problem = {"id": f"p{number}", "question": line["question"], "answer": answer}
            out.write(json.dumps(problem) + "\n")
            for index in range(samples):
                text = lines[(number + draw.randrange(different)) % len(lines)]["answer"]
                samples_of.append(
                    TapedSample(
                        model="m",
                        problem=f"p{number}",
                        index=index,
                        text=text,
                        prompt_tokens=80,
                        completion_tokens=96,
                        latency_s=0.1,
                        finish_reason="stop",
                    )
                )
    model = TapedModel(model="m", api="chat", max_tokens=256)
    header = Header(tape=FORMAT, name="gsm8k", recorded_at="2026-11-30", models={"m": model})
    write_tape(folder / "tape.jsonl.gz", header, samples_of)
    (folder / "sweep.toml").write_text(
        'name = "gsm8k"\nbudget_usd = 1\n[problems]\nsource = "jsonl"\npath = "problems.jsonl"\n'
        f"[sampling]\nsamples = {samples}\nmax_tokens = 256\n"
        '[models.m]\nprovider = "replay"\nmodel = "m"\ntape = "tape.jsonl.gz"\n'
    )


def told(what: str, db: Path) -> None:
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        (samples,) = connection.execute("SELECT count(*) FROM sample").fetchone()
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        once = db.stat().st_size
        connection.execute(f"UPDATE sample SET text = {text_sql('sample')} WHERE text_of IS NOT NULL")
        connection.execute("UPDATE sample SET text_of = NULL")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        own = db.stat().st_size
    print(f"{what:<34}{samples:>9,}{own / samples:>11.0f}{once / samples:>11.0f}", flush=True)


if __name__ == "__main__":
    main()
