"""What each model of a ledger cost, took and produced, for comparing them: read with SQL, while a run may be
writing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.clusters import read_clusters
from orchestrator.ledger.reading.money.failures import error_counts
from orchestrator.ledger.reading.money.servers import Stood, stood
from orchestrator.ledger.reading.money.settled_tokens import SettledTokens, settled_tokens
from orchestrator.ledger.reading.outcomes.first_passes import first_passes
from orchestrator.ledger.reading.outcomes.judged import fair_draws
from orchestrator.ledger.reading.samples.reward_models import NO_SCORER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

REFUSED = ("refusal", "content_filter")
"""Reasons to finish that are a refusal to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCosts:
    """One model of one ledger. Money in whole pico-dollars, tokens whole, times in seconds."""

    alias: str
    sweep: str
    provider: str | None
    name: str | None
    """The vendor's name of it, as asked for."""
    servers: tuple[str, ...]
    price: dict[str, Any] | None
    """As the ledger keeps it: pricing.form reads it."""
    settled: int
    presumed: int
    unused: int
    stood: Stood
    requests: int
    retries: int
    samples: int
    tokens: SettledTokens
    cost_basis: str | None
    refused: int
    cut_off: int
    errors: dict[str, int] = field(default_factory=dict[str, int])
    """Requests that ended without samples, by class."""
    latency_s: NDArray[np.float64]
    """Of each settled request, to its whole reply."""
    problems: tuple[str, ...]
    n: NDArray[np.int64]
    c: NDArray[np.int64]
    """Verdicts and passes, by problem: of its first draw alone if `first_draws`, with a `policy` of draws that no
    outcome steered."""
    judged: int
    passes: int
    """Of all samples."""
    first_draws: bool
    """Another set of verdicts stopped the draws: only each problem's first is a fair one by the current set."""
    policy: str | None
    """cascade or solve, which chose draws by outcomes: those that no outcome steered count alone."""
    first: NDArray[np.int64] | None
    """Stopped at the first pass: at which trial it came, 0 if it didn't; None: a fixed number of samples."""
    clusters: Mapping[str, str] = field(default_factory=dict[str, str])
    """By problem, the value of the sweep's `group_by`."""

    @property
    def rates(self) -> NDArray[np.float64]:
        """An unbiased estimate of each problem's pass rate. Of samples that stopped at a pass that is whether the first
        one passed: the others were drawn only because it didn't."""
        return self.c / self.n if self.first is None else (self.first == 1).astype(np.float64)


def read_model_costs(paths: Iterable[Path]) -> list[ModelCosts]:
    """Every model of every ledger; if an alias comes twice each is ALIAS@SWEEP, numbered if even that does.
    Raises InputError for what is no ledger."""
    distinct = {path.resolve(): path for path in paths}.values()
    return _named_apart([side for path in distinct for side in _read(path)])


def _read(path: Path) -> list[ModelCosts]:
    with reading(path), closing(open_reader(path)) as connection:
        connection.execute("BEGIN")  # one moment of the ledger for all queries
        models = connection.execute(
            "SELECT model.*, sweep.name AS sweep FROM model JOIN sweep ON sweep.id = sweep_id "
            f"WHERE {NO_SCORER} ORDER BY model.id"
        ).fetchall()
        return [_side(connection, model) for model in models]


def _side(connection: sqlite3.Connection, model: sqlite3.Row) -> ModelCosts:
    tokens = settled_tokens(connection, model["id"])
    (basis,) = connection.execute(
        "SELECT max(cost_basis) FROM any_request WHERE model_id = ? AND state = 'settled'", (model["id"],)
    ).fetchone()
    ends = dict(
        connection.execute(
            "SELECT finish_reason, count(*) FROM sample WHERE model_id = ? GROUP BY finish_reason",
            (model["id"],),
        ).fetchall()
    )
    errors = error_counts(connection, model["id"])
    latency = connection.execute(
        "SELECT latency_s FROM any_request WHERE model_id = ? AND state = 'settled' AND latency_s IS NOT NULL",
        (model["id"],),
    ).fetchall()
    servers = connection.execute(
        "SELECT DISTINCT server FROM any_request WHERE model_id = ? AND server IS NOT NULL ORDER BY 1 LIMIT 20",
        (model["id"],),
    ).fetchall()
    by, drawn = fair_draws(connection, model)
    verdicts = connection.execute(
        f"SELECT problem_id, problem.key, count(judged) AS n, coalesce(sum(judged), 0) AS c FROM {drawn} "
        "JOIN problem ON problem.id = sample.problem_id WHERE model_id = ?1 GROUP BY problem_id HAVING n > 0",
        (model["id"],),
    ).fetchall()
    totals = connection.execute(
        "SELECT count(passed) AS judged, coalesce(sum(passed), 0) AS passes FROM sample WHERE model_id = ?",
        (model["id"],),
    ).fetchone()
    firsts = None if by.first_draws or by.policy is not None else first_passes(connection, model)
    return ModelCosts(
        alias=model["alias"],
        sweep=model["sweep"],
        provider=model["provider"],
        name=model["name"],
        servers=tuple(row[0] for row in servers),
        price=None if model["price"] is None else json.loads(model["price"]),
        settled=model["settled_pico"] + model["merged_settled_pico"],
        presumed=model["presumed_pico"] + model["merged_presumed_pico"],
        unused=model["unused_pico"] + model["merged_unused_pico"],
        stood=stood(connection, model["id"]),
        requests=model["requests"] + model["merged_requests"],
        retries=model["retries"] + model["merged_retries"],
        samples=model["samples"],
        tokens=tokens,
        cost_basis=basis,
        refused=sum(ends.get(reason, 0) for reason in REFUSED),
        cut_off=ends.get("length", 0),
        errors=errors,
        latency_s=np.array([row[0] for row in latency], np.float64),
        problems=tuple(row["key"] for row in verdicts),
        n=np.array([row["n"] for row in verdicts], np.int64),
        c=np.array([row["c"] for row in verdicts], np.int64),
        judged=totals["judged"],
        passes=totals["passes"],
        first_draws=by.first_draws,
        policy=by.policy,
        first=None
        if firsts is None
        else np.array([firsts.get(row["problem_id"], 0) for row in verdicts], np.int64),
        clusters=read_clusters(connection, model["sweep_id"])[1],
    )


def _named_apart(sides: list[ModelCosts]) -> list[ModelCosts]:
    aliases = [side.alias for side in sides]
    taken: set[str] = set()
    named: list[ModelCosts] = []
    for side in sides:
        base = name = side.alias if aliases.count(side.alias) == 1 else f"{side.alias}@{side.sweep}"
        number = 1
        while name in taken:
            number += 1
            name = f"{base}#{number}"
        taken.add(name)
        named.append(replace(side, alias=name))
    return named
