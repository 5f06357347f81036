"""From the stage into the ledger: first what speaks against it, read only; then everything in one transaction."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.interrupts import interrupts
from orchestrator.ledger.file.create import create, made_anew
from orchestrator.ledger.file.lock import WriterLock
from orchestrator.ledger.importing.line import LARGEST_INT, VALUE_COLUMNS
from orchestrator.ledger.importing.stage import Stage
from orchestrator.ledger.verdict_sets.read import IMPORTED
from orchestrator.ledger.writing.batch_jobs import OF_OPEN_JOB

PIECE = 500

_FIND_MODELS = """
UPDATE model SET ledger_id = (SELECT m.id FROM ledger.sweep AS w CROSS JOIN ledger.model AS m
  ON m.sweep_id = w.id AND m.alias = model.alias WHERE w.name = model.sweep)"""
_FIND_PROBLEMS = """
UPDATE problem SET ledger_id = (SELECT p.id FROM ledger.sweep AS w CROSS JOIN ledger.problem AS p
  ON p.sweep_id = w.id AND p.key = problem.key WHERE w.name = problem.sweep)"""
_OTHER_PROVIDER = """
SELECT model.place, model.alias, model.provider, m.provider FROM model JOIN ledger.model AS m ON m.id = model.ledger_id
WHERE m.provider != model.provider ORDER BY model.place LIMIT 1"""
_THERE_ALREADY = """
SELECT s.place FROM sample AS s CROSS JOIN model ON model.id = s.model CROSS JOIN problem ON problem.id = s.problem
CROSS JOIN ledger.sample AS t ON t.model_id = model.ledger_id AND t.problem_id = problem.ledger_id
  AND t.sample_index = s.sample_index
ORDER BY s.id LIMIT 1"""
_IN_OPEN_BATCH = f"""
SELECT s.place, problem.key, s.sample_index FROM ledger.request AS r
CROSS JOIN model ON model.ledger_id = r.model_id CROSS JOIN problem ON problem.ledger_id = r.problem_id
CROSS JOIN json_each(r.indices) AS i
CROSS JOIN sample AS s ON s.model = model.id AND s.problem = problem.id AND s.sample_index = i.value
WHERE r.state = 'reserved' AND {OF_OPEN_JOB} ORDER BY s.id LIMIT 1"""
_TOTAL = """
SELECT (SELECT coalesce(sum(cost_pico), 0) FROM sample), (SELECT coalesce(sum(cost_pico), 0) FROM ledger.sample)"""

_ADD_SWEEPS = """
INSERT INTO ledger.sweep (name) SELECT sweep FROM model GROUP BY sweep ORDER BY min(id)
ON CONFLICT (name) DO NOTHING"""
_ADD_MODELS = """
INSERT INTO ledger.model (sweep_id, alias, provider, price)
SELECT w.id, model.alias, model.provider, model.price FROM model JOIN ledger.sweep AS w ON w.name = model.sweep
WHERE model.ledger_id IS NULL ORDER BY model.id"""
_NAME_PROVIDERS = """
UPDATE ledger.model AS m SET provider = model.provider FROM model
WHERE model.ledger_id = m.id AND m.provider IS NULL AND model.provider IS NOT NULL"""
# A problem that a run asked brings its data along, so that these samples are judged by it.
_ADD_PROBLEMS = """
INSERT INTO ledger.problem (sweep_id, key, data)
SELECT w.id, problem.key, coalesce(
  (SELECT p.data FROM ledger.sweep AS run CROSS JOIN ledger.problem AS p ON p.sweep_id = run.id AND p.key = problem.key
   WHERE run.budget_pico IS NOT NULL AND p.data != '{}' ORDER BY run.id LIMIT 1),
  problem_data(problem.question, problem.gold, problem.data))
FROM problem JOIN ledger.sweep AS w ON w.name = problem.sweep WHERE problem.ledger_id IS NULL ORDER BY problem.id"""
_SAID_PROBLEMS = """
SELECT problem.id, problem.question, problem.gold, problem.data, p.id, p.data, w.budget_pico IS NOT NULL FROM problem
JOIN ledger.problem AS p ON p.id = problem.ledger_id JOIN ledger.sweep AS w ON w.id = p.sweep_id
WHERE problem.id > ? AND coalesce(problem.question, problem.gold, problem.data) IS NOT NULL
ORDER BY problem.id LIMIT ?"""

_GIVEN = tuple(name for name in VALUE_COLUMNS if name not in ("text", "request", "stop_rule", "created_at"))
_ADD_SAMPLES = f"""
INSERT INTO ledger.sample (id, model_id, problem_id, sample_index, cost_pico, cost_basis, text_of, text, request_ref,
  stop_rule, created_at, verifier, {", ".join(_GIVEN)})
SELECT :last + s.id, model.ledger_id, problem.ledger_id, s.sample_index, s.cost_pico,
  s.basis, :last + s.text_of, iif(s.text_of IS NULL, coalesce(s.text, ''), ''), s.request,
  coalesce(s.stop_rule, 'none'), coalesce(s.created_at, :now),
  iif(s.passed IS NULL, NULL, iif(:alone, '{IMPORTED}', coalesce(s.judge, '{IMPORTED}'))),
  {", ".join("s." + name for name in _GIVEN)}
FROM sample AS s CROSS JOIN model ON model.id = s.model CROSS JOIN problem ON problem.id = s.problem ORDER BY s.id"""
_ADD_TO_TOTALS = """
UPDATE ledger.model AS m SET samples = samples + added.n
FROM (SELECT model.ledger_id AS id, count(*) AS n FROM sample JOIN model ON model.id = sample.model GROUP BY 1) AS added
WHERE m.id = added.id"""

_LAST = "SELECT coalesce(max(id), 0) FROM ledger.sample"
_NEW = "verifier = :said AND id > :last"
_TAKEN = f"SELECT 1 FROM ledger.verdict_set WHERE name = ? AND kind != '{IMPORTED}'"
# Current if the ledger has no other verdicts.
_ADD_SET = f"""
INSERT INTO ledger.verdict_set (name, kind, version, options, current, made_at)
SELECT :name, '{IMPORTED}', '', '{{}}', NOT EXISTS (SELECT 1 FROM ledger.verdict_set WHERE current = 1), :now
WHERE true ON CONFLICT (name) DO NOTHING"""
_SET = "SELECT id, current FROM ledger.verdict_set WHERE name = ?"
_KEEP_APART = f"""
INSERT INTO ledger.set_verdict (set_id, sample_id, passed, score, answer, verifier)
SELECT :set, id, passed, score, answer, '{IMPORTED}' FROM ledger.sample WHERE {_NEW}"""
_LEAVE_OPEN = f"""
UPDATE ledger.sample SET passed = NULL, score = NULL, answer = NULL, verifier = NULL WHERE {_NEW}"""
_SAY_IMPORTED = f"UPDATE ledger.sample SET verifier = '{IMPORTED}' WHERE {_NEW}"
_STOPPED = """
INSERT OR IGNORE INTO ledger.steering (model_id, set_id)
SELECT DISTINCT model_id, :set FROM ledger.sample WHERE id > :last AND stop_rule != 'none'"""
_ADD_LOST = """
INSERT OR REPLACE INTO ledger.failure (model_id, problem_id, sample_index, n, error, message)
SELECT model.ledger_id, problem.ledger_id, lost.sample_index, 1, lost.error, lost.message
FROM lost CROSS JOIN model ON model.id = lost.model CROSS JOIN problem ON problem.id = lost.problem"""
_FOUND_AGAIN = """
DELETE FROM ledger.failure WHERE n = 1 AND EXISTS (SELECT 1 FROM sample AS s JOIN model ON model.id = s.model
JOIN problem ON problem.id = s.problem WHERE model.ledger_id = failure.model_id
AND problem.ledger_id = failure.problem_id AND s.sample_index = failure.sample_index)"""


def refuse_conflicts(connection: sqlite3.Connection, db: Path, where_of: Callable[[int], str]) -> None:
    """What the ledger at `db` has already speaks against a sample of the files. The ledger is opened read only, so that
    a refusal leaves every byte of it. Raises InputError naming the record."""
    connection.execute("ATTACH ? AS ledger", (f"{db.resolve().as_uri()}?mode=ro",))
    try:
        connection.execute(_FIND_MODELS)
        connection.execute(_FIND_PROBLEMS)
        if (row := connection.execute(_OTHER_PROVIDER).fetchone()) is not None:
            line, alias, ours, theirs = row
            message = f"the model {alias!r} is of provider {theirs!r} in {db}, of {ours!r} here"
            raise InputError(where_of(line), message, "give it another alias or another sweep")
        if (row := connection.execute(_THERE_ALREADY).fetchone()) is not None:
            message = f"{db} has this sample already: same sweep, model, problem and sample_index"
            raise InputError(where_of(row[0]), message, "nothing was imported; leave out what is there")
        if (row := connection.execute(_IN_OPEN_BATCH).fetchone()) is not None:
            line, problem, index = row
            message = (
                f"sample {index} of problem {problem!r} was sent in a batch that is still open at its vendor"
            )
            remedy = "collect the batch first (`run`, or `cancel`), or use a free sample_index"
            raise InputError(where_of(line), message, remedy)
        if sum(connection.execute(_TOTAL).fetchone()) > LARGEST_INT:
            raise InputError(str(db), "the costs add up to more than the ledger can hold", "look at cost_usd")
    finally:
        connection.execute("DETACH ledger")


def write(stage: Stage, lock: WriterLock) -> int:
    """Everything into the ledger, which is made if there is none, or nothing. Gives the number of problems whose
    question or gold answer the ledger has otherwise; the ledger's hold."""
    db = lock.path
    if db.exists() and db.stat().st_size > 0:
        with _attached(stage.connection, db):
            return _write(stage, lock)
    others: list[int] = []

    def fill(new: Path) -> None:
        with _attached(stage.connection, new):
            # Nobody has the file before it is whole: no log is needed to undo what is half done.
            stage.connection.execute("PRAGMA ledger.journal_mode = OFF")
            others.append(_write(stage))

    with made_anew(db):
        create(db, fill)
    return others[0]


@contextmanager
def _attached(connection: sqlite3.Connection, db: Path) -> Generator[None]:
    connection.create_function("problem_data", 3, _data, deterministic=True)
    connection.execute("ATTACH ? AS ledger", (db.resolve().as_uri(),))
    try:
        yield
    finally:
        connection.execute("DETACH ledger")


def _write(stage: Stage, lock: WriterLock | None = None) -> int:
    """`lock`: of a ledger that others may write to."""
    connection = stage.connection
    connection.execute("PRAGMA ledger.synchronous = FULL")
    connection.execute("PRAGMA fullfsync = 1")
    connection.execute("PRAGMA checkpoint_fullfsync = 1")
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if lock is not None:
            lock.claim(connection, schema="ledger")
        connection.execute(_ADD_SWEEPS)
        connection.execute(_ADD_MODELS)
        connection.execute(_FIND_MODELS)
        connection.execute(_NAME_PROVIDERS)
        connection.execute(_ADD_PROBLEMS)
        connection.execute(_FIND_PROBLEMS)
        others = _fill_in(connection)
        (last,) = connection.execute(_LAST).fetchone()
        judges = stage.judges
        adding = {"last": last, "now": time.time(), "alone": len(judges) == 1}
        connection.execute(_ADD_SAMPLES, adding)
        _put_into_sets(connection, last, judges)
        connection.execute(_ADD_TO_TOTALS)
        connection.execute(_FOUND_AGAIN)
        connection.execute(_ADD_LOST)
    except BaseException:
        if connection.in_transaction:  # SQLite ends it itself where the disk fails
            connection.execute("ROLLBACK")
        raise
    interrupts.finishing()
    connection.execute("COMMIT")
    return others


def _put_into_sets(connection: sqlite3.Connection, last: int, judges: list[str]) -> None:
    """The verdicts of the samples after `last` are a set for each of their judges, by its name. If another set is
    current they are kept apart: a set's verdicts are one verifier's."""
    for judge in judges:
        name = f"{judge} ({IMPORTED})" if connection.execute(_TAKEN, (judge,)).fetchone() else judge
        said = {"said": IMPORTED if len(judges) == 1 else judge, "last": last}
        connection.execute(_ADD_SET, {"name": name, "now": time.time()})
        set_id, current = connection.execute(_SET, (name,)).fetchone()
        if not current:
            connection.execute(_KEEP_APART, {"set": set_id, **said})
            connection.execute(_LEAVE_OPEN, said)
        elif said["said"] != IMPORTED:
            connection.execute(_SAY_IMPORTED, said)
        connection.execute(_STOPPED, {"set": set_id, "last": last})


def _fill_in(connection: sqlite3.Connection) -> int:
    """Adds what the file says of a problem if the ledger lacks it; counts if the two differ."""
    others, last = 0, 0
    while rows := connection.execute(_SAID_PROBLEMS, (last, PIECE)).fetchall():
        last = rows[-1][0]
        for _, question, gold, whole, problem_id, text, run in rows:
            there: dict[str, Any] = json.loads(text)
            said: dict[str, Any] = json.loads(_data(question, gold, whole))
            lacking = {name: value for name, value in said.items() if name not in there}
            others += any(there[name] != value for name, value in said.items() if name in there)
            if lacking and not (run and there):  # what a run asked is the run's own
                data = json.dumps({**there, **lacking}, ensure_ascii=False)
                connection.execute("UPDATE ledger.problem SET data = ? WHERE id = ?", (data, problem_id))
    return others


def _data(question: str | None, gold: str | None, whole: str | None) -> str:
    """A problem's data as the ledger keeps it. `whole`: its source's own data, as JSON."""
    said: dict[str, Any] = {} if whole is None else json.loads(whole)
    if question is not None:
        said["question"] = question
    if gold is not None:
        said["answer"] = json.loads(gold)
    return json.dumps(said, ensure_ascii=False)
