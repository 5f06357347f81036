"""Which answers the samples gave, as counts by problem: what a majority vote is taken over. Texts are never read."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.outcomes.judged import fair_draws

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orchestrator.ledger.reading.outcomes.outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class Votes:
    """Of one problem, over the samples with a verdict: `counts` and `right` by answer; `silent`: samples that gave
    none. `right` is the share of an answer's samples that passed: 0 or 1, unless the verifier looks at more than the
    answer."""

    counts: NDArray[np.int64]
    right: NDArray[np.float64]
    silent: int


def read_votes(outcomes: Outcomes) -> list[Votes]:
    """By problem, in the order of `outcomes.problems`. Raises InputError for what is no ledger."""
    given: dict[str, dict[str | None, list[int]]] = {key: {} for key in outcomes.problems}
    for path, model in outcomes.rows:
        for key, answer, samples, passes in _rows(path, model):
            if key in given:
                total = given[key].setdefault(answer, [0, 0])
                total[0] += samples
                total[1] += passes
    return [_votes(answers) for answers in given.values()]


def _rows(path: Path, model: int) -> list[tuple[str, str | None, int, int]]:
    with reading(path), closing(open_reader(path)) as connection:
        connection.text_factory = _lenient
        row = connection.execute("SELECT * FROM model WHERE id = ?", (model,)).fetchone()
        _, draws = fair_draws(connection, row)
        found = connection.execute(
            f"SELECT problem.key, nullif(answer, '') AS said, count(*), sum(passed) FROM {draws} "
            "JOIN problem ON problem.id = sample.problem_id WHERE passed IS NOT NULL "
            "GROUP BY sample.problem_id, said",
            (model,),
        )
        return [(row[0], row[1], row[2], row[3]) for row in found]


def _lenient(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _votes(answers: dict[str | None, list[int]]) -> Votes:
    silent = answers.pop(None, [0, 0])[0]
    counts = np.array([samples for samples, _ in answers.values()], np.int64)
    passes = np.array([passes for _, passes in answers.values()], np.int64)
    return Votes(counts, passes / counts, silent)
