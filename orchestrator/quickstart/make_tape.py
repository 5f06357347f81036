"""Turns a recorded ledger into a tape: python -m orchestrator.quickstart.make_tape LEDGER OUT [NAME=VALUE …]

Each NAME=VALUE is kept in the tape's header (server, hardware), beside the versions that the ledger knows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.ledger.file.trouble import reading
from providers.tape import FORMAT, Header, TapedModel, TapedSample, prompt_digest, write_tape
from providers.types import Message, Prompt

if TYPE_CHECKING:
    import sqlite3

SAMPLES = f"""
SELECT model.alias, problem.key, s.sample_index, {text_sql("s")} AS text, s.reasoning, s.finish_reason,
  request.prompt_tokens,
  s.completion_tokens, s.reasoning_tokens, s.latency_s
FROM sample AS s JOIN model ON model.id = s.model_id JOIN problem ON problem.id = s.problem_id
JOIN request ON request.id = s.request_id
ORDER BY model.id, problem.ordinal, s.sample_index"""

PROMPTS = """
SELECT DISTINCT model.alias, problem.key, prompt.body
FROM request JOIN model ON model.id = request.model_id JOIN problem ON problem.id = request.problem_id
JOIN prompt ON prompt.id = request.prompt_id"""


def make_tape(ledger: Path, out: Path, *, name: str, recorded_with: dict[str, str]) -> int:
    """Writes every sample of the ledger to a tape; gives how many. Raises InputError for what is no ledger."""
    with reading(ledger), closing(open_reader(ledger)) as connection:
        return write_tape(out, _header(connection, name, recorded_with), _samples(connection))


def _header(connection: sqlite3.Connection, name: str, recorded_with: dict[str, str]) -> Header:
    (recorded,) = connection.execute("SELECT min(reserved_at) FROM request").fetchone()
    run = connection.execute(
        "SELECT versions, sweep_file.text FROM run JOIN sweep_file ON sweep_file.id = sweep_file_id ORDER BY run.id"
    ).fetchone()
    prompts: dict[str, dict[str, str]] = {}
    for row in connection.execute(PROMPTS):
        prompts.setdefault(row["alias"], {})[row["key"]] = prompt_digest(_prompt(json.loads(row["body"])))
    return Header(
        tape=FORMAT,
        name=name,
        recorded_at=datetime.fromtimestamp(recorded, UTC).isoformat(timespec="seconds"),
        recorded_with={k: v for k, v in json.loads(run["versions"]).items() if k != "platform"}
        | recorded_with,
        models={
            row["alias"]: _model(json.loads(row["definition"]))
            for row in connection.execute("SELECT alias, definition FROM model ORDER BY id")
        },
        prompts=prompts,
        sweep=run["text"],
    )


def _model(definition: dict[str, Any]) -> TapedModel:
    return TapedModel(
        model=definition["model"],
        api=definition["api"],
        max_tokens=definition["max_tokens"],
        params=definition["params"],
        system=definition["system"],
    )


def _prompt(body: dict[str, Any]) -> Prompt:
    if "text" in body:
        return Prompt(text=body["text"])
    return Prompt(messages=tuple(Message(role, content) for role, content in body["messages"]))


def _samples(connection: sqlite3.Connection) -> Iterator[TapedSample]:
    for row in connection.execute(SAMPLES):
        yield TapedSample(
            model=row["alias"],
            problem=row["key"],
            index=row["sample_index"],
            text=row["text"],
            reasoning=row["reasoning"],
            finish_reason=row["finish_reason"],
            prompt_tokens=row["prompt_tokens"],
            completion_tokens=row["completion_tokens"],
            reasoning_tokens=row["reasoning_tokens"] or 0,
            latency_s=round(row["latency_s"], 3),
        )


def main() -> None:
    """The command line."""
    ledger, out, *rest = sys.argv[1:]
    recorded_with = dict(pair.split("=", 1) for pair in rest)
    count = make_tape(
        Path(ledger),
        Path(out),
        name=recorded_with.pop("name", Path(out).name.split(".")[0]),
        recorded_with=recorded_with,
    )
    sys.stdout.write(f"{count:,} samples in {out}\n")


if __name__ == "__main__":
    main()
