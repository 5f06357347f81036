"""One problem's samples as a page shows them: of every model, from each of the ledgers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InputError
from orchestrator.ledger.file.sample_text import text_sql
from orchestrator.ledger.reading.samples.problem_samples import ProblemSamples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.ledger.reading.outcomes.outcomes import Outcomes

LONGEST = 20_000
"""Characters of one text. `manyfew show --full` has the rest."""
_COLUMNS = f"""s.sample_index, {text_sql("s")} AS text, s.reasoning, s.finish_reason, s.passed, s.answer,
  s.prompt_tokens, s.completion_tokens, s.cost_pico / 1e12 AS cost_usd, s.latency_s"""
_PIECE = 500
"""Samples read at a time."""


def page_samples(models: Sequence[Outcomes], problem: str) -> dict[str, Any] | None:
    """`m` is a model's place among `models`. None if no ledger has the problem."""
    places = {(path, number): m for m, one in enumerate(models) for path, number in one.rows}
    found: dict[str, Any] | None = None
    for path in dict.fromkeys(path for path, _ in places):
        try:
            with ProblemSamples(path, problem) as of:
                if found is None:
                    gold = of.gold
                    said = "" if gold is None else gold if isinstance(gold, str) else json.dumps(gold)
                    prompt = next(iter(of.prompts()))
                    found = {"prompt": _encodable(prompt), "gold": _encodable(said), "samples": []}
                for model in of.models:
                    if (m := places.get((path, model.id))) is not None:
                        rows = of.samples(model, _COLUMNS, "sample AS s", _PIECE)
                        found["samples"] += [_sample(m, row) for row in rows]
        except InputError:  # another ledger may have it
            continue
    return found


def _sample(m: int, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "m": m,
        "index": row["sample_index"],
        "passed": row["passed"],
        "reason": _clip(row["reason"]),
        "extracted": _clip(row["extracted"]),
        "text": _clip(row["text"]),
        "reasoning": _clip(row["reasoning"]),
        "input": row["prompt_tokens"],
        "output": row["completion_tokens"],
        "usd": row["cost_usd"],
        "seconds": row["latency_s"],
        "finish": row["finish_reason"],
    }


def _encodable(text: str) -> str | None:
    """JSON may hold halves of a character; what SQLite gave is whole."""
    return _clip(text.encode("utf-8", "replace").decode())


def _clip(text: Any) -> str | None:
    if text is None:
        return None
    whole = text if isinstance(text, str) else str(text)
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]}… (cut; manyfew show --full has all of it)"
