"""The verdicts of the public tests alone, as a set beside that of all tests: a weak verifier and the truth, of one run.

Kind `code` runs a problem's public tests first and ends at the first failure, so its verdict says which kind failed."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.reading.samples.text_key import text_key
from orchestrator.ledger.verdict_sets.read import VerdictSet, read_sets

if TYPE_CHECKING:
    from orchestrator.ledger.file.lock import WriterLock

KIND = "code-public"
_HIDDEN = ("private_tests", "generated_tests")
_PAST_PUBLIC = ("private test ", "generated test ")

_SAMPLES = f"""
SELECT id, problem_id, {text_sql("sample")} AS text, finish_reason, passed FROM sample
WHERE problem_id = ? AND verifier = ?
AND NOT EXISTS (SELECT 1 FROM set_verdict AS v WHERE v.set_id = ? AND v.sample_id = sample.id)"""
_REASON = "SELECT reason FROM verdict WHERE verifier = ? AND problem_id = ? AND text_sha = ?"
_ADD = "INSERT INTO set_verdict (set_id, sample_id, passed, verifier) VALUES (?, ?, ?, ?)"


def add_public_set(lock: WriterLock, of: VerdictSet) -> None:
    """Adds what the set of all tests, which is current, says of the public ones; nothing for problems that don't have
    both. Raises InputError."""
    if of.kind != "code":
        return
    with all_or_nothing(lock.path), closing(open_for_writing(lock.path)) as connection:
        connection.row_factory = sqlite3.Row
        problems = [
            row["id"] for row in connection.execute("SELECT id, data FROM problem") if _has_both(row["data"])
        ]
        if not problems:
            return
        connection.execute("BEGIN IMMEDIATE")
        set_id = _set(connection, of)
        for problem in problems:
            connection.executemany(_ADD, list(_verdicts(connection, of, problem, set_id)))
        connection.execute("COMMIT")


def _set(connection: sqlite3.Connection, of: VerdictSet) -> int:
    name = f"{of.name}-public"
    there = {one.name: one for one in read_sets(connection)}
    known = there.get(name)
    if known is not None and (known.kind, known.version) == (KIND, of.version):
        return known.set_id
    free, number = name, 1
    while free in there:
        number += 1
        free = f"{name}-{number}"
        if free in there and (there[free].kind, there[free].version) == (KIND, of.version):
            return there[free].set_id
    made = connection.execute(
        "INSERT INTO verdict_set (name, kind, version, options, made_at) VALUES (?, ?, ?, ?, ?)",
        (free, KIND, of.version, json.dumps(dict(of.options)), time.time()),
    )
    assert made.lastrowid is not None
    return made.lastrowid


def _verdicts(
    connection: sqlite3.Connection, of: VerdictSet, problem: int, set_id: int
) -> Iterator[tuple[int, int, int | None, str]]:
    for row in connection.execute(_SAMPLES, (problem, of.verifier, set_id)).fetchall():
        passed: int | None = row["passed"]
        if passed == 0:
            key = text_key(problem, row["text"], row["finish_reason"])
            found = connection.execute(_REASON, (of.verifier, *key)).fetchone()
            passed = int(found is not None and (found["reason"] or "").startswith(_PAST_PUBLIC))
        yield set_id, row["id"], passed, f"{KIND}/{of.version}"


def _has_both(data: str) -> bool:
    try:
        problem: Any = json.loads(data)
    except ValueError:
        return False
    if not isinstance(problem, dict):
        return False
    return _any(problem, "public_tests") and any(_any(problem, name) for name in _HIDDEN)


def _any(problem: Any, name: str) -> bool:
    tests: Any = problem.get(name)
    return isinstance(tests, dict) and bool(tests.get("input"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
