"""One model's samples by problem: how many there are, are judged and passed, and their cost on each axis. One scan of
an index tells it all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.ledger.reading.money.flops import flops_sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from orchestrator.ledger.reading.outcomes.judged import Judged

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
_TOLD = {"NULL": ", 0, NULL, NULL", "1": ", count(*), count(*), 1"}
"""What needn't be summed up, row by row."""


@dataclass(slots=True)
class Costs:
    """Of a problem's samples on one axis, as far as they are known: of how many, and the sum."""

    known: int = 0
    total: int | float = 0
    judged_known: int = 0
    judged: int | float = 0
    passed_known: int = 0
    passed: int | float = 0
    most: int | float = 0
    """Of the most expensive one."""

    def add(self, verdict: int | None, known: int, total: float | None, most: float | None) -> None:
        """Those with one verdict."""
        total = total or 0
        self.known, self.total = self.known + known, self.total + total
        if verdict is not None:
            self.judged_known, self.judged = self.judged_known + known, self.judged + total
        if verdict == 1:
            self.passed_known, self.passed = known, total
        self.most = max(self.most, most or 0)


@dataclass(slots=True)
class ProblemCounts:
    """All samples of one problem."""

    problem_id: int
    costs: tuple[Costs, ...]
    """By axis, in the order asked for."""
    samples: int = 0
    n: int = 0
    """With a verdict."""
    c: int = 0
    """Passes."""
    lengths: set[int] = field(default_factory=set[int])
    """The shortest and the longest, in completion tokens, of those that passed, failed, and have no verdict."""


def problem_counts(
    connection: sqlite3.Connection, model: sqlite3.Row, axes: Sequence[Axis | Side], by: Judged
) -> list[ProblemCounts]:
    """Of problems that have samples, in their order."""
    costs = [flops_sql(model["architecture"]) if axis == "flops" else _COST_OF_SAMPLE[axis] for axis in axes]
    told = "".join(_TOLD.get(cost, f", count({cost}), sum({cost}), max({cost})") for cost in costs)
    found: dict[int, ProblemCounts] = {}
    rows: list[tuple[Any, ...]] = connection.execute(
        f"SELECT problem_id, judged, count(*), min(completion_tokens), max(completion_tokens){told} "
        f"FROM {by.source()} GROUP BY problem_id, judged ORDER BY problem_id",
        (model["id"],),
    ).fetchall()
    for row in rows:
        problem_id, verdict, samples, shortest, longest = row[:5]
        of = found.get(problem_id)
        if of is None:
            of = found[problem_id] = ProblemCounts(problem_id, tuple(Costs() for _ in axes))
        of.samples += samples
        of.n += samples if verdict is not None else 0
        of.c += samples if verdict == 1 else 0
        of.lengths |= {length for length in (shortest, longest) if length is not None}
        for place, cost in enumerate(of.costs):
            cost.add(verdict, *row[5 + 3 * place : 8 + 3 * place])
    return list(found.values())
