"""What a model left unsolved in a ledger: the problems of a cascade's second stage."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from orchestrator.errors import InputError
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading

if TYPE_CHECKING:
    from orchestrator.problems.types import Problem, ProblemsSpec


def unsolved(spec: ProblemsSpec, problems: list[Problem]) -> list[Problem]:
    """Those that `unsolved_by` did not solve in `unsolved_in`, and all if none is stated. Raises InputError if
    the model asked nothing there, and if there is nothing left to ask."""
    if spec.unsolved_in is None:
        return problems
    with (
        reading(spec.unsolved_in, where="problems.unsolved_in"),
        closing(open_reader(spec.unsolved_in)) as connection,
    ):
        there = _passes(connection, spec.unsolved_by or "")
    if not any(problem.key in there for problem in problems):
        message = f"{spec.unsolved_by!r} has no sample of these problems in {spec.unsolved_in}"
        raise InputError("problems.unsolved_by", message, "run the first stage before this one")
    left = [problem for problem in problems if not there.get(problem.key)]
    if not left:
        message = f"{spec.unsolved_by!r} solved every problem: there is nothing left to ask"
        raise InputError("problems.unsolved_by", message, "the first stage was enough")
    return left


def _passes(connection: sqlite3.Connection, alias: str) -> dict[str, bool]:
    """By problem: whether some sample passed."""
    rows = connection.execute(
        "SELECT problem.key AS key, max(coalesce(passed, 0)) AS passed FROM sample "
        "JOIN model ON model.id = sample.model_id JOIN problem ON problem.id = sample.problem_id "
        "WHERE model.alias = ? GROUP BY problem.key",
        (alias,),
    )
    return {row["key"]: bool(row["passed"]) for row in rows}
