"""The models of one ledger that have samples, by the names that `show` gives them, and which samples are meant."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.errors import InputError
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.reading.samples.reward_models import NO_SCORER
from orchestrator.ledger.reading.samples.text_key import CUT_OFF

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from pathlib import Path

Which = Literal["all", "right", "wrong", "no-verdict", "cut"]
SUCH: dict[Which, str] = {
    "all": "true",
    "right": "s.passed = 1",
    "wrong": "s.passed = 0",
    "no-verdict": "s.passed IS NULL",
    "cut": f"s.finish_reason = '{CUT_OFF}'",
}
"""SQL: the samples meant, of `sample AS s`."""


@dataclass(frozen=True, slots=True)
class SampledModel:
    """`name`: its alias, or ALIAS@SWEEP where several sweeps of the ledger have that alias."""

    id: int
    alias: str
    name: str
    sweep_id: int


def sampled_models(
    connection: sqlite3.Connection, db: Path, names: Collection[str] = ()
) -> list[SampledModel]:
    """Those of these names or aliases, or all. Raises InputError for a name that the ledger doesn't have."""
    rows = connection.execute(
        "SELECT model.id, alias, sweep.name, sweep_id FROM model JOIN sweep ON sweep.id = sweep_id "
        f"WHERE {NO_SCORER} ORDER BY model.id"
    ).fetchall()
    times = Counter(alias for _, alias, _, _ in rows)
    known = [
        SampledModel(number, alias, alias if times[alias] == 1 else f"{alias}@{sweep}", sweep_id)
        for number, alias, sweep, sweep_id in rows
    ]
    for name in names:
        if not any(name in (model.name, model.alias) for model in known):
            remedy = f"use {' or '.join(model.name for model in known)}" if known else ""
            raise InputError("--model", f"{db} has no model {name!r}", remedy)
    return [model for model in known if not names or model.name in names or model.alias in names]


def open_tuples(db: Path) -> sqlite3.Connection:
    """A reader whose rows are tuples and whose damaged texts are read as far as they go."""
    connection = open_reader(db)
    connection.row_factory = None
    connection.text_factory = _lenient
    return connection


def _lenient(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
