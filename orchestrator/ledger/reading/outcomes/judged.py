"""By whose verdicts a ledger's samples are counted: the current set's, or those of a set that accepts and one that is
the truth. Draws that another set stopped are no fair sample for this one: then only each problem's first draw is."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from orchestrator.ledger.reading.outcomes.first_passes import of_policy, stops
from orchestrator.ledger.verdict_sets.read import VerdictSet, current_set, named_set, read_sets, steering_sets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class ChosenSets(NamedTuple):
    """Names, as the user wrote them. None: the current set is the truth, and nothing accepts beside it."""

    accept: str | None = None
    truth: str | None = None


CURRENT = ChosenSets()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What the set that accepts says, by problem, as Outcomes.problems; coverage.Acceptance says what each is."""

    n: NDArray[np.int64]
    a: NDArray[np.int64]
    r: NDArray[np.int64]
    first: NDArray[np.int64] | None
    first_right: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Of one model. `stopped_by`: the set that stopped its draws, if it is another than the truth."""

    truth: VerdictSet | None
    accept: VerdictSet | None
    stopped_by: VerdictSet | None = None
    first_draws: bool = False
    """Only each problem's first draw is a fair one, by the truth."""
    policy: str | None = None
    """cascade, solve or narrow, where that chose draws by outcomes in a way that no estimator covers: those don't
    count."""

    @property
    def passed(self) -> str:
        """The verdict on a row of `source`; NULL if one of the sets has none."""
        truth = _verdict(self.truth, "t")
        return truth if self.accept is None else f"iif({_verdict(self.accept, 'a')} IS NULL, NULL, {truth})"

    @property
    def accepts(self) -> str:
        """Whether the other set accepts it; NULL without one."""
        return "NULL" if self.accept is None else _verdict(self.accept, "a")

    def source(self, *, all_draws: bool = False) -> str:
        """Rows of `sample` of one model, ?1, with `judged` and `accepted`."""
        first = (
            "AND sample.sample_index = (SELECT min(f.sample_index) FROM sample AS f WHERE f.model_id = ?1 "
            "AND f.problem_id = sample.problem_id)"
            if self.first_draws and not all_draws
            else ""
        )
        if self.policy is not None:
            first += " AND sample.stop_rule = 'none'"
        return (
            f"(SELECT sample.*, {self.passed} AS judged, {self.accepts} AS accepted FROM sample "
            f"{_join(self.truth, 't')} {_join(self.accept, 'a')} WHERE sample.model_id = ?1 {first}) AS sample"
        )


def chosen(
    connection: sqlite3.Connection, path: Path, sets: ChosenSets
) -> tuple[VerdictSet | None, VerdictSet | None]:
    """(truth, accept). Raises InputError for a set that the ledger doesn't have."""
    truth = (
        current_set(connection)
        if sets.truth is None
        else named_set(connection, path, sets.truth, where="--truth")
    )
    accept = None if sets.accept is None else named_set(connection, path, sets.accept, where="--accept")
    return truth, accept


def judged(
    connection: sqlite3.Connection,
    model_id: int,
    truth: VerdictSet | None,
    accept: VerdictSet | None,
    *,
    stops: bool,
) -> Judged:
    """`stops`: the model's draws end at a success. What accepts, if nobody says, is the set that stopped them."""
    policy = _unfair_policy(connection, model_id)
    if policy is not None:
        return Judged(truth=truth, accept=accept, policy=policy)
    steering = steering_sets(connection, model_id) if stops else set[int]()
    others = [one for one in read_sets(connection) if one.set_id in steering]
    if truth is None or all(_same(connection, model_id, one, truth) for one in others):
        return Judged(truth=truth, accept=accept)
    stopped_by = others[0] if len(others) == 1 else None
    accept = accept or stopped_by
    if stopped_by is not None and accept is not None and accept.set_id != stopped_by.set_id:
        stopped_by = None
    return Judged(truth=truth, accept=accept, stopped_by=stopped_by, first_draws=True)


def fair_draws(connection: sqlite3.Connection, model: sqlite3.Row) -> tuple[Judged, str]:
    """By the current set: how the model's draws are counted, and rows of `sample`, ?1 its id, with `judged`, that
    estimates of each problem may rest on."""
    by = judged(connection, model["id"], current_set(connection), None, stops=stops(connection, model))
    return by, by.source()


_OTHERS = """
FROM (SELECT problem_id, max(created_at) AS last, count(*) AS n, max(passed) AS passed FROM sample
  WHERE model_id = ?1 GROUP BY problem_id) AS mine
JOIN model AS own ON own.id = ?1
CROSS JOIN model AS one ON one.sweep_id = own.sweep_id AND one.id != ?1
CROSS JOIN sample AS other ON other.model_id = one.id AND other.problem_id = mine.problem_id"""
_AFTER_OTHERS = f"SELECT 1 {_OTHERS} WHERE other.created_at < mine.last LIMIT 1"
"""Whether a problem was asked again after another model's attempts had failed."""
_CUT_BY_OTHERS = f"""
SELECT 1 {_OTHERS} WHERE other.passed = 1 AND coalesce(mine.passed, 0) = 0 AND mine.n < own.samples_wanted
  AND own.samples_by_problem IS NULL
  AND NOT EXISTS (SELECT 1 FROM failure WHERE model_id = ?1 AND problem_id = mine.problem_id) LIMIT 1"""
"""Whether another model's success ended a problem before its own attempts were spent."""


def _unfair_policy(connection: sqlite3.Connection, model_id: int) -> str | None:
    """A cascade's first stage draws from every problem until it is solved, as the rule of the first success does. A
    later stage, which sees what earlier ones left, and `solve` ask where outcomes tell them to."""
    policy = of_policy(connection, model_id)
    if policy != "cascade":
        return policy
    missed = connection.execute(
        "SELECT 1 FROM sample AS other WHERE other.stop_rule = 'cascade' AND other.model_id != ?1 "
        "AND NOT EXISTS (SELECT 1 FROM sample WHERE model_id = ?1 AND problem_id = other.problem_id) "
        "AND NOT EXISTS (SELECT 1 FROM failure WHERE model_id = ?1 AND problem_id = other.problem_id) "
        "AND other.problem_id NOT IN (SELECT problem_id FROM request WHERE model_id = ?1) LIMIT 1",
        (model_id,),
    ).fetchone()
    if missed is not None or connection.execute(_AFTER_OTHERS, (model_id,)).fetchone() is not None:
        return policy
    return None if connection.execute(_CUT_BY_OTHERS, (model_id,)).fetchone() is None else policy


def read_accepted(
    connection: sqlite3.Connection, model_id: int, of: Judged, problems: Sequence[int]
) -> Accepted | None:
    """None without a set that accepts."""
    if of.accept is None:
        return None
    drawn = of.stopped_by is not None
    rows = connection.execute(
        "SELECT problem_id, count(judged) AS n, coalesce(sum(judged IS NOT NULL AND accepted), 0) AS a, "
        f"coalesce(sum(judged AND accepted), 0) AS r FROM {of.source(all_draws=drawn)} GROUP BY problem_id",
        (model_id,),
    ).fetchall()
    counts = {row[0]: tuple(row[1:]) for row in rows}
    first: dict[int, tuple[int, int]] = {}
    if drawn:
        trials: dict[int, int] = {}
        for problem, right, accepts in connection.execute(
            f"SELECT problem_id, judged, accepted FROM {of.source(all_draws=True)} WHERE judged IS NOT NULL "
            "ORDER BY problem_id, sample_index",
            (model_id,),
        ):
            trials[problem] = trials.get(problem, 0) + 1
            if accepts and problem not in first:
                first[problem] = (trials[problem], right)
    return Accepted(
        n=_array(counts, problems, 0),
        a=_array(counts, problems, 1),
        r=_array(counts, problems, 2),
        first=_array(first, problems, 0) if drawn else None,
        first_right=_array(first, problems, 1).astype(np.bool_) if drawn else None,
    )


def pooled_accepted(
    parts: Sequence[tuple[NDArray[np.int64], Accepted | None]], problems: int
) -> Accepted | None:
    """Several ledgers' as one: each with its problems' places. None where one has none, or stops in another way."""
    found = [(at, of) for at, of in parts if of is not None]
    if len(found) < len(parts) or len({of.first is None for _, of in found}) != 1:
        return None
    n, a, r, first = (np.zeros(problems, np.int64) for _ in range(4))
    right = np.zeros(problems, np.bool_)
    for at, of in found:
        if of.first is not None and of.first_right is not None:
            new = (first[at] == 0) & (of.first > 0)
            right[at] = np.where(new, of.first_right, right[at])
            first[at] = np.where(new, n[at] + of.first, first[at])
        n[at] += of.n
        a[at] += of.a
        r[at] += of.r
    stopped = found[0][1].first is not None
    return Accepted(n=n, a=a, r=r, first=first if stopped else None, first_right=right if stopped else None)


def _verdict(one: VerdictSet | None, alias: str) -> str:
    return "sample.passed" if one is None or one.current else f"{alias}.passed"


def _join(one: VerdictSet | None, alias: str) -> str:
    if one is None or one.current:
        return ""
    return (
        f"LEFT JOIN set_verdict AS {alias} ON {alias}.set_id = {one.set_id} AND {alias}.sample_id = sample.id"
    )


def _same(connection: sqlite3.Connection, model_id: int, one: VerdictSet, truth: VerdictSet) -> bool:
    """Also another version of the same verifier, if it agrees on all of the model's draws."""
    if one.set_id == truth.set_id:
        return True
    if one.kind != truth.kind or one.options != truth.options:
        return False
    differ = connection.execute(
        f"SELECT 1 FROM sample WHERE model_id = ? AND {one.passed_sql} IS NOT {truth.passed_sql} LIMIT 1",
        (model_id,),
    )
    return differ.fetchone() is None


def _array(found: dict[int, Any], problems: Sequence[int], at: int) -> NDArray[np.int64]:
    return np.array([found[problem][at] if problem in found else 0 for problem in problems], np.int64)
