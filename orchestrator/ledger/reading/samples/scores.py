"""Which scores the samples have, beside their verdicts: what best of k is picked by."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.outcomes.judged import fair_draws

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from orchestrator.ledger.reading.outcomes.outcomes import Outcomes

WITHOUT = f"passed IS NOT NULL AND score IS NULL AND trim({text_sql('sample')}, char(9, 10, 13, 32)) != ''"


@dataclass(slots=True)
class Scores:
    """Of the samples with a verdict, by problem in the order of `outcomes.problems`. A sample of white space alone,
    which no reward model is asked about, has −inf."""

    by_problem: list[tuple[NDArray[np.float64], NDArray[np.bool_]]] = field(
        default_factory=list[tuple["NDArray[np.float64]", "NDArray[np.bool_]"]]
    )
    scored: int = 0
    lacking: int = 0
    """Samples with a verdict and a text, and no score."""


def read_scores(outcomes: Outcomes) -> Scores:
    """Reads no text if all samples have a score, or none has. Raises InputError for what is no ledger."""
    result = Scores()
    for path, model in outcomes.rows:
        result.scored += _count(path, model, "passed IS NOT NULL AND score IS NOT NULL")
    if not result.scored:
        return result
    for path, model in outcomes.rows:
        result.lacking += _count(path, model, WITHOUT)
    if result.lacking:
        return result
    given: dict[str, tuple[list[float], list[int]]] = {key: ([], []) for key in outcomes.problems}
    for path, model in outcomes.rows:
        for key, score, passed in _query(path, rows_of, model):
            if key in given:
                given[key][0].append(-math.inf if score is None else score)
                given[key][1].append(passed)
    result.by_problem = [
        (np.array(scores, np.float64), np.array(passed, np.bool_)) for scores, passed in given.values()
    ]
    return result


def rows_of(draws: str) -> str:
    """Of what `fair_draws` gives."""
    return (
        f"SELECT problem.key, score, passed FROM {draws} JOIN problem ON problem.id = sample.problem_id "
        "WHERE passed IS NOT NULL"
    )


def _count(path: Path, model: int, what: str) -> int:
    return _query(path, lambda draws: f"SELECT count(*) FROM {draws} WHERE {what}", model)[0][0]


def _query(path: Path, sql: Callable[[str], str], model: int) -> list[tuple[Any, ...]]:
    with reading(path), closing(open_reader(path)) as connection:
        row = connection.execute("SELECT * FROM model WHERE id = ?", (model,)).fetchone()
        _, draws = fair_draws(connection, row)
        connection.row_factory = None
        return connection.execute(sql(draws), (model,)).fetchall()
