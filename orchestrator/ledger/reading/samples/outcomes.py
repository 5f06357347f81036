"""What came of the samples, as counts: read from ledgers with SQL, while a run may be writing. Texts are never read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.money.flops import flops_sql
from orchestrator.ledger.reading.samples.reward_models import NO_SCORER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

Axis = Literal["usd", "tokens", "seconds", "flops"]
Side = Literal["input_tokens", "output_tokens"]
"""What `tokens` is the sum of: apart, they can be priced anew."""

# The index sample_outcome covers these; FLOPs need the request's whole prompt besides.
_COST_OF_SAMPLE: dict[Axis | Side, str] = {
    "usd": "cost_pico",
    "tokens": "prompt_tokens + completion_tokens",
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "seconds": "latency_s",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """One model's counts. The arrays are by problem, as `problems`: those with at least one verdict. A sample
    counts if it has a verdict. Costs are whole pico-dollars, whole tokens, or float seconds or FLOPs."""

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
    """Sampled until solved: at which trial (from 1, by sample_index) the first pass came, 0 where none did.
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


def read_outcomes(db_paths: Iterable[Path], axis: Axis | Side = "usd") -> list[Outcomes]:
    """The models of one or more ledgers, in their order. Same alias and definition are pooled; if an alias means
    several things, each is ALIAS@SWEEP. Raises InputError for what is no ledger."""
    parts = [part for path in _distinct(db_paths) for part in _read(path, axis)]
    groups: dict[tuple[Any, ...], list[Outcomes]] = {}
    for part in parts:
        groups.setdefault(_kind(part), []).append(part)
    pooled = [_pool(group) for group in groups.values()]
    return _named_apart(pooled)


def _distinct(paths: Iterable[Path]) -> list[Path]:
    """The same file named twice must not count twice."""
    return list({path.resolve(): path for path in paths}.values())


def _read(path: Path, axis: Axis | Side) -> list[Outcomes]:
    with reading(path), closing(open_reader(path)) as connection:
        connection.text_factory = _lenient
        connection.execute("BEGIN")  # one moment of the ledger for all queries
        rows = connection.execute(
            "SELECT model.*, sweep.name AS sweep FROM model JOIN sweep ON sweep.id = model.sweep_id "
            f"WHERE {NO_SCORER} ORDER BY model.id"
        ).fetchall()
        return [_model(connection, row, axis, path) for row in rows]


def _lenient(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _model(connection: sqlite3.Connection, model: sqlite3.Row, axis: Axis | Side, path: Path) -> Outcomes:
    keys, asked = _problems(connection, model["sweep_id"])
    rows = _counts(connection, model, axis)
    counted = [row for row in rows if row["n"]]
    without = (asked | {row["problem_id"] for row in rows}) - {row["problem_id"] for row in counted}
    cost_type = np.float64 if axis in ("seconds", "flops") else np.int64
    firsts = _firsts(connection, model["id"]) if _stops(connection, model) else None
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
        samples=sum(row["samples"] for row in rows),
        without_verdict=len(without),
        ledgers=(path,),
        rows=((path, model["id"]),),
    )


def _money(model: sqlite3.Row, kind: str, axis: Axis | Side) -> int:
    """What was paid here, and in the ledgers merged into this one; none on other axes."""
    return model[f"{kind}_pico"] + model[f"merged_{kind}_pico"] if axis == "usd" else 0


def _problems(connection: sqlite3.Connection, sweep_id: int) -> tuple[dict[int, str], set[int]]:
    """Keys by id, and the ids that the current plan asks."""
    rows = connection.execute(
        "SELECT id, key, ordinal FROM problem WHERE sweep_id = ?", (sweep_id,)
    ).fetchall()
    return {row["id"]: row["key"] for row in rows}, {row["id"] for row in rows if row["ordinal"] is not None}


def _counts(connection: sqlite3.Connection, model: sqlite3.Row, axis: Axis | Side) -> list[sqlite3.Row]:
    cost = flops_sql(model["architecture"]) if axis == "flops" else _COST_OF_SAMPLE[axis]
    return connection.execute(
        f"SELECT problem_id, count(*) AS samples, count(passed) AS n, coalesce(sum(passed), 0) AS c, "
        f"sum(CASE WHEN passed IS NOT NULL THEN {cost} END) AS cost, "
        f"count(CASE WHEN passed IS NOT NULL THEN {cost} END) AS costed, "
        f"sum({cost}) AS total, count(*) - count({cost}) AS uncosted "
        "FROM sample WHERE model_id = ? GROUP BY problem_id ORDER BY problem_id",
        (model["id"],),
    ).fetchall()


def _stops(connection: sqlite3.Connection, model: sqlite3.Row) -> bool:
    """Whether the model's problems stop at their first success: as its definition says, else as its samples do."""
    if model["definition"] is not None:
        return _mode(model["definition"]) == "until_solved"
    found = connection.execute(
        "SELECT 1 FROM (SELECT problem_id, min(sample_index) AS lowest FROM sample WHERE model_id = ?1 "
        "GROUP BY problem_id) AS one JOIN sample ON sample.model_id = ?1 AND sample.problem_id = one.problem_id "
        "AND sample.sample_index = one.lowest WHERE sample.stop_rule = 'first_success' LIMIT 1",
        (model["id"],),
    ).fetchone()
    return found is not None


def _mode(definition: str) -> str | None:
    try:
        value: Any = json.loads(definition)
    except ValueError:
        return None
    return value.get("mode") if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _firsts(connection: sqlite3.Connection, model_id: int) -> dict[int, int]:
    """At which trial each solved problem's first pass came, counting the samples with a verdict."""
    rows = connection.execute(
        "SELECT sample.problem_id, count(*) AS trial FROM (SELECT problem_id, min(sample_index) AS lowest "
        "FROM sample WHERE model_id = ?1 AND passed = 1 GROUP BY problem_id) AS win "
        "JOIN sample ON sample.model_id = ?1 AND sample.problem_id = win.problem_id "
        "AND sample.sample_index <= win.lowest WHERE passed IS NOT NULL GROUP BY sample.problem_id",
        (model_id,),
    )
    return {row["problem_id"]: row["trial"] for row in rows}


def _kind(part: Outcomes) -> tuple[Any, ...]:
    """Equal for what may be pooled. Of an imported model prompt and parameters are not known: there the sweep's
    name has to vouch for them."""
    if part.definition is None:
        return (part.alias, part.provider, part.name, None, part.sweep)
    return (part.alias, part.provider, part.name, _canonical(part.definition))


def _canonical(definition: str) -> str:
    try:
        return json.dumps(json.loads(definition), sort_keys=True)
    except ValueError:
        return definition


def _pool(parts: list[Outcomes]) -> Outcomes:
    """Several ledgers' samples of one model as one: sequences one after the other, in the order of the ledgers."""
    if len(parts) == 1:
        return parts[0]
    problems = tuple(dict.fromkeys(key for part in parts for key in part.problems))
    place = {key: index for index, key in enumerate(problems)}
    n, c, costed, first = (np.zeros(len(problems), np.int64) for _ in range(4))
    cost = np.zeros(len(problems), parts[0].cost.dtype)
    for part in parts:
        at = np.array([place[key] for key in part.problems], np.int64)
        if part.first is not None:
            first[at] = np.where((first[at] == 0) & (part.first > 0), n[at] + part.first, first[at])
        n[at] += part.n
        c[at] += part.c
        cost[at] += part.cost
        costed[at] += part.costed
    return Outcomes(
        sweep=parts[0].sweep,
        alias=parts[0].alias,
        provider=parts[0].provider,
        name=parts[0].name,
        definition=parts[0].definition,
        problems=problems,
        n=n,
        c=c,
        first=None if any(part.first is None for part in parts) else first,
        cost=cost,
        costed=costed,
        total_cost=sum(part.total_cost for part in parts),
        uncosted=sum(part.uncosted for part in parts),
        presumed=sum(part.presumed for part in parts),
        unused=sum(part.unused for part in parts),
        samples=sum(part.samples for part in parts),
        without_verdict=max(part.without_verdict for part in parts),
        ledgers=tuple(dict.fromkeys(path for part in parts for path in part.ledgers)),
        rows=tuple(row for part in parts for row in part.rows),
    )


def _named_apart(models: list[Outcomes]) -> list[Outcomes]:
    """An alias that stands for one model stays; others become ALIAS@SWEEP, and ALIAS@SWEEP#2 … if even that is
    taken."""
    aliases = [model.alias for model in models]
    taken = {alias for alias in aliases if aliases.count(alias) == 1}
    named: list[Outcomes] = []
    for model in models:
        if aliases.count(model.alias) == 1:
            named.append(model)
            continue
        base = name = f"{model.alias}@{model.sweep}"
        number = 1
        while name in taken:
            number += 1
            name = f"{base}#{number}"
        taken.add(name)
        named.append(replace(model, alias=name))
    return named
