"""The start of a run on a ledger: what the sweep asks for is written down, what an earlier run left open is presumed,
and what is already there is read. One transaction: a refused sweep leaves the ledger as it was."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.ledger.file.lock import WriterLock
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.verdict_sets.change import WantedSet, begin_set
from orchestrator.ledger.writing.batch_jobs import OF_OPEN_JOB, end_unnamed
from orchestrator.ledger.writing.held_money import read_others
from orchestrator.ledger.writing.many_rows import ManyRows
from orchestrator.ledger.writing.presume import presume_leftovers
from orchestrator.ledger.writing.rebooking.under_booked import RULES, Rules, raise_under_booked
from orchestrator.ledger.writing.run_state import ModelState, RunState

INSERT_PROBLEM = ManyRows(
    "INSERT INTO problem (sweep_id, ordinal, key, data)",
    4,
    " ON CONFLICT (sweep_id, key) DO UPDATE SET ordinal = excluded.ordinal, data = excluded.data",
)

Differences = Callable[[dict[str, Any], dict[str, Any]], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """What a run wants of one model. `definition` is all that defines a sample, `price` the price as JSON."""

    alias: str
    provider: str
    name: str
    definition: dict[str, Any]
    price: dict[str, Any]
    samples: int
    samples_by_problem: Mapping[str, int] = field(default_factory=dict[str, int])
    replayed: bool
    architecture: dict[str, Any] | None = None
    overhead_tokens: int
    has_batches: bool = False
    """Whether its provider has a batch API that open batches can be asked of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a run wants of a ledger."""

    sweep: str
    policy: str
    """What steers the sampling, `all`: nothing."""
    verifier: Mapping[str, Any]
    """kind and options."""
    verdict_set: WantedSet
    budget_pico: int
    file_text: str
    problems: Sequence[tuple[str, Mapping[str, Any]]]
    """(key, data) in the order they are asked."""
    models: Sequence[ModelPlan]
    prompt_sha: Callable[[str, int], str]
    """(alias, ordinal) → SHA-256 of the prompt that would be sent."""
    versions: Mapping[str, str]
    differences: Differences
    former: Rules
    """How to find what earlier versions booked too low."""


def begin(lock: WriterLock, plan: RunPlan) -> RunState:
    """Claims the ledger, writes the plan into it and reads what is there. Raises InputError."""
    path = lock.path
    # Closing without a commit rolls back.
    with all_or_nothing(path), closing(open_for_writing(path)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN IMMEDIATE")
        lock.claim(connection)
        state = _begin(connection, path, plan)
        connection.execute("COMMIT")
        return state


def _begin(connection: sqlite3.Connection, path: Path, plan: RunPlan) -> RunState:
    now = time.time()
    sweep_id = _sweep(connection, path, plan)
    raised = raise_under_booked(connection, plan.former)  # before models get today's prices
    connection.execute(
        "INSERT OR IGNORE INTO sweep_file (sweep_id, sha256, text, read_at) VALUES (?, ?, ?, ?)",
        (sweep_id, sha256(plan.file_text.encode()).hexdigest(), plan.file_text, now),
    )
    (file_id,) = connection.execute(
        "SELECT id FROM sweep_file WHERE sweep_id = ? AND sha256 = ?",
        (sweep_id, sha256(plan.file_text.encode()).hexdigest()),
    ).fetchone()
    model_ids = {m.alias: _model(connection, path, plan, sweep_id, m) for m in plan.models}
    problem_ids = _problems(connection, plan, sweep_id)
    _refuse_other_prompts(connection, path, plan, model_ids, problem_ids)
    end_unnamed(connection, now, [model_ids[m.alias] for m in plan.models if m.has_batches])
    leftovers = presume_leftovers(connection, now)
    verdict_set = begin_set(connection, plan.verdict_set)
    connection.execute(
        "DELETE FROM failure WHERE model_id IN (SELECT id FROM model WHERE sweep_id = ?)", (sweep_id,)
    )
    connection.execute("UPDATE run SET status = 'killed', ended_at = ? WHERE ended_at IS NULL", (now,))
    run_id = connection.execute(
        "INSERT INTO run (sweep_file_id, budget_pico, started_at, status, pid, host, versions, rules) "
        "VALUES (?, ?, ?, 'running', ?, ?, ?, ?)",
        (
            file_id,
            plan.budget_pico,
            now,
            os.getpid(),
            platform.node(),
            json.dumps(dict(plan.versions)),
            RULES,
        ),
    ).lastrowid
    assert run_id is not None
    (last_request,) = connection.execute("SELECT coalesce(max(id), 0) FROM request").fetchone()
    return RunState(
        run_id=run_id,
        sweep_id=sweep_id,
        problem_ids=problem_ids,
        models={alias: ModelState(model_id=model_id) for alias, model_id in model_ids.items()},
        others=read_others(connection, tuple(model_ids.values())),
        next_request_id=last_request + 1,
        presumed_leftovers=leftovers,
        raised=raised,
        verdict_set=verdict_set,
    )


def _sweep(connection: sqlite3.Connection, path: Path, plan: RunPlan) -> int:
    names = [row["name"] for row in connection.execute("SELECT name FROM sweep ORDER BY id")]
    if names and plan.sweep not in names:
        raise InputError(
            str(path),
            f"this is the ledger of the sweep {names[0]!r}, not of {plan.sweep!r}",
            "name another ledger with --db",
        )
    connection.execute(
        "INSERT INTO sweep (name, budget_pico, verifier, policy) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET budget_pico = excluded.budget_pico, verifier = excluded.verifier, "
        "policy = excluded.policy",
        (plan.sweep, plan.budget_pico, json.dumps(plan.verifier), plan.policy),
    )
    (sweep_id,) = connection.execute("SELECT id FROM sweep WHERE name = ?", (plan.sweep,)).fetchone()
    return sweep_id


def _model(connection: sqlite3.Connection, path: Path, plan: RunPlan, sweep_id: int, model: ModelPlan) -> int:
    row = connection.execute(
        "SELECT id, definition, replayed, settled_pico + presumed_pico + reserved_pico AS held, "
        "samples + EXISTS (SELECT 1 FROM batch_job WHERE model_id = model.id "
        "AND ended_at IS NULL AND state != 'preparing') AS samples FROM model WHERE sweep_id = ? AND alias = ?",
        (sweep_id, model.alias),
    ).fetchone()
    definition = json.dumps(model.definition, sort_keys=True, ensure_ascii=False)
    if (
        row is not None
        and row["samples"]
        and row["definition"] is not None
        and row["definition"] != definition
    ):
        changed = plan.differences(json.loads(row["definition"]), model.definition)
        if changed:
            raise InputError(
                f"{path}: model {model.alias!r}",
                f"its samples here were made with other settings: {'; '.join(changed)}",
                "undo the change, give the model another alias, or name a new ledger with --db",
            )
    if row is not None and row["held"] and not row["replayed"] and model.replayed:
        raise InputError(
            f"{path}: model {model.alias!r}",
            "it has spent money here and is no recording, whose dollars count against no budget",
            "give the recording another alias",
        )
    values = (
        model.provider,
        model.name,
        definition,
        json.dumps(model.price),
        model.samples,
        json.dumps(dict(model.samples_by_problem), ensure_ascii=False) if model.samples_by_problem else None,
        int(model.replayed),
        None if model.architecture is None else json.dumps(model.architecture),
        model.overhead_tokens,
    )
    if row is not None:
        connection.execute(
            "UPDATE model SET provider = ?, name = ?, definition = ?, price = ?, samples_wanted = ?, "
            "samples_by_problem = ?, replayed = ?, "
            "architecture = ?, overhead_tokens = max(overhead_tokens, ?), stopped = NULL WHERE id = ?",
            (*values, row["id"]),
        )
        return row["id"]
    model_id = connection.execute(
        "INSERT INTO model (provider, name, definition, price, samples_wanted, samples_by_problem, replayed, "
        "architecture, overhead_tokens, sweep_id, alias) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, sweep_id, model.alias),
    ).lastrowid
    assert model_id is not None
    return model_id


def _problems(connection: sqlite3.Connection, plan: RunPlan, sweep_id: int) -> list[int]:
    connection.execute("UPDATE problem SET ordinal = NULL WHERE sweep_id = ?", (sweep_id,))
    encode = json.JSONEncoder(ensure_ascii=False).encode
    data = [encode(dict(problem)) for _, problem in plan.problems]
    _forget_verdicts(
        connection, sweep_id, {key: text for (key, _), text in zip(plan.problems, data, strict=True)}
    )
    INSERT_PROBLEM.execute(
        connection,
        [
            (sweep_id, ordinal, key, text)
            for ordinal, ((key, _), text) in enumerate(zip(plan.problems, data, strict=True))
        ],
    )
    rows = connection.execute(
        "SELECT id FROM problem WHERE sweep_id = ? AND ordinal IS NOT NULL ORDER BY ordinal", (sweep_id,)
    )
    return [row["id"] for row in rows]


def _forget_verdicts(connection: sqlite3.Connection, sweep_id: int, data: dict[str, str]) -> None:
    """Where what a verdict rests on has changed (the gold, say), no set's verdict holds: samples are judged again,
    verify_ledger does so."""
    known = connection.execute("SELECT id, key, data FROM problem WHERE sweep_id = ?", (sweep_id,))
    changed = [row["id"] for row in known if data.get(row["key"], row["data"]) != row["data"]]
    models = connection.execute("SELECT id FROM model WHERE sweep_id = ?", (sweep_id,)).fetchall()
    connection.executemany(
        "UPDATE sample SET passed = NULL, score = NULL, answer = NULL, verifier = NULL "
        "WHERE model_id = ? AND problem_id = ?",
        [(model["id"], problem_id) for model in models for problem_id in changed],
    )
    connection.executemany(
        "DELETE FROM set_verdict WHERE sample_id IN (SELECT id FROM sample WHERE model_id = ? AND problem_id = ?)",
        [(model["id"], problem_id) for model in models for problem_id in changed],
    )
    if changed:  # texts are looked up there before they are judged
        verifiers = connection.execute("SELECT DISTINCT verifier FROM verdict").fetchall()
        connection.executemany(
            "DELETE FROM verdict WHERE verifier = ? AND problem_id = ?",
            [(row["verifier"], problem_id) for row in verifiers for problem_id in changed],
        )


def _refuse_other_prompts(
    connection: sqlite3.Connection,
    path: Path,
    plan: RunPlan,
    model_ids: dict[str, int],
    problem_ids: list[int],
) -> None:
    """A problem that has samples, or whose samples an open batch may still return, must keep its prompt."""
    ordinals = {problem_id: ordinal for ordinal, problem_id in enumerate(problem_ids)}
    for alias, model_id in model_ids.items():
        rows = connection.execute(
            # By problem (CROSS JOIN keeps that order), each with a look into the index: by sample, a million looks.
            "SELECT sample.problem_id, prompt.sha256 FROM problem "
            "CROSS JOIN sample ON sample.model_id = ? AND sample.problem_id = problem.id AND sample.sample_index = "
            "(SELECT min(s.sample_index) FROM sample AS s WHERE s.model_id = ? AND s.problem_id = problem.id) "
            "JOIN request ON request.id = sample.request_id JOIN prompt ON prompt.id = request.prompt_id "
            "UNION SELECT request.problem_id, prompt.sha256 FROM request JOIN prompt ON prompt.id = request.prompt_id "
            f"WHERE request.model_id = ? AND request.state = 'reserved' AND {OF_OPEN_JOB} "
            "UNION SELECT problem_id, prompt.sha256 FROM merged_request "
            "JOIN prompt ON prompt.id = merged_request.prompt_id WHERE model_id = ? AND state != 'free'",
            (model_id,) * 4,
        )
        for row in rows:
            ordinal = ordinals.get(row["problem_id"])
            if ordinal is not None and plan.prompt_sha(alias, ordinal) != row["sha256"]:
                raise InputError(
                    f"{path}: model {alias!r}, problem {plan.problems[ordinal][0]!r}",
                    "its samples here come from another prompt: the problem's text has changed",
                    "undo the change, give the problem another id, or name a new ledger with --db",
                )
