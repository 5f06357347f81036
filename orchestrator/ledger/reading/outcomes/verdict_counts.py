"""How many samples of each problem are right and wrong, by model: what a policy knows."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RightWrong = tuple[int, int]


def verdict_counts(
    db: Path, aliases: Sequence[str], *, measured: bool = False
) -> Mapping[str, tuple[RightWrong, ...]]:
    """By problem, (right, wrong) of each alias; problems without a verdict are left out. `measured`: only of samples
    that no outcome steered."""
    rule = "AND stop_rule = 'none'" if measured else ""
    with reading(db), closing(open_reader(db)) as connection:
        rows = connection.execute(
            "SELECT problem.key AS problem, model.alias AS alias, sum(passed) AS right, count(passed) AS n FROM sample "
            "JOIN model ON model.id = sample.model_id JOIN problem ON problem.id = sample.problem_id "
            f"WHERE passed IS NOT NULL {rule} GROUP BY sample.problem_id, sample.model_id",
        ).fetchall()
    found: dict[str, list[RightWrong]] = {}
    for row in rows:
        if row["alias"] in aliases:
            counts = found.setdefault(row["problem"], [(0, 0)] * len(aliases))
            at = aliases.index(row["alias"])
            right, wrong = counts[at]
            counts[at] = (right + row["right"], wrong + row["n"] - row["right"])
    return {problem: tuple(counts) for problem, counts in found.items()}
