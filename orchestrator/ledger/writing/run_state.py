"""What a ledger has when a run begins on it: of each model what is asked, done, judged and on its way."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.verdict_sets.change import SetChange
from orchestrator.ledger.writing.agent_attempts import OpenAttemptRow, read_open
from orchestrator.ledger.writing.batch_jobs import OpenJob, read_open_jobs, read_vendor_batches
from orchestrator.ledger.writing.close_gaps import is_without_gaps
from orchestrator.ledger.writing.held_money import totals_of
from orchestrator.ledger.writing.last_loading import last_loading_s
from orchestrator.ledger.writing.proven_bounds import BilledMore, billed_more, bound_is_shown
from orchestrator.ledger.writing.rebooking.under_booked import NOTHING_RAISED, RaisedSums
from orchestrator.ledger.writing.rows import ModelTotals
from orchestrator.problem_state import ProblemState

_OF_PROBLEM = "FROM sample WHERE model_id = :model AND problem_id = problem.id"
_UNVERIFIED = (
    _OF_PROBLEM.replace("sample", "sample INDEXED BY sample_unverified", 1) + " AND verifier IS NULL"
)
_COUNTS = f"""problem.id AS problem_id, (SELECT max(sample_index) + 1 {_OF_PROBLEM}) AS next_index,
  (SELECT count(*) {_OF_PROBLEM} AND passed = 1) AS passed, (SELECT count(*) {_OF_PROBLEM} AND passed IS NULL) AS open,
  (SELECT count(*) {_UNVERIFIED}) AS unverified"""
_AS_NUMBERED = (
    f"SELECT next_index AS done, * FROM (SELECT {_COUNTS} FROM problem WHERE sweep_id = :sweep) WHERE done"
)
"""Where numbers have no gaps: seeks, and nothing is counted but passes and what lacks a verdict."""
_ONE_BY_ONE = f"""
SELECT * FROM (SELECT (SELECT count(*) {_OF_PROBLEM}) AS done, {_COUNTS} FROM problem WHERE sweep_id = :sweep)
WHERE done"""


@dataclass(slots=True, kw_only=True)
class ModelState:
    """What the ledger has of one model. `problems` is by ordinal of the current plan."""

    model_id: int
    totals: ModelTotals = field(default_factory=ModelTotals)
    overhead_tokens: int = 0
    bound_shown: bool = False
    """A reply with sound counts has shown that its bound holds."""
    billed_more: list[BilledMore] = field(default_factory=list[BilledMore])
    """Where a vendor billed more than the price gives, or than was reserved."""
    max_n: int | None = None
    problems: list[ProblemState] = field(default_factory=list[ProblemState])
    done: int = 0
    verified: int = 0
    passed: int = 0
    """Samples of the planned problems."""
    mean_prompt_tokens: float | None = None
    mean_completion_tokens: float | None = None
    mean_pico_per_output_token: float | None = None
    loading_s: float | None = None
    """How long its own server last took to load."""
    open_jobs: list[OpenJob] = field(default_factory=list[OpenJob])
    """Batches of an earlier run that go on at the vendor."""
    vendor_batches: frozenset[str] = frozenset()
    """The vendor's ids of all its batches so far: none of them is one that is looked for."""
    open_attempts: list[OpenAttemptRow] = field(default_factory=list[OpenAttemptRow])
    """Agents' attempts that an earlier run left; this one goes on with them."""
    steered_by: str | None = None
    """The policy that chose some of its draws."""


@dataclass(slots=True, kw_only=True)
class RunState:
    """A run begun."""

    run_id: int
    sweep_id: int
    problem_ids: list[int]
    """By ordinal."""
    models: dict[str, ModelState]
    others: ModelTotals
    """Money of models that the sweep no longer names: it still counts against the budget."""
    solved_by_any: frozenset[int] = frozenset()
    """Ordinals of problems that a model solved, perhaps one that the sweep no longer names. Of policies that end there.
    """
    next_request_id: int
    presumed_leftovers: int
    """Requests of an earlier run whose outcome is unknown, presumed now."""
    raised: RaisedSums = NOTHING_RAISED
    """What an earlier version had booked too low."""
    verdict_set: SetChange | None = None
    """The set that this run's verdicts go into, which is the current one now; None: it gives none."""


def read_state(path: Path, state: RunState, *, measured: bool = False, costs: bool = False) -> None:
    """Fills in what the ledger has of each model, once every recorded sample has its verdict. `measured`: also the
    samples that no outcome steered; `costs`: also what each problem's samples cost."""
    ordinals = {problem_id: ordinal for ordinal, problem_id in enumerate(state.problem_ids)}
    connection = open_reader(path)
    try:
        for alias, model in state.models.items():
            state.models[alias] = _read_model(connection, model.model_id, ordinals)
            if measured:
                _count_measured(connection, model.model_id, ordinals, state.models[alias].problems)
            if costs:
                _sum_costs(connection, model.model_id, ordinals, state.models[alias].problems)
    finally:
        connection.close()


def _read_model(connection: sqlite3.Connection, model_id: int, ordinals: dict[int, int]) -> ModelState:
    row = connection.execute("SELECT * FROM model WHERE id = ?", (model_id,)).fetchone()
    problems = [ProblemState() for _ in ordinals]
    done = verified = passed = 0
    counted = _AS_NUMBERED if is_without_gaps(connection, model_id) else _ONE_BY_ONE
    for count in connection.execute(counted, {"model": model_id, "sweep": row["sweep_id"]}):
        ordinal = ordinals.get(count["problem_id"])
        if ordinal is None:
            continue
        state = problems[ordinal]
        state.done, state.next_index = count["done"], count["next_index"]
        state.solved, state.unverified = count["passed"] > 0, count["unverified"]
        state.passed = count["passed"]
        done, passed = done + count["done"], passed + count["passed"]
        verified += count["done"] - count["open"]
        if state.done < state.next_index:
            state.holes = _holes(connection, model_id, count["problem_id"], state.next_index)
    jobs = read_open_jobs(connection, model_id)
    for request in (request for job in jobs for request in job.requests):
        ordinal = ordinals.get(request.problem_id)
        if ordinal is not None:
            problems[ordinal].is_asked(request.indices)
    means = connection.execute(
        "SELECT avg(1.0 * prompt_tokens), sum(completion_tokens) * 1.0 / sum(n), "
        "sum(settled_pico) * 1.0 / nullif(sum(completion_tokens), 0) FROM request "
        "WHERE model_id = ? AND state = 'settled' AND completion_tokens IS NOT NULL",
        (model_id,),
    ).fetchone()
    steered = connection.execute(
        "SELECT stop_rule FROM sample WHERE model_id = ?1 AND stop_rule IN ('cascade', 'solve', 'narrow') "
        "AND EXISTS (SELECT 1 FROM steering WHERE model_id = ?1) LIMIT 1",
        (model_id,),
    ).fetchone()
    return ModelState(
        model_id=model_id,
        totals=totals_of(row),
        overhead_tokens=row["overhead_tokens"],
        bound_shown=bound_is_shown(connection, model_id),
        billed_more=list(billed_more(connection, model_id)),
        max_n=row["max_n"],
        problems=problems,
        done=done,
        verified=verified,
        passed=passed,
        mean_prompt_tokens=means[0],
        mean_completion_tokens=means[1],
        mean_pico_per_output_token=means[2],
        loading_s=last_loading_s(connection, row["alias"]),
        open_jobs=jobs,
        vendor_batches=read_vendor_batches(connection, model_id),
        open_attempts=read_open(connection, model_id),
        steered_by=None if steered is None else steered[0],
    )


def _count_measured(
    connection: sqlite3.Connection,
    model_id: int,
    ordinals: dict[int, int],
    problems: list[ProblemState],
) -> None:
    rows = connection.execute(
        "SELECT problem_id, count(*), coalesce(sum(passed), 0) FROM sample WHERE model_id = ? AND stop_rule = 'none' "
        "GROUP BY problem_id",
        (model_id,),
    )
    for problem_id, n, passed in rows:
        if problem_id in ordinals:
            state = problems[ordinals[problem_id]]
            state.measured, state.measured_passed = n, passed


def _sum_costs(
    connection: sqlite3.Connection, model_id: int, ordinals: dict[int, int], problems: list[ProblemState]
) -> None:
    rows = connection.execute(
        "SELECT problem_id, count(*), count(DISTINCT coalesce(request_id, -id)), sum(cost_pico) FROM sample "
        "WHERE model_id = ? AND cost_pico IS NOT NULL GROUP BY problem_id",
        (model_id,),
    )
    for problem_id, costed, requests, pico in rows:
        if problem_id in ordinals:
            state = problems[ordinals[problem_id]]
            state.costed, state.requests, state.cost_pico = costed, requests, pico


def _holes(connection: sqlite3.Connection, model_id: int, problem_id: int, next_index: int) -> list[int]:
    rows = connection.execute(
        "SELECT sample_index FROM sample WHERE model_id = ? AND problem_id = ?", (model_id, problem_id)
    )
    there = {row[0] for row in rows}
    return [index for index in range(next_index) if index not in there]
