"""What came of the samples, as counts: read from ledgers with SQL, while a run may be writing. Texts are never read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.clusters import read_clusters
from orchestrator.ledger.reading.money.flops import flops_sql
from orchestrator.ledger.reading.money.servers import Stood, stood
from orchestrator.ledger.reading.outcomes.first_passes import first_passes, stops
from orchestrator.ledger.reading.outcomes.judged import (
    CURRENT,
    Accepted,
    ChosenSets,
    Judged,
    chosen,
    judged,
    read_accepted,
)
from orchestrator.ledger.reading.outcomes.odd_texts import count_alike, count_cut
from orchestrator.ledger.reading.outcomes.pool import pooled
from orchestrator.ledger.reading.outcomes.verdict_cost import verifier_pico_per_sample
from orchestrator.ledger.reading.samples.reward_models import NO_SCORER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

Axis = Literal["usd", "tokens", "seconds", "flops", "samples"]
Side = Literal["input_tokens", "output_tokens"]
"""What `tokens` is the sum of: apart, they can be priced anew."""

# The index sample_outcome covers these; FLOPs need the request's whole prompt besides.
_COST_OF_SAMPLE: dict[Axis | Side, str] = {
    "usd": "cost_pico",
    "tokens": "prompt_tokens + completion_tokens",
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "seconds": "latency_s",
    "samples": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """One model's counts. The arrays are by problem, as `problems`: those with at least one verdict. A sample
    counts where it has a verdict. Costs are whole pico-dollars, whole tokens, or float seconds or FLOPs."""

    sweep: str
    alias: str
    provider: str | None
    name: str | None
    """The vendor's name of the model."""
    definition: str | None
    """JSON of all that defines a sample; None: imported, not known."""
    problems: tuple[str, ...]
    n: NDArray[np.int64]
    c: NDArray[np.int64]
    """Passes among the n."""
    first: NDArray[np.int64] | None
    """Sampled until solved: at which trial (from 1, by sample_index) the first pass came, 0 if none did.
    None: sampled a fixed number of times."""
    cost: NDArray[Any]
    """int64 or, of seconds and FLOPs, float64: summed over the counted samples whose cost is known."""
    costed: NDArray[np.int64]
    """How many samples those are."""
    total_cost: int | float
    """Of all samples, those without a verdict too, and of what was billed but brought none."""
    uncosted: int
    """Samples whose cost on this axis is not known, among all."""
    presumed: int
    """Pico-dollars of requests whose outcome is unknown, not in total_cost; 0 on other axes."""
    unused: int
    """Pico-dollars that were billed and bought no sample, a part of total_cost; 0 on other axes."""
    samples: int
    """All samples, with a verdict or not."""
    without_verdict: int
    """Problems asked, or sampled, that have no verdict at all."""
    ledgers: tuple[Path, ...]
    rows: tuple[tuple[Path, int], ...] = ()
    """Where it stands: ledger, and the model's id there."""
    passed_cost: NDArray[Any] | None = None
    """The part of `cost` that the passes cost."""
    passed_costed: NDArray[np.int64] | None = None
    """How many passes that is of."""
    most: NDArray[Any] | None = None
    """The cost of the most expensive sample seen, with a verdict or not; 0 if none is known."""
    lost: NDArray[np.int64] | None = None
    """Samples without a verdict, and samples that failed for good."""
    lost_whole: Mapping[str, LostProblem] = field(default_factory=dict[str, "LostProblem"])
    """Problems that were asked, and have no verdict at all."""
    failed: int = 0
    """All samples that failed for good."""
    verifier: str | None = None
    """The kind of verifier that judged them."""
    alike: int = 0
    """Problems with several samples that are all the same text."""
    cut: int = 0
    """Samples that ended at max_tokens."""
    price: str | None = None
    """JSON of the price used."""
    stood: Stood = field(default_factory=Stood)
    """What its own servers cost while they had no request: a part of `unused`, and 0 on other axes too."""
    repeats: tuple[Path, ...] = ()
    """Ledgers that hold nothing but draws counted already; they aren't counted again."""
    accepted: Accepted | None = None
    """What another set of verdicts accepts of the same samples."""
    verifier_pico: float = 0.0
    """What a model's verdict on a sample costs, where a model gives it."""
    judged: Judged | None = None
    """By whose verdicts they are counted."""
    group_by: str | None = None
    """The field of problems whose values are clusters; None: none is stated."""
    clusters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Its value, by problem."""


@dataclass(frozen=True, slots=True)
class LostProblem:
    """A problem whose samples are all lost: how many, and what those that are there cost (`costed` of them)."""

    samples: int
    cost: int | float
    costed: int

    def plus(self, other: LostProblem) -> LostProblem:
        return LostProblem(self.samples + other.samples, self.cost + other.cost, self.costed + other.costed)


def read_outcomes(
    db_paths: Iterable[Path], axis: Axis | Side = "usd", sets: ChosenSets = CURRENT
) -> list[Outcomes]:
    """The models of one or more ledgers, in their order. Same alias and definition are pooled; where an alias means
    several things, each is ALIAS@SWEEP. The same draws given twice are counted once. Raises InputError for what is no
    ledger, and for ledgers that have some of their draws in common."""
    return pooled([part for path in _distinct(db_paths) for part in _read(path, axis, sets)])


def _distinct(paths: Iterable[Path]) -> list[Path]:
    """The same file named twice must not count twice."""
    return list({path.resolve(): path for path in paths}.values())


def _read(path: Path, axis: Axis | Side, sets: ChosenSets) -> list[Outcomes]:
    with reading(path), closing(open_reader(path)) as connection:
        connection.text_factory = _lenient
        connection.execute("BEGIN")  # one moment of the ledger for all queries
        rows = connection.execute(
            "SELECT model.*, sweep.name AS sweep, sweep.verifier AS judged_by "
            "FROM model JOIN sweep ON sweep.id = model.sweep_id "
            f"WHERE {NO_SCORER} ORDER BY model.id"
        ).fetchall()
        truth, accept = chosen(connection, path, sets)
        return [
            _model(
                connection,
                row,
                axis,
                path,
                judged(connection, row["id"], truth, accept, stops=stops(connection, row)),
            )
            for row in rows
        ]


def _lenient(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _model(
    connection: sqlite3.Connection, model: sqlite3.Row, axis: Axis | Side, path: Path, by: Judged
) -> Outcomes:
    keys, asked = _problems(connection, model["sweep_id"])
    rows = _counts(connection, model, axis, by)
    counted = [row for row in rows if row["n"]]
    without = (asked | {row["problem_id"] for row in rows}) - {row["problem_id"] for row in counted}
    cost_type = np.float64 if axis in ("seconds", "flops") else np.int64
    firsts = None if by.first_draws or by.policy else first_passes(connection, model, by)
    failed = _failed(connection, model["id"])
    group_by, clusters = read_clusters(connection, model["sweep_id"])
    return Outcomes(
        sweep=model["sweep"],
        alias=model["alias"],
        provider=model["provider"],
        name=model["name"],
        definition=model["definition"],
        problems=tuple(keys[row["problem_id"]] for row in counted),
        n=np.array([row["n"] for row in counted], np.int64),
        c=np.array([row["c"] for row in counted], np.int64),
        first=None
        if firsts is None
        else np.array([firsts.get(r["problem_id"], 0) for r in counted], np.int64),
        cost=np.array([row["cost"] or 0 for row in counted], cost_type),
        costed=np.array([row["costed"] for row in counted], np.int64),
        total_cost=sum(row["total"] or 0 for row in rows) + _money(model, "unused", axis),
        uncosted=sum(row["uncosted"] for row in rows),
        presumed=_money(model, "presumed", axis),
        unused=_money(model, "unused", axis),
        stood=stood(connection, model["id"]) if axis == "usd" else Stood(),
        samples=sum(row["samples"] for row in rows),
        without_verdict=len(without),
        ledgers=(path,),
        rows=((path, model["id"]),),
        passed_cost=np.array([row["passed_cost"] or 0 for row in counted], cost_type),
        passed_costed=np.array([row["passed_costed"] for row in counted], np.int64),
        most=np.array([row["most"] or 0 for row in counted], cost_type),
        lost=np.array(
            [row["samples"] - row["n"] + failed.get(row["problem_id"], 0) for row in counted], np.int64
        ),
        lost_whole=_lost_whole(keys, rows, failed),
        failed=sum(failed.values()),
        verifier=_verifier(model["judged_by"]),
        alike=count_alike(connection, model["id"], rows),
        cut=count_cut(connection, model),
        price=model["price"],
        accepted=read_accepted(connection, model["id"], by, [row["problem_id"] for row in counted]),
        judged=by,
        group_by=group_by,
        clusters=clusters,
        verifier_pico=verifier_pico_per_sample(connection, by.accept or by.truth),
    )


def _failed(connection: sqlite3.Connection, model_id: int) -> dict[int, int]:
    """Samples that failed for good, by problem."""
    rows = connection.execute(
        "SELECT problem_id, sum(n) FROM failure WHERE model_id = ? GROUP BY problem_id", (model_id,)
    )
    return dict(rows.fetchall())


def _lost_whole(
    keys: Mapping[int, str], rows: Iterable[sqlite3.Row], failed: Mapping[int, int]
) -> dict[str, LostProblem]:
    sampled = {row["problem_id"]: row for row in rows}
    found = {
        keys[problem]: LostProblem(
            row["samples"] + failed.get(problem, 0), row["total"] or 0, row["samples"] - row["uncosted"]
        )
        for problem, row in sampled.items()
        if not row["n"]
    }
    found |= {keys[problem]: LostProblem(n, 0, 0) for problem, n in failed.items() if problem not in sampled}
    return found


def _verifier(stored: str | None) -> str | None:
    try:
        value: Any = json.loads(stored or "null")
    except ValueError:
        return None
    return value.get("kind") if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _money(model: sqlite3.Row, kind: str, axis: Axis | Side) -> int:
    """What was paid here, and in the ledgers merged into this one; none on other axes."""
    return model[f"{kind}_pico"] + model[f"merged_{kind}_pico"] if axis == "usd" else 0


def _problems(connection: sqlite3.Connection, sweep_id: int) -> tuple[dict[int, str], set[int]]:
    """Keys by id, and the ids that the current plan asks."""
    rows = connection.execute(
        "SELECT id, key, ordinal FROM problem WHERE sweep_id = ?", (sweep_id,)
    ).fetchall()
    return {row["id"]: row["key"] for row in rows}, {row["id"] for row in rows if row["ordinal"] is not None}


def _counts(
    connection: sqlite3.Connection, model: sqlite3.Row, axis: Axis | Side, by: Judged
) -> list[sqlite3.Row]:
    cost = flops_sql(model["architecture"]) if axis == "flops" else _COST_OF_SAMPLE[axis]
    return connection.execute(
        f"SELECT problem_id, count(*) AS samples, count(judged) AS n, coalesce(sum(judged), 0) AS c, "
        f"sum(CASE WHEN judged IS NOT NULL THEN {cost} END) AS cost, "
        f"count(CASE WHEN judged IS NOT NULL THEN {cost} END) AS costed, "
        f"sum(CASE WHEN judged = 1 THEN {cost} END) AS passed_cost, "
        f"count(CASE WHEN judged = 1 THEN {cost} END) AS passed_costed, max({cost}) AS most, "
        f"min(completion_tokens) AS shortest, max(completion_tokens) AS longest, "
        f"sum({cost}) AS total, count(*) - count({cost}) AS uncosted "
        f"FROM {by.source()} GROUP BY problem_id ORDER BY problem_id",
        (model["id"],),
    ).fetchall()
