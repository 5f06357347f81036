"""What came of the samples, as counts: read from ledgers with SQL, while a run may be writing. Texts are never read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.clusters import read_clusters
from orchestrator.ledger.reading.money.servers import Stood, stood
from orchestrator.ledger.reading.outcomes.cut_off import sure_k
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
from orchestrator.ledger.reading.outcomes.problem_counts import Axis, ProblemCounts, Side, problem_counts
from orchestrator.ledger.reading.outcomes.shared_prompts import Unpaid, shared_prompts, unpaid_prompts
from orchestrator.ledger.reading.outcomes.verdict_cost import verifier_pico_per_sample
from orchestrator.ledger.reading.samples.reward_models import NO_SCORER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


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
    """Pico-dollars that were billed and bought no sample; 0 on other axes. In total_cost as far as counted draws bear
    them."""
    samples: int
    """All samples, with a verdict or not."""
    without_verdict: int
    """Problems asked, or sampled, that have no verdict at all."""
    ledgers: tuple[Path, ...]
    sure_k: int | None = None
    """As far as draws that stop at a success would have gone had nothing been solved, where they were cut off; else
    None."""
    steered_pico: int = 0
    """Pico-dollars of draws that outcomes chose and that so don't count: not in total_cost."""
    rows: tuple[tuple[Path, int], ...] = ()
    """Where it stands: ledger, and the model's id there."""
    passed_cost: NDArray[Any] | None = None
    """The part of `cost` that the passes cost."""
    passed_costed: NDArray[np.int64] | None = None
    """How many passes that is of."""
    most: NDArray[Any] | None = None
    """The cost of the most expensive sample seen, with a verdict or not; 0 if none is known."""
    apart: NDArray[np.float64] | None = None
    """What the `costed` samples would cost more together, had each been asked for by itself."""
    packed: NDArray[np.float64] | None = None
    """How many samples a request held, on average."""
    unpaid_prompts: Unpaid | None = None
    """Whether imported samples shared requests' prompts in a way that asking for each by itself can't be priced."""
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
    return read_axes(db_paths, (axis,), sets)[axis]


def read_axes(
    db_paths: Iterable[Path], axes: Sequence[Axis | Side], sets: ChosenSets = CURRENT
) -> dict[Axis | Side, list[Outcomes]]:
    """The same on several axes, of one moment of each ledger: its samples are read once for all."""
    models = [model for path in _distinct(db_paths) for model in _read(path, axes, sets)]
    return {axis: pooled([model[axis] for model in models]) for axis in axes}


def _distinct(paths: Iterable[Path]) -> list[Path]:
    """The same file named twice must not count twice."""
    return list({path.resolve(): path for path in paths}.values())


def _read(path: Path, axes: Sequence[Axis | Side], sets: ChosenSets) -> list[dict[Axis | Side, Outcomes]]:
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
                axes,
                path,
                judged(connection, row["id"], truth, accept, stops=stops(connection, row)),
            )
            for row in rows
        ]


def _lenient(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _model(
    connection: sqlite3.Connection, model: sqlite3.Row, axes: Sequence[Axis | Side], path: Path, by: Judged
) -> dict[Axis | Side, Outcomes]:
    keys, asked = _problems(connection, model["sweep_id"])
    rows = problem_counts(connection, model, axes, by)
    counted = [row for row in rows if row.n]
    without = (asked | {row.problem_id for row in rows}) - {row.problem_id for row in counted}
    firsts = None if by.first_draws or by.policy else first_passes(connection, model, by)
    failed = _failed(connection, model["id"])
    more, packed = shared_prompts(connection, model, axes)
    group_by, clusters = read_clusters(connection, model["sweep_id"])
    of_every_axis: dict[str, Any] = {
        "sweep": model["sweep"],
        "alias": model["alias"],
        "provider": model["provider"],
        "name": model["name"],
        "definition": model["definition"],
        "problems": tuple(keys[row.problem_id] for row in counted),
        "n": np.array([row.n for row in counted], np.int64),
        "c": np.array([row.c for row in counted], np.int64),
        "first": None
        if firsts is None
        else np.array([firsts.get(row.problem_id, 0) for row in counted], np.int64),
        "samples": sum(row.samples for row in rows),
        "without_verdict": len(without),
        "ledgers": (path,),
        "rows": ((path, model["id"]),),
        "lost": np.array([row.samples - row.n + failed.get(row.problem_id, 0) for row in counted], np.int64),
        "unpaid_prompts": unpaid_prompts(connection, model),
        "packed": np.array([packed.get(row.problem_id, 1.0) for row in counted], np.float64),
        "failed": sum(failed.values()),
        "verifier": _verifier(model["judged_by"]),
        "alike": count_alike(connection, model["id"], rows),
        "cut": count_cut(connection, model, rows),
        "price": model["price"],
        "accepted": read_accepted(connection, model["id"], by, [row.problem_id for row in counted]),
        "judged": by,
        "group_by": group_by,
        "clusters": clusters,
        "verifier_pico": verifier_pico_per_sample(connection, by.accept or by.truth),
    }
    of_every_axis["sure_k"] = _sure_k(connection, model, of_every_axis, by, len(asked))
    standing = stood(connection, model["id"]) if "usd" in axes else Stood()
    made: dict[Axis | Side, Outcomes] = {}
    for place, axis in enumerate(axes):
        cost_type = np.float64 if axis in ("seconds", "flops") else np.int64
        costs = [row.costs[place] for row in counted]
        of_samples = sum(row.costs[place].total for row in rows)
        unused, steered = _money(model, "unused", axis), 0
        if by.policy is not None and axis == "usd":
            unused, steered = _borne(connection, model["id"], int(of_samples), unused)
        made[axis] = Outcomes(
            **of_every_axis,
            cost=np.array([one.judged for one in costs], cost_type),
            costed=np.array([one.judged_known for one in costs], np.int64),
            total_cost=of_samples + unused,
            steered_pico=steered,
            uncosted=sum(row.samples - row.costs[place].known for row in rows),
            presumed=_money(model, "presumed", axis),
            unused=_money(model, "unused", axis),
            stood=standing if axis == "usd" else Stood(),
            passed_cost=np.array([one.passed for one in costs], cost_type),
            passed_costed=np.array([one.passed_known for one in costs], np.int64),
            most=np.array([one.most for one in costs], cost_type),
            apart=np.array(
                [
                    more[place].get(row.problem_id, 0.0) * one.judged_known
                    for row, one in zip(counted, costs, strict=True)
                ],
                np.float64,
            ),
            lost_whole=_lost_whole(keys, rows, failed, place),
        )
    return made


def _sure_k(
    connection: sqlite3.Connection, model: sqlite3.Row, of: Mapping[str, Any], by: Judged, asked: int
) -> int | None:
    """Where draws stop at a success: by the verdicts that stopped them."""
    accepted: Accepted | None = of["accepted"]
    n, first = of["n"], of["first"]
    if accepted is not None and accepted.first is not None:
        n, first = accepted.n, accepted.first
    if first is None:
        return None
    return sure_k(connection, model, by, of["problems"], n + of["lost"], first, asked=asked)


def _borne(connection: sqlite3.Connection, model_id: int, counted: int, unused: int) -> tuple[int, int]:
    """Of what bought no sample, the part that the counted draws bear as they do of the rest; and what the other draws
    cost, with their part."""
    (whole,) = connection.execute(
        "SELECT coalesce(sum(cost_pico), 0) FROM sample WHERE model_id = ?", (model_id,)
    ).fetchone()
    part = unused * counted // whole if whole else unused
    return part, whole - counted + unused - part


def _failed(connection: sqlite3.Connection, model_id: int) -> dict[int, int]:
    """Samples that failed for good, by problem."""
    rows = connection.execute(
        "SELECT problem_id, sum(n) FROM failure WHERE model_id = ? GROUP BY problem_id", (model_id,)
    )
    return dict(rows.fetchall())


def _lost_whole(
    keys: Mapping[int, str], rows: Iterable[ProblemCounts], failed: Mapping[int, int], place: int
) -> dict[str, LostProblem]:
    """`place`: the axis' among those that were read."""
    sampled = {row.problem_id: row for row in rows}
    found = {
        keys[problem]: LostProblem(
            row.samples + failed.get(problem, 0), row.costs[place].total, row.costs[place].known
        )
        for problem, row in sampled.items()
        if not row.n
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
