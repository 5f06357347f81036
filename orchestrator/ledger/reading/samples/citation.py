"""The line that cites a ledger, and what it is made of: made with what, of what, how much, for how many dollars,
which samples."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestrator.grammar import many
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.samples.digest import samples_digest
from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD

DIGESTED = 100_000
"""Samples up to which the digest is made unasked: half a second. A million, half a gigabyte of text, took 6 s."""

_COST = "SELECT sum(cost_pico), count(*) - count(cost_pico) FROM sample WHERE model_id = ?"
_NAME = 80
_DIGITS = 16
"""Of the digest in the line: two ledgers that share them are one. All 64 are in --json."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """`each`: samples of every problem by every model, None if they differ. `sha256`: see ledger.digest; None if
    it was not asked for. `settled_pico`: of requests; of imported samples what they say they cost. `without_cost`:
    imported samples whose cost is not known."""

    ledger: str
    manyfew: str
    sweeps: tuple[str, ...]
    sha256: str | None
    models: int
    problems: int
    samples: int
    each: int | None
    settled_pico: int
    without_cost: int
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
    # The index of the samples' identity, the smallest, tells this.
    counts = connection.execute(
        "SELECT model_id, problem_id, count(*) FROM sample GROUP BY model_id, problem_id"
    ).fetchall()
    samples = sum(row[2] for row in counts)
    models, problems = {row[0] for row in counts}, {row[1] for row in counts}
    sizes = {row[2] for row in counts}
    even = len(sizes) == 1 and len(counts) == len(models) * len(problems)
    asked = connection.execute("SELECT id, settled_pico, requests, replayed FROM model").fetchall()
    imported = [connection.execute(_COST, (row[0],)).fetchone() for row in asked if not row[2]]
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
        settled_pico=sum(row[1] for row in asked if row[2]) + sum(known or 0 for known, _ in imported),
        without_cost=sum(unknown for _, unknown in imported),
        replayed=any(row[3] for row in asked),
        date=None if newest is None else datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%d"),
    )


def citation_text(of: Citation) -> str:
    """One line, without `Cite: `."""
    sweeps = ", ".join(f'"{safe(name, _NAME)}"' for name in of.sweeps)
    said = [
        f"manyfew {safe(of.manyfew, _NAME)}",
        f"sweep{'s' if len(of.sweeps) > 1 else ''} {sweeps or '(none)'}",
    ]
    if of.sha256 is not None:
        said.append(f"ledger sha256:{of.sha256[:_DIGITS]}…")
    models, problems = many(of.models, "model"), many(of.problems, "problem")
    if of.each is not None:
        said.append(f"{models} × {problems} × {many(of.each, 'sample')}")
    else:
        said.append(f"{many(of.samples, 'sample')} of {problems} by {models}")
    said.append(_cost(of) + (" (replayed)" if of.replayed else ""))
    return ", ".join([*said, *([of.date] if of.date else [])])


def _cost(of: Citation) -> str:
    if not of.without_cost:
        return usd(of.settled_pico)
    if of.without_cost == of.samples:
        return "cost unknown"
    return f"{usd(of.settled_pico)} and {many(of.without_cost, 'sample')} of unknown cost"


def citation_document(of: Citation) -> dict[str, Any]:
    """All of it, with the line."""
    found = asdict(of)
    found["sweeps"] = list(of.sweeps)
    found["settled_usd"] = found.pop("settled_pico") / PICO_PER_USD
    return {"text": citation_text(of), **found}
