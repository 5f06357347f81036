"""One problem of a ledger: its prompt as sent, its gold answer, and its samples with their verdicts."""

from __future__ import annotations

import json
from dataclasses import asdict
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Self

from orchestrator.errors import InputError
from orchestrator.ledger.file.trouble import reading
from orchestrator.ledger.reading.samples.dialogue import Call, dialogue
from orchestrator.ledger.reading.samples.record_columns import COLUMNS, JOINED
from orchestrator.ledger.reading.samples.sampled_models import (
    SUCH,
    SampledModel,
    Which,
    open_tuples,
    sampled_models,
)
from orchestrator.ledger.reading.samples.text_key import text_key, wrong_by_ending
from orchestrator.text.command import command

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

PIECE = 64
"""Samples read at a time, for somebody who looks at them."""
ATTEMPT = "agent:"
"""How the request of an agent's sample begins."""
_OF_PROBLEM = "s.model_id = ? AND s.problem_id IN (SELECT id FROM problem WHERE key = ?)"
"""By the index of model and problem: as fast among a million samples as among a hundred."""
_MEANT = f"""
SELECT s.id FROM sample AS s
WHERE {_OF_PROBLEM} AND {{such}} ORDER BY s.problem_id, s.sample_index
"""
_SAMPLES = """
SELECT {columns}, s.problem_id, s.verifier FROM {source}
WHERE s.id IN (SELECT value FROM json_each(?)) ORDER BY s.problem_id, s.sample_index
"""
_PROMPTS = f"""
SELECT DISTINCT prompt.body FROM sample AS s
LEFT JOIN request ON request.id = s.request_id LEFT JOIN merged_request ON merged_request.ref = s.request_ref
JOIN prompt ON prompt.id = coalesce(request.prompt_id, merged_request.prompt_id,
  (SELECT r.prompt_id FROM request AS r WHERE r.agent_attempt_id = s.agent_attempt_id LIMIT 1),
  (SELECT r.prompt_id FROM merged_request AS r WHERE r.agent_attempt_ref = s.request_ref LIMIT 1))
WHERE {_OF_PROBLEM}
"""

_REASONED = "SELECT 1 FROM verdict WHERE verifier = ? AND problem_id = ? AND reason != '' LIMIT 1"
"""Whether a verifier said anything on a problem: if not, no text's digest is made."""


class ProblemSamples:
    """Of an open ledger: use as a context manager. Nothing is held while the caller looks at a sample, so that a run
    can go on writing. Raises InputError for what is no ledger, and for a problem or a model that it doesn't have."""

    def __init__(self, db: Path, problem: str, models: Collection[str] = (), which: Which = "all") -> None:
        self.problem = problem
        self._db = db
        self._such = SUCH[which]
        self._connection = open_tuples(db)
        try:
            with reading(db):
                self.models = sampled_models(self._connection, db, models)
                self._data = self._read_data()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def gold(self) -> Any:
        """None if the source has no gold answer, as with tests of programs."""
        return self._data.get("answer")

    def prompts(self) -> dict[str, list[str]]:
        """Each prompt as it was sent, with the models that got it; the problem's own text where none was sent."""
        found: dict[str, list[str]] = {}
        with reading(self._db):
            for model in self.models:
                for (body,) in self._connection.execute(_PROMPTS, (model.id, self.problem)).fetchall():
                    found.setdefault(_in_words(json.loads(body)), []).append(model.name)
        return found or {_in_words(self._data): [model.name for model in self.models]}

    def counts(self, model: SampledModel) -> tuple[int, int]:
        """Samples meant, and all."""
        counted = f"count(*) FILTER (WHERE {self._such}), count(*)"
        sql = f"SELECT {counted} FROM sample AS s WHERE {_OF_PROBLEM}"
        with reading(self._db):
            return self._connection.execute(sql, (model.id, self.problem)).fetchone()

    def samples(
        self, model: SampledModel, columns: str = COLUMNS, source: str = JOINED, piece: int = PIECE
    ) -> Iterator[dict[str, Any]]:
        """The columns of sample_records, or others of `sample AS s` (text, finish_reason, passed and answer among
        them), with `reason` (why it was judged so) and `extracted` (the answer that the verifier read out of the
        text)."""
        read = _SAMPLES.format(columns=columns, source=source)
        with reading(self._db):
            meant = self._connection.execute(_MEANT.format(such=self._such), (model.id, self.problem))
            ids = [number for (number,) in meant.fetchall()]
        for at in range(0, len(ids), piece):
            with reading(self._db):
                some = self._read(read, ids[at : at + piece])
            yield from some

    def calls(self, sample: dict[str, Any]) -> list[Call]:
        """Of an agent's attempt: its dialogue; of another sample none."""
        request = sample["request"]
        if not isinstance(request, str) or ATTEMPT not in request:
            return []
        number = request.removeprefix(ATTEMPT)
        with reading(self._db):
            return list(dialogue(self._connection, int(number) if number.isdecimal() else request))

    def _read(self, samples: str, ids: list[int]) -> list[dict[str, Any]]:
        cursor = self._connection.execute(samples, (json.dumps(ids),))
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
        told = {
            judged: self._connection.execute(_REASONED, judged).fetchone() is not None
            for judged in {(sample["verifier"], sample["problem_id"]) for sample in found}
        }
        for sample in found:
            problem_id, verifier = sample.pop("problem_id"), sample.pop("verifier")
            said = self._said(sample, problem_id, verifier) if told[verifier, problem_id] else None
            sample["reason"] = said or _by_ending(sample)
            sample["extracted"] = sample["answer"]
        return found

    def _said(self, sample: dict[str, Any], problem_id: int, verifier: str | None) -> str | None:
        row = self._connection.execute(
            "SELECT reason FROM verdict WHERE verifier = ? AND problem_id = ? AND text_sha = ?",
            (verifier, *text_key(problem_id, sample["text"], sample["finish_reason"])),
        ).fetchone()
        return None if row is None else row[0]

    def _read_data(self) -> dict[str, Any]:
        rows = self._connection.execute("SELECT data FROM problem WHERE key = ?", (self.problem,)).fetchall()
        if not rows:
            raise self._unknown()
        found = json.loads(rows[0][0])
        return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]

    def _unknown(self) -> InputError:
        keys = [key for (key,) in self._connection.execute("SELECT key FROM problem ORDER BY ordinal")]
        near = get_close_matches(self.problem, keys, n=3, cutoff=0.5) or keys[:3]
        remedy = f"such as {', '.join(near)}; `{command('show {}', self._db)}` lists them all" if near else ""
        return InputError(str(self._db), f"there is no problem {self.problem!r}", remedy)


def _by_ending(sample: dict[str, Any]) -> str | None:
    return wrong_by_ending(sample["text"], sample["finish_reason"]) if sample["passed"] == 0 else None


def problem_document(of: ProblemSamples) -> dict[str, Any]:
    """What `show --json` prints of one problem. `prompt` is the first model's; `prompts` has them all."""
    prompts = of.prompts()
    return {
        "problem": of.problem,
        "prompt": next(iter(prompts)),
        "prompts": [{"prompt": prompt, "models": names} for prompt, names in prompts.items()],
        "gold": of.gold,
        "samples": [
            {**sample, **({"calls": [asdict(call) for call in calls]} if (calls := of.calls(sample)) else {})}
            for model in of.models
            for sample in of.samples(model)
        ],
    }


def _in_words(of: dict[str, Any]) -> str:
    """A prompt, or a problem, as text: what one user's message holds, or each message after its role."""
    if not of.get("messages"):
        return str(of.get("question") or of.get("prompt") or of.get("text") or "")
    messages = [_message(message) for message in of["messages"]]
    if [role for role, _ in messages] == ["user"]:
        return messages[0][1]
    return "\n\n".join(f"{role}: {content}" for role, content in messages)


def _message(message: list[Any] | dict[str, Any]) -> tuple[str, str]:
    """A ledger keeps [role, content]; a problem of its own messages, {role, content}."""
    role, content = message if isinstance(message, list) else (message["role"], message["content"])
    return str(role), content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
