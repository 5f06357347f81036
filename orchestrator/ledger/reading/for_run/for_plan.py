"""What a ledger already has of a sweep, read only: for a plan."""

from __future__ import annotations

import sqlite3
from collections.abc import MutableMapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from orchestrator.errors import InputError
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.writing.held_money import held_pico
from orchestrator.ledger.writing.proven_bounds import BilledMore, billed_more


class LearntBound(NamedTuple):
    """What a model's replies have shown of its worst case."""

    overhead_tokens: int
    billed_more: list[BilledMore]


def learnt_bounds(connection: sqlite3.Connection, sweep: str) -> dict[str, LearntBound]:
    """By alias. Rows by name."""
    sql = "SELECT model.id, alias, overhead_tokens FROM model JOIN sweep ON sweep.id = sweep_id WHERE sweep.name = ?"
    return {
        row["alias"]: LearntBound(row["overhead_tokens"], list(billed_more(connection, row["id"])))
        for row in connection.execute(sql, (sweep,)).fetchall()
    }


class Expectation(Protocol):
    """What a plan expects of a model's next request."""

    prompt_tokens: float | None
    completion_tokens: float | None
    pico_per_output_token: float | None
    pico_per_attempt: float | None


E = TypeVar("E", bound=Expectation)


def state_for_plan(
    connection: sqlite3.Connection, path: Path, sweep: str, means: MutableMapping[str, E]
) -> tuple[int, dict[str, dict[str, tuple[int, bool]]]]:
    """(pico-dollars held, by alias and problem key (samples there, solved)). Fills in `means` by alias.
    Raises InputError for the ledger of another sweep."""
    names = [row["name"] for row in connection.execute("SELECT name FROM sweep ORDER BY id")]
    if names and sweep not in names:
        raise InputError(
            str(path),
            f"this is the ledger of the sweep {names[0]!r}, not of {sweep!r}",
            "name another with --db",
        )
    there: dict[str, dict[str, tuple[int, bool]]] = {}
    rows = connection.execute(
        # Counted before it is joined: an index alone tells it.
        "SELECT model.alias, problem.key, s.done, s.solved FROM (SELECT model_id, problem_id, count(*) AS done, "
        "max(passed) AS solved FROM sample GROUP BY model_id, problem_id) AS s "
        "JOIN model ON model.id = s.model_id JOIN problem ON problem.id = s.problem_id "
        "JOIN sweep ON sweep.id = model.sweep_id WHERE sweep.name = ?",
        (sweep,),
    )
    for row in rows:
        there.setdefault(row["alias"], {})[row["key"]] = (row["done"], bool(row["solved"]))
    for row in connection.execute(
        "SELECT model.alias, avg(1.0 * prompt_tokens) AS prompt, sum(completion_tokens) * 1.0 / sum(n) AS completion, "
        "sum(request.settled_pico) * 1.0 / nullif(sum(completion_tokens), 0) AS pico "
        "FROM request JOIN model ON model.id = request.model_id "
        "WHERE state = 'settled' AND completion_tokens IS NOT NULL GROUP BY model_id"
    ):
        if row["alias"] in means:
            means[row["alias"]].prompt_tokens = row["prompt"]
            means[row["alias"]].completion_tokens = row["completion"]
            means[row["alias"]].pico_per_output_token = row["pico"]
    for row in connection.execute(
        "SELECT model.alias, avg(sample.cost_pico) AS pico FROM model CROSS JOIN sample ON sample.model_id = model.id "
        "WHERE model.definition LIKE '%\"agent\":%' GROUP BY model_id"
    ):
        if row["alias"] in means:
            means[row["alias"]].pico_per_attempt = row["pico"]
    return held_pico(connection), there


def count_measured(path: Path, sweep: str) -> dict[tuple[str, str], int]:
    """Samples that no outcome steered, by alias and problem key. Raises InputError for what is no ledger."""
    if not path.stat().st_size:
        return {}
    with reading(path), closing(open_reader(path)) as connection:
        rows = connection.execute(
            "SELECT model.alias, problem.key, count(*) FROM sample JOIN model ON model.id = sample.model_id "
            "JOIN problem ON problem.id = sample.problem_id JOIN sweep ON sweep.id = model.sweep_id "
            "WHERE stop_rule = 'none' AND sweep.name = ? GROUP BY sample.model_id, sample.problem_id",
            (sweep,),
        )
        return {(row[0], row[1]): row[2] for row in rows}
