"""What one line needs to cite a ledger: made with what, of what, how much, for how many dollars, which samples."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.samples.digest import samples_digest

DIGESTED = 100_000
"""Samples up to which the digest is made unasked: half a second. A million, half a gigabyte of text, took 6 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """`each`: samples of every problem by every model, None where they differ. `sha256`: see ledger.digest; None where
    it was not asked for. `settled_pico`: of requests; of imported samples what they say they cost."""

    ledger: str
    manyfew: str
    sweeps: tuple[str, ...]
    sha256: str | None
    models: int
    problems: int
    samples: int
    each: int | None
    settled_pico: int
    replayed: bool
    """Some of the dollars are a recording's."""
    date: str | None
    """Of the newest sample, in UTC."""


def cite(db: Path, *, always: bool = False) -> Citation:
    """`always`: the digest, however many samples there are. Raises InputError for what is no ledger."""
    with reading(db), closing(open_reader(db)) as connection:
        connection.execute("BEGIN")
        return citation(connection, db.name, always=always)


def citation(connection: sqlite3.Connection, name: str, *, always: bool) -> Citation:
    """Of the moment that the connection's transaction sees."""
    counts = connection.execute(
        "SELECT model_id, problem_id, count(*), sum(cost_pico) FROM sample GROUP BY model_id, problem_id"
    ).fetchall()
    samples = sum(row[2] for row in counts)
    models, problems = {row[0] for row in counts}, {row[1] for row in counts}
    sizes = {row[2] for row in counts}
    even = len(sizes) == 1 and len(counts) == len(models) * len(problems)
    asked = connection.execute("SELECT id, settled_pico, requests, replayed FROM model").fetchall()
    bought = {row[0] for row in asked if row[2]}
    (newest,) = connection.execute("SELECT max(created_at) FROM sample").fetchone()
    run = connection.execute("SELECT versions FROM run ORDER BY id DESC LIMIT 1").fetchone()
    named: dict[str, str] = {} if run is None else json.loads(run[0])
    return Citation(
        ledger=name,
        manyfew=named.get("manyfew") or version("manyfew"),
        sweeps=tuple(row[0] for row in connection.execute("SELECT name FROM sweep ORDER BY id")),
        sha256=samples_digest(connection) if always or samples <= DIGESTED else None,
        models=len(models),
        problems=len(problems),
        samples=samples,
        each=next(iter(sizes)) if even else None,
        settled_pico=sum(row[1] for row in asked if row[0] in bought)
        + sum(row[3] or 0 for row in counts if row[0] not in bought),
        replayed=any(row[3] for row in asked),
        date=None if newest is None else datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%d"),
    )
