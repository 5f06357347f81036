"""What a ledger has for reconciling: its models, what is presumed, and what is settled beside it. Reads only."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.writing.batch_jobs import OF_OPEN_JOB
from orchestrator.reconcile.time_limits import WRITTEN_DOWN_S, TimeLimits
from pricing.types import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model whose dollars count. `label` is its alias, with its sweep if the ledger has several."""

    id: int
    label: str
    alias: str
    provider: str
    price: str | None
    names: frozenset[str]
    """The vendor's names of it: as asked for, and as replies named it."""
    settled_pico: int
    batched: bool = False
    """Whether it has requests that went through batches, which an export counts in rows of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presumed:
    """One request, or one server's time, charged at its worst case."""

    id: int
    model_id: int
    is_lease: bool
    pico: int
    begun: float
    ended: float
    latest: float
    """The vendor works on it until then at most."""
    kind: str
    vendor_request: str | None = None
    brought: int = 0
    """Samples kept from its reply."""

    @property
    def due_at(self) -> float:
        """An export that ends later than this holds it, if it was billed."""
        return self.latest + WRITTEN_DOWN_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is known beside it. `id`: None of a server's time."""

    id: int | None
    model_id: int
    pico: int
    reserved_pico: int
    begun: float
    ended: float
    latest: float
    vendor_request: str | None
    tokens: Tokens | None
    cost_basis: str | None
    shared: bool
    """A share of a total: what it cost by itself is not known."""

    @property
    def due_at(self) -> float:
        """An export that ends later than this holds it."""
        return self.latest + WRITTEN_DOWN_S


@dataclass(slots=True, kw_only=True)
class Books:
    """One moment of a ledger. `left_open`: how many requests a killed run left, counted as presumed."""

    models: dict[int, Model]
    presumed: list[Presumed]
    left_open: int
    connection: sqlite3.Connection
    never: dict[str, str] = field(default_factory=dict[str, str])
    """Models that are never reconciled, and why."""

    def chosen(self, names: Sequence[str]) -> list[Model]:
        """The models named, all without names. Raises InputError for a name that is none."""
        models = list(self.models.values())
        found: list[Model] = []
        for name in names:
            hits = [model for model in models if name in (model.label, model.alias)]
            if not hits and name in self.never:
                raise InputError("--model", f"{name!r} {self.never[name]}: there is nothing to reconcile")
            if len(hits) != 1:
                known = ", ".join(model.label for model in models) or "none"
                raise InputError("--model", f"there is no model {name!r}", f"of this ledger: {known}")
            found += [hit for hit in hits if hit not in found]
        return found if names else models

    def pool(self, models: Iterable[Model]) -> list[Presumed]:
        ids = {model.id for model in models}
        return [one for one in self.presumed if one.model_id in ids]

    def settled(self, models: Iterable[Model]) -> list[Settled]:
        ids = [model.id for model in models]
        marks = ",".join("?" * len(ids))
        rows = self.connection.execute(_SETTLED.format(marks=marks), [*ids, *ids])
        limits = TimeLimits(self.connection)
        return [_settled(row, self.models[row["model_id"]].alias, limits) for row in rows]


# What a reply that broke off told of its tokens is not all of them: settled by a total, its tokens are not known.
_SETTLED = """
SELECT r.id, r.model_id, r.run_id, n, max_tokens, r.settled_pico, r.reserved_pico, reserved_at,
  coalesce(ended_at, reserved_at) AS ended_at, vendor_request, cost_basis, i.matched IS 'total' AS shared,
  iif(i.matched = 'total', NULL, prompt_tokens) AS prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens,
  cache_write_1h_tokens
FROM request AS r LEFT JOIN reconciled AS i ON i.request_id = r.id WHERE r.state = 'settled' AND r.model_id IN ({marks})
UNION ALL
SELECT NULL, model_id, run_id, 0, 0, reconciled_pico, 0, opened_at, coalesce(ended_at, opened_at), NULL, NULL, 1, NULL,
  NULL, NULL, NULL, NULL
FROM lease WHERE reconciled_pico > 0 AND model_id IN ({marks})"""

_REQUESTS = f"""
SELECT r.id, r.model_id, r.run_id, r.n, r.max_tokens, r.reserved_at, r.ended_at, r.vendor_request, r.error,
  r.error_message, r.http_status,
  iif(r.state = 'presumed', r.presumed_pico, r.reserved_pico) AS pico, r.state,
  (SELECT count(*) FROM sample AS s WHERE s.model_id = r.model_id AND s.problem_id = r.problem_id
    AND s.request_id = r.id) AS brought
FROM request AS r WHERE r.state = 'presumed' OR (? AND r.state = 'reserved' AND NOT {OF_OPEN_JOB})
ORDER BY r.id"""

_LEASES = """
SELECT id, model_id, opened_at, ended_at, iif(ended_at IS NULL, reserved_pico, presumed_pico) AS pico
FROM lease WHERE presumed_pico > 0 OR (? AND ended_at IS NULL AND reserved_pico > 0) ORDER BY id"""


@contextmanager
def open_books(db: Path, *, running: bool) -> Generator[Books]:
    """One moment of a ledger, while it is looked at. Raises InputError for what is no ledger. `running`: a living
    process holds it, so that what is in flight is not presumed."""
    with reading(db), closing(open_reader(db)) as connection:
        connection.execute("BEGIN")
        yield read_books(connection, running=running)


def read_books(connection: sqlite3.Connection, *, running: bool) -> Books:
    """Rows by name. While nobody runs, what a killed run left open is presumed as the next run would presume it."""
    several = connection.execute("SELECT count(DISTINCT sweep_id) > 1 FROM model").fetchone()[0]
    models: dict[int, Model] = {}
    never: dict[str, str] = {}
    for row in connection.execute(
        "SELECT model.*, sweep.name AS sweep, EXISTS (SELECT 1 FROM batch_job WHERE model_id = model.id) AS batched "
        "FROM model JOIN sweep ON sweep.id = sweep_id ORDER BY model.id"
    ):
        label = f"{row['alias']}@{row['sweep']}" if several else row["alias"]
        if row["replayed"]:
            never[label] = never[row["alias"]] = "is a recording played back, whose dollars were not spent"
        elif not row["requests"]:
            never[label] = never[row["alias"]] = "has made no request here"
        else:
            models[row["id"]] = Model(
                id=row["id"],
                label=label,
                alias=row["alias"],
                provider=row["provider"] or "",
                price=row["price"],
                names=_names(connection, row["id"], row["name"]),
                settled_pico=row["settled_pico"],
                batched=row["batched"],
            )
    requests = [row for row in connection.execute(_REQUESTS, (not running,)) if row["model_id"] in models]
    leases = [row for row in connection.execute(_LEASES, (not running,)) if row["model_id"] in models]
    now, limits = time.time(), TimeLimits(connection)
    presumed = [_request(row, now, models[row["model_id"]].alias, limits) for row in requests]
    presumed += [_lease(row, now) for row in leases]
    left = sum(row["state"] == "reserved" for row in requests)
    return Books(models=models, presumed=presumed, left_open=left, connection=connection, never=never)


def kind_of(error: str | None, message: str | None, status: int | None) -> str:
    """Why an outcome is unknown, in a word or two."""
    message = message or ""
    if "batch" in message:
        return "no result"
    if error == "Interrupted" or error is None:
        return "crash"
    if error == "NoUsage":
        return "no usage"
    if error == "Unpriced":
        return "no price"
    if "no whole reply within" in message:
        return "time-out"
    if status is not None and status >= 300:
        return f"HTTP {status}"
    return "reset" if status is None or "broke off" in message else "half a reply"


def _names(connection: sqlite3.Connection, model_id: int, name: str | None) -> frozenset[str]:
    rows = connection.execute(
        "SELECT DISTINCT vendor_model FROM request WHERE model_id = ? AND vendor_model IS NOT NULL",
        (model_id,),
    )
    return frozenset([*(row[0] for row in rows), *([name] if name else [])])


def _latest(row: sqlite3.Row, alias: str, limits: TimeLimits) -> float:
    limit_s = limits.of(row["run_id"], alias, row["n"], row["max_tokens"])
    return row["reserved_at"] + limit_s


def _request(row: sqlite3.Row, now: float, alias: str, limits: TimeLimits) -> Presumed:
    return Presumed(
        id=row["id"],
        model_id=row["model_id"],
        is_lease=False,
        pico=row["pico"],
        begun=row["reserved_at"],
        ended=row["ended_at"] or now,
        latest=_latest(row, alias, limits),
        kind=kind_of(row["error"], row["error_message"], row["http_status"]),
        vendor_request=row["vendor_request"],
        brought=row["brought"],
    )


def _lease(row: sqlite3.Row, now: float) -> Presumed:
    return Presumed(
        id=row["id"],
        model_id=row["model_id"],
        is_lease=True,
        pico=row["pico"],
        begun=row["opened_at"],
        ended=row["ended_at"] or now,
        latest=row["ended_at"] or now,
        kind="server time",
    )


def _settled(row: sqlite3.Row, alias: str, limits: TimeLimits) -> Settled:
    tokens = None
    if row["prompt_tokens"] is not None and row["completion_tokens"] is not None:
        tokens = Tokens(
            input=row["prompt_tokens"],
            output=row["completion_tokens"],
            cached=row["cached_tokens"] or 0,
            cache_write=row["cache_write_tokens"] or 0,
            cache_write_1h=row["cache_write_1h_tokens"] or 0,
        )
    return Settled(
        id=row["id"],
        model_id=row["model_id"],
        pico=row["settled_pico"],
        reserved_pico=row["reserved_pico"],
        begun=row["reserved_at"],
        ended=row["ended_at"],
        latest=_latest(row, alias, limits),
        vendor_request=row["vendor_request"],
        tokens=tokens,
        cost_basis=row["cost_basis"],
        shared=bool(row["shared"]),
    )
