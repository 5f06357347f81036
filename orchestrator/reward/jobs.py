"""What a ledger's samples still lack in scores: distinct texts by problem, as requests."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from orchestrator.errors import InputError
from orchestrator.ledger.file.sample_text import text_sql

INSERT_SCORE = """
INSERT OR REPLACE INTO verdict (verifier, problem_id, text_sha, passed, score, answer, reason)
VALUES (?, ?, ?, NULL, ?, NULL, NULL)"""
SET_SCORE = "UPDATE sample SET score = ? WHERE id = ?"
Statement = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Text:
    """A distinct text of a problem and the samples that have it."""

    text: str
    sha: bytes
    samples: tuple[int, ...]

    def scored(self, name: str, problem_id: int, score: float) -> Iterator[Statement]:
        """What keeps its score: by text, so that it is never asked again, and with each sample."""
        yield INSERT_SCORE, (name, problem_id, self.sha, score)
        yield from ((SET_SCORE, (score, sample)) for sample in self.samples)


@dataclass(frozen=True, slots=True)
class Job:
    """One request's worth: some texts of one problem."""

    problem_id: int
    question: str
    texts: tuple[Text, ...]

    def __len__(self) -> int:
        return len(self.texts)


def problems_of(connection: sqlite3.Connection) -> list[int]:
    """The problems that have samples."""
    return [row[0] for row in connection.execute("SELECT id FROM problem WHERE id IN "
            "(SELECT problem_id FROM sample) ORDER BY sweep_id, ordinal IS NULL, ordinal, id")]  # fmt: skip


def lacking(connection: sqlite3.Connection, problem_id: int, name: str) -> tuple[list[Text], list[Statement]]:
    """(texts without a score by `name`, what gives the samples of the others theirs). A text of white space alone
    has nothing to score."""
    known = dict(
        connection.execute(
            "SELECT text_sha, score FROM verdict WHERE verifier = ? AND problem_id = ? AND score IS NOT NULL",
            (name, problem_id),
        ).fetchall()
    )
    texts: dict[bytes, tuple[str, list[int]]] = {}
    statements: list[Statement] = []
    rows = connection.execute(
        f"SELECT id, {text_sql('sample')}, score FROM sample WHERE problem_id = ? ORDER BY id", (problem_id,)
    )
    for sample, text, score in rows:
        sha = sha256(text.encode("utf-8", "replace")).digest()[:16]
        if sha in known:
            if score != known[sha]:
                statements.append((SET_SCORE, (known[sha], sample)))
        elif text.strip():
            texts.setdefault(sha, (text, []))[1].append(sample)
        elif score is not None:
            statements.append((SET_SCORE, (None, sample)))
    return [Text(text, sha, tuple(samples)) for sha, (text, samples) in texts.items()], statements


def jobs(connection: sqlite3.Connection, problem_id: int, texts: list[Text], max_n: int) -> Iterator[Job]:
    """The texts of one problem in requests of up to `max_n`."""
    question = question_of(connection, problem_id)
    for start in range(0, len(texts), max_n):
        yield Job(problem_id, question, tuple(texts[start : start + max_n]))


def question_of(connection: sqlite3.Connection, problem_id: int) -> str:
    """The problem's own question, without the prompt that was made of it, so that a score is the same whatever the
    prompt. Raises InputError."""
    key, data = connection.execute("SELECT key, data FROM problem WHERE id = ?", (problem_id,)).fetchone()
    problem: Mapping[str, Any] = json.loads(data)
    for name in ("question", "problem", "prompt", "problem_statement"):
        value = problem.get(name)
        if isinstance(value, str) and value.strip():
            return value
    messages: object = problem.get("messages")
    if isinstance(messages, list):
        said = [m.get("content") for m in cast("list[dict[str, Any]]", messages) if m.get("role") == "user"]
        if said:
            return str(said[-1])
    raise InputError(
        f"problem {key!r}",
        "the ledger has no question of it",
        "import its samples with `question`, so that there is something to judge them by",
    )
