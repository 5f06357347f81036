"""Models of which the verifier calls every sample wrong, or every one right."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.samples.reward_models import NO_SCORER
from orchestrator.text.one_sided_words import ENOUGH, gold_of, one_sided

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

# Seeks in an index, problem by problem: a million samples are as quick as a hundred.
_FOUND = """
SELECT 1 FROM model JOIN problem ON problem.sweep_id = model.sweep_id WHERE model.id = ?1 AND EXISTS (
  SELECT 1 FROM sample WHERE model_id = ?1 AND problem_id = problem.id AND passed = ?2) LIMIT 1"""
_COUNT = """
SELECT model.samples - (SELECT coalesce(sum((
    SELECT count(*) FROM sample WHERE model_id = ?1 AND problem_id = problem.id AND passed IS NULL)), 0)
  FROM problem WHERE problem.sweep_id = model.sweep_id)
FROM model WHERE model.id = ?1"""
# In the order of an index, so that it ends at the first.
_EXAMPLE = f"""
SELECT {text_sql("sample")} AS text, sample.answer, problem.data
FROM sample JOIN problem ON problem.id = sample.problem_id
WHERE model_id = ? AND passed IS NOT NULL AND trim({text_sql("sample")}) != ''
ORDER BY sample.problem_id, sample.sample_index LIMIT 1"""


def one_sided_models(path: Path) -> dict[str, str]:
    """What to say of each, by alias. Raises InputError for what is no ledger."""
    with reading(path), closing(open_reader(path)) as connection:
        connection.text_factory = _lenient
        models = connection.execute(f"SELECT id, alias FROM model WHERE {NO_SCORER} ORDER BY id").fetchall()
        found = {row["alias"]: _of_model(connection, row["id"]) for row in models}
    return {alias: words for alias, words in found.items() if words is not None}


def _of_model(connection: sqlite3.Connection, model_id: int) -> str | None:
    right, wrong = (connection.execute(_FOUND, (model_id, passed)).fetchone() for passed in (1, 0))
    if (right is None) == (wrong is None):
        return None
    (verdicts,) = connection.execute(_COUNT, (model_id,)).fetchone()
    example = connection.execute(_EXAMPLE, (model_id,)).fetchone() if verdicts >= ENOUGH else None
    if example is None:  # texts that aren't kept show nothing
        return None
    return one_sided(
        verdicts,
        0 if right is None else verdicts,
        text=example["text"],
        answer=example["answer"],
        gold=_gold(example["data"]),
    )


def _gold(data: str) -> str | None:
    try:
        value: Any = json.loads(data)
    except ValueError:
        return None
    return gold_of(value.get("answer")) if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _lenient(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
