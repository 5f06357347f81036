"""The start of scoring on a ledger: the scorer becomes a model of it, what was left open is presumed, and what is
held already is read. One transaction."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from orchestrator.booking.former_rules import FORMER
from orchestrator.errors import InputError
from orchestrator.ledger.file.lock import WriterLock
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.writing.held_money import held_pico
from orchestrator.ledger.writing.presume import presume_leftovers
from orchestrator.ledger.writing.proven_bounds import bound_is_shown
from orchestrator.ledger.writing.rebooking.under_booked import RULES, raise_under_booked
from orchestrator.ledger.writing.rows import ModelTotals
from orchestrator.ledger.writing.run_state import ModelState, RunState
from pricing.form import price_to_json
from pricing.types import Price

IMPORTED = "# No sweep file: these samples were imported. The run below judged them with `manyfew verify`.\n"


class Scorer(Protocol):
    """A model that costs money and brings no samples."""

    @property
    def alias(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def definition(self) -> Mapping[str, Any]: ...
    @property
    def price(self) -> Price: ...


@dataclass(frozen=True, slots=True)
class Begun:
    """`state` for the ledger; what all other models hold of the budget, and what the scorer does already."""

    state: RunState
    others_held: int
    settled: int
    presumed: int
    overhead_tokens: int
    bound_shown: bool


def begin(lock: WriterLock, scorer: Scorer, budget_pico: int) -> Begun:
    """Claims the ledger. Raises InputError."""
    path = lock.path
    with all_or_nothing(path), closing(open_for_writing(path)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN IMMEDIATE")
        lock.claim(connection)
        begun = _begin(connection, path, scorer, budget_pico)
        connection.execute("COMMIT")
        return begun


def _begin(connection: sqlite3.Connection, path: Path, scorer: Scorer, budget_pico: int) -> Begun:
    sweep = connection.execute("SELECT id FROM sweep ORDER BY budget_pico IS NULL, id LIMIT 1").fetchone()
    if sweep is None:
        raise InputError(str(path), "the ledger holds no samples", "run or import some first")
    sweep_id: int = sweep["id"]
    connection.execute("UPDATE sweep SET budget_pico = ? WHERE id = ?", (budget_pico, sweep_id))
    raised = raise_under_booked(connection, FORMER)
    model_id = _model(connection, path, scorer, sweep_id)
    leftovers = presume_leftovers(connection, time.time())
    run_id = _run(connection, sweep_id, budget_pico)
    mine = connection.execute("SELECT * FROM model WHERE id = ?", (model_id,)).fetchone()
    others = held_pico(connection, but=[model_id])
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM request").fetchone()
    state = RunState(
        run_id=run_id,
        sweep_id=sweep_id,
        problem_ids=[],
        models={scorer.alias: ModelState(model_id=model_id)},
        others=ModelTotals(),
        next_request_id=last + 1,
        presumed_leftovers=leftovers,
        raised=raised,
    )
    held = mine["settled_pico"], mine["presumed_pico"] + mine["reserved_pico"]
    return Begun(state, others, *held, mine["overhead_tokens"], bound_is_shown(connection, model_id))


def _model(connection: sqlite3.Connection, path: Path, scorer: Scorer, sweep_id: int) -> int:
    definition = json.dumps(dict(scorer.definition), sort_keys=True, ensure_ascii=False)
    price = json.dumps(price_to_json(scorer.price))
    row = connection.execute(
        "SELECT id, definition FROM model WHERE sweep_id = ? AND alias = ?", (sweep_id, scorer.alias)
    ).fetchone()
    if row is None:
        made = connection.execute(
            "INSERT INTO model (sweep_id, alias, provider, name, definition, price, samples_wanted) "
            "VALUES (?, ?, ?, ?, ?, ?, 0)",
            (sweep_id, scorer.alias, scorer.provider, scorer.model, definition, price),
        ).lastrowid
        assert made is not None
        return made
    if row["definition"] != definition:
        raise InputError(
            f"{path}: model {scorer.alias!r}",
            "is another model than the one that is to score",
            f'name the scorer otherwise: --option alias="{scorer.alias}-2"',
        )
    connection.execute("UPDATE model SET price = ?, stopped = NULL WHERE id = ?", (price, row["id"]))
    return row["id"]


def _run(connection: sqlite3.Connection, sweep_id: int, budget_pico: int) -> int:
    """The run that the requests are written under: the ledger's last one, whose status stays as it is, since scoring
    is no sampling; one made for the purpose if all was imported."""
    row = connection.execute("SELECT max(id) FROM run").fetchone()
    if row[0] is not None:
        return row[0]
    now, digest = time.time(), sha256(IMPORTED.encode()).hexdigest()
    connection.execute(
        "INSERT OR IGNORE INTO sweep_file (sweep_id, sha256, text, read_at) VALUES (?, ?, ?, ?)",
        (sweep_id, digest, IMPORTED, now),
    )
    made = connection.execute(
        "INSERT INTO run (sweep_file_id, budget_pico, started_at, ended_at, status, pid, host, versions, "
        "rules) "
        "VALUES ((SELECT id FROM sweep_file WHERE sweep_id = ? AND sha256 = ?), ?, ?, ?, 'complete', ?, ?, '{}', ?)",
        (sweep_id, digest, budget_pico, now, now, os.getpid(), platform.node(), RULES),
    ).lastrowid
    assert made is not None
    return made
