"""Where a ledger's figures come from: versions, prices, what was paid by kind. Read with SQL, while a run may write."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.money.settled_tokens import SettledTokens, settled_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProvenance:
    """One model of one ledger. Money in whole pico-dollars; tokens of settled requests."""

    row: int
    """The model's id in its ledger."""
    alias: str
    provider: str | None
    name: str | None
    served: tuple[str, ...]
    """What the vendor says it was."""
    price: dict[str, Any] | None
    """As the ledger keeps it: pricing.form reads it."""
    replayed: bool
    settled: int
    presumed: int
    reserved: int
    unused: int
    requests: int
    retries: int
    samples: int
    tokens: SettledTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """One ledger."""

    path: Path
    sweeps: tuple[str, ...]
    runs: int
    versions: dict[str, str]
    """Of its last run; empty where all was imported."""
    sweep_file_sha256: str | None
    """Of the last that was read."""
    models: tuple[ModelProvenance, ...]


def read_provenance(paths: Iterable[Path]) -> list[Provenance]:
    """One for each file, once. Raises InputError for what is no ledger."""
    distinct = {path.resolve(): path for path in paths}.values()
    return [_read(path) for path in distinct]


def _read(path: Path) -> Provenance:
    with reading(path), closing(open_reader(path)) as connection:
        connection.execute("BEGIN")  # one moment of the ledger for all queries
        return _ledger(connection, path)


def _ledger(connection: sqlite3.Connection, path: Path) -> Provenance:
    models = connection.execute("SELECT * FROM model ORDER BY id").fetchall()
    run = connection.execute("SELECT versions FROM run ORDER BY id DESC LIMIT 1").fetchone()
    file = connection.execute("SELECT sha256 FROM sweep_file ORDER BY id DESC LIMIT 1").fetchone()
    return Provenance(
        path=path,
        sweeps=tuple(row[0] for row in connection.execute("SELECT name FROM sweep ORDER BY id")),
        runs=connection.execute("SELECT count(*) FROM run").fetchone()[0],
        versions={} if run is None else json.loads(run[0]),
        sweep_file_sha256=None if file is None else file[0],
        models=tuple(_model(connection, model) for model in models),
    )


def _model(connection: sqlite3.Connection, model: sqlite3.Row) -> ModelProvenance:
    tokens = settled_tokens(connection, model["id"])
    served = connection.execute(
        "SELECT DISTINCT vendor_model FROM request WHERE model_id = ? AND vendor_model IS NOT NULL "
        "ORDER BY 1 LIMIT 5",
        (model["id"],),
    ).fetchall()
    return ModelProvenance(
        row=model["id"],
        alias=model["alias"],
        provider=model["provider"],
        name=model["name"],
        served=tuple(row[0] for row in served),
        price=None if model["price"] is None else json.loads(model["price"]),
        replayed=bool(model["replayed"]),
        settled=model["settled_pico"],
        presumed=model["presumed_pico"],
        reserved=model["reserved_pico"],
        unused=model["unused_pico"],
        requests=model["requests"],
        retries=model["retries"],
        samples=model["samples"],
        tokens=tokens,
    )
