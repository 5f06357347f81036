"""Verdicts for samples that a ledger already has: what a crash left unjudged, or everything anew."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.ledger.connect import open_for_writing, open_reader
from orchestrator.ledger.unjudged import pieces, problem_reader, write
from orchestrator.run.judge import Bench, Unjudged
from verifiers.types import Verifier


@dataclass(slots=True)
class Verified:
    """What a pass over a ledger gave, in samples."""

    judged: int = 0
    passed: int = 0
    failed: int = 0
    undecided: int = 0


def verify_ledger(
    path: Path, verifier: Verifier, *, anew: bool, told: Callable[[int], None] = lambda _: None
) -> Verified:
    """Judges every sample without a verdict; `anew`: also those that another verifier or version judged. `told`
    hears how many are done. The caller holds the ledger's lock."""
    connection = open_for_writing(path)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA synchronous = NORMAL")  # a verdict lost to a power cut is judged again
        bench = Bench(verifier, problem_reader(connection))
        done = Verified()
        for rows in pieces(connection, bench.name if anew else None):
            verdicts = [bench.row(_unjudged(row)) for row in rows]
            write(connection, [row["id"] for row in rows], verdicts)
            done.judged += len(verdicts)
            done.passed += sum(v.passed == 1 for v in verdicts)
            done.failed += sum(v.passed == 0 for v in verdicts)
            done.undecided += sum(v.passed is None for v in verdicts)
            told(done.judged)
        return done
    finally:
        connection.close()


def verifier_of(path: Path, kind: str | None) -> Verifier:
    """The verifier named, else the one that the ledger's last run used, else numeric. Raises InputError."""
    from verifiers.registry import get

    options: dict[str, Any] = {}
    if kind is None:
        connection = open_reader(path)
        try:
            row = connection.execute(
                "SELECT verifier FROM sweep WHERE verifier IS NOT NULL ORDER BY id"
            ).fetchone()
        finally:
            connection.close()
        stated: dict[str, Any] = json.loads(row["verifier"]) if row is not None else {}
        kind, options = stated.get("kind", "numeric"), stated.get("options", {})
    try:
        return get(kind or "numeric", options)
    except ValueError as error:
        raise InputError("--verifier", str(error)) from error


def _unjudged(row: sqlite3.Row) -> Unjudged:
    return Unjudged(
        alias="",
        model_id=row["model_id"],
        problem_id=row["problem_id"],
        ordinal=0,
        sample_index=row["sample_index"],
        text=row["text"],
        finish_reason=row["finish_reason"],
    )
