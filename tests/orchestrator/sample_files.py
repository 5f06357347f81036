"""Sample files and ledgers, for what writes and reads them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run

LINE = {"model": "cheap", "problem": "p1", "sample_index": 0}


def rows(db: Path, sql: str, *values):
    with closing(sqlite3.connect(f"{db.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, values)]


def records(db: Path):
    return rows(db, "SELECT * FROM sample_records")


def spend(db: Path):
    return rows(db, "SELECT * FROM spend")


def key(row):
    return row["sweep"], row["model"], row["problem"], row["sample_index"]


def write(path: Path, *lines: object) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
    return path


def objects(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def exported(command, db: Path, *more: str) -> list[dict[str, Any]]:
    done = command("export", str(db), "--format", "jsonl", *more)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def buy(folder: Path) -> Path:
    """A ledger that a run made: two models, tokens, dollars, verdicts, hostile texts; 45 samples of 5 problems."""
    answers = ["#### 2", "\x1b[2J\x9b31m\u202e\u2028 #### 4", "no, café — 好 \x00 #### 6", "#### 4"]

    def hostile(prompt: str, index: int) -> str:
        return answers[index % 4]

    def counted(prompt: str, index: int) -> str:
        return f"#### {index}"

    cheap = openai_vendor(answer=hostile, prices={"input": "0.1", "output": "0.4"})
    expensive = openai_vendor(answer=counted)
    db = folder / "bought.db"
    with serving(cheap, expensive):
        models = {"cheap": model(cheap, max_n=3), "expensive": model(expensive, samples=2)}
        assert run(SweepFile(models, problems=5, samples=7).write(folder), db).status == 0
    assert len(records(db)) == 5 * 7 + 5 * 2
    return db
