"""A ledger's samples model by model and problem by problem, as other tools' logs have them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

from orchestrator.ledger.exporting.samples import lenient, object_of
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.ledger.file.trouble import reading

_MODELS = """
SELECT model.id, sweep.name AS sweep, alias, provider, model.name FROM model JOIN sweep ON sweep.id = sweep_id
WHERE EXISTS (SELECT 1 FROM sample WHERE model_id = model.id) ORDER BY model.id"""
_SAMPLES = f"""
SELECT problem.id AS problem_id, problem.key AS problem, problem.data, s.id, s.sample_index, {text_sql("s")} AS text,
  s.reasoning, s.finish_reason, s.prompt_tokens, s.cached_tokens, s.cache_write_tokens, s.completion_tokens,
  s.reasoning_tokens, s.cost_pico, s.passed, s.score, s.answer, s.latency_s, s.created_at,
  coalesce(s.request_ref, s.request_id, 'agent:' || s.agent_attempt_id) AS request,
  coalesce((SELECT name FROM verdict_set WHERE current = 1), s.verifier) AS verifier
FROM sample AS s JOIN problem ON problem.id = s.problem_id WHERE s.model_id = ? ORDER BY s.problem_id, s.sample_index"""


@dataclass(frozen=True, slots=True)
class SampledModel:
    """One model of one sweep."""

    id: int
    sweep: str
    alias: str
    provider: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class SampledProblem:
    """One problem with its samples by index; `samples` are rows by name."""

    key: str
    question: str
    gold: Any
    data: dict[str, Any]
    samples: list[sqlite3.Row]


class ByModel:
    """An open ledger at one moment. Use as a context manager. Raises InputError for what is no ledger."""

    def __init__(self, db: Path) -> None:
        self._db = db
        self._connection = open_reader(db)
        self._connection.text_factory = lenient

    def __enter__(self) -> Self:
        self._connection.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def models(self) -> list[SampledModel]:
        with reading(self._db):
            return [SampledModel(*row) for row in self._connection.execute(_MODELS)]

    def problems(self, model: SampledModel) -> Iterator[SampledProblem]:
        with reading(self._db):
            rows = self._connection.execute(_SAMPLES, (model.id,))
            for _, group in groupby(rows, key=itemgetter("problem_id")):
                samples = list(group)
                data = object_of(samples[0]["data"])
                question = data.get("question") or data.get("prompt") or ""
                key = samples[0]["problem"]
                yield SampledProblem(key, str(question), data.get("answer"), data, samples)

    def epochs(self, model: SampledModel) -> int:
        (most,) = self._connection.execute(
            "SELECT max(sample_index) + 1 FROM sample WHERE model_id = ?", (model.id,)
        ).fetchone()
        return most


def file_names(models: list[SampledModel]) -> list[str]:
    """A name for each model that is none of a path's, each once."""
    names: list[str] = []
    for number, model in enumerate(models):
        name = re.sub(r"[^\w.-]+", "_", model.alias).strip("._")[:80] or "model"
        taken = name.casefold() in {other.casefold() for other in names}
        names.append(f"{name}-{number}" if taken else name)
    return names


def gold_text(gold: Any) -> str:
    return gold if isinstance(gold, str) else "" if gold is None else json.dumps(gold, ensure_ascii=False)
