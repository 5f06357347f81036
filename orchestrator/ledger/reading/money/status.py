"""How a ledger stands: the document of `status --json` and `run --json`."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.ledger.file.lock import is_held
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.money.agent_costs import count_interrupted
from orchestrator.ledger.reading.money.failed_samples import failures_of
from orchestrator.ledger.reading.money.planned_by_policy import planned_as_said, planned_by_policy
from orchestrator.ledger.reading.money.servers import Stood, read_servers, stood
from orchestrator.ledger.reading.money.solved_by_any import count_solved_by_any
from orchestrator.ledger.reading.samples.sample_counts import count_samples
from orchestrator.ledger.writing.batch_jobs import count_open
from pricing.types import PICO_PER_USD

NOT_WORTH = "more samples would cost above worth_usd for each problem that they are expected to solve"
PAIR_IS_WHOLE = "both models of the pair have all their samples"
KEPT_TO_MEASURE = "the remaining samples are reserved for measure, which draws them at a higher budget"
"""Why a run is complete that may ask more."""


def read_status(path: Path, only: Collection[str] | None = None) -> dict[str, Any]:
    """The contract's document, while a run writes or after. `only`: counts and status are of these models, the money
    is of all. Raises InputError for what is no ledger."""
    running = is_held(path)
    with reading(path), closing(open_reader(path)) as connection:
        connection.execute("BEGIN")  # one moment for all figures
        return _document(connection, only, running=running)


def _document(
    connection: sqlite3.Connection, only: Collection[str] | None, *, running: bool
) -> dict[str, Any]:
    run = connection.execute("SELECT status, reason FROM run ORDER BY id DESC LIMIT 1").fetchone()
    budget = connection.execute("SELECT max(budget_pico) FROM sweep").fetchone()[0]
    models: dict[str, Any] = {}
    planned = done = failed = 0
    replayed = 0
    totals = dict.fromkeys(("settled", "presumed", "reserved"), 0)
    bought_all = (
        not running
        and run is not None
        and run["status"] == "complete"
        and run["reason"] in (NOT_WORTH, PAIR_IS_WHOLE, KEPT_TO_MEASURE)
    )
    solved = count_solved_by_any(connection)
    said = planned_by_policy(connection, solved, running=running)
    several = connection.execute("SELECT count(DISTINCT sweep_id) > 1 FROM model").fetchone()[0]
    for row in connection.execute(
        "SELECT model.*, sweep.name AS sweep FROM model JOIN sweep ON sweep.id = sweep_id ORDER BY model.id"
    ):
        name = f"{row['alias']}@{row['sweep']}" if several else row["alias"]
        for key in totals:
            totals[key] += row[f"{key}_pico"]
        replayed += row["settled_pico"] if row["replayed"] else 0
        if only is not None and row["alias"] not in only:
            continue
        counts = planned_as_said(count_samples(connection, row), said.get(row["alias"]))
        if bought_all:
            counts["planned"] = counts["done"] + counts["failed"]
        models[name] = _model(row, counts, stood(connection, row["id"])) | {
            "failures": failures_of(connection, row["id"]),
            "interrupted_attempts": 0 if running else count_interrupted(connection, row["id"]),
        }
        planned, done, failed = planned + counts["planned"], done + counts["done"], failed + counts["failed"]
    return {
        "status": _status(run, running=running, lacking=planned - done - failed, failed=failed),
        "budget_usd": None if budget is None else budget / PICO_PER_USD,
        "settled_usd": totals["settled"] / PICO_PER_USD,
        "presumed_usd": totals["presumed"] / PICO_PER_USD,
        "reserved_usd": totals["reserved"] / PICO_PER_USD,
        "replayed_usd": replayed / PICO_PER_USD,
        "reason": None if run is None else run["reason"],
        "samples": {"planned": planned, "done": done, "failed": failed},
        "servers": [asdict(one) for one in (read_servers(connection) if running else ())],
        "solved_by_any": solved,
        "batches": [
            {"model": alias, "batches": batches, "requests": requests}
            for alias, (batches, requests) in count_open(connection).items()
        ],
        "models": models,
    }


def _status(run: sqlite3.Row | None, *, running: bool, lacking: int, failed: int) -> str:
    if running:
        return "running"
    if run is None:
        return "complete"  # imported: there is nothing to ask
    if run["status"] in ("running", "killed"):
        return "interrupted"
    if run["status"] == "complete" and lacking > 0:
        return "incomplete"  # only some of the models were asked
    return run["status"]


def _model(row: sqlite3.Row, counts: dict[str, int], standing: Stood) -> dict[str, Any]:
    return {
        "samples_done": counts["done"],
        "samples_planned": counts["planned"],
        "samples_failed": counts["failed"],
        "settled_usd": row["settled_pico"] / PICO_PER_USD,
        "presumed_usd": row["presumed_pico"] / PICO_PER_USD,
        "reserved_usd": row["reserved_pico"] / PICO_PER_USD,
        "unused_usd": row["unused_pico"] / PICO_PER_USD,
        "loading_usd": standing.loading_pico / PICO_PER_USD,
        "idle_usd": standing.idle_pico / PICO_PER_USD,
        "requests": row["requests"],
        "retries": row["retries"],
        "solved_problems": counts["solved"],
        "replayed": bool(row["replayed"]),
        "stopped": row["stopped"],
    }
