"""Source `humaneval`: functions to be written from their docstring (Chen et al. 2021), from HumanEval.jsonl, also
gzipped as it comes, or the hub.

On the completions wire the prompt is sent as it is, and the answer is its continuation, as the HumanEval paper does.
In a chat the whole function is asked for, since a chat model repeats the signature anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.problems.hub import read_parquet
from orchestrator.problems.lines import read_objects
from orchestrator.problems.types import Api, Problem, ProblemsSpec

DATASET = "openai/openai_humaneval"
FILE = "openai_humaneval/test-00000-of-00001.parquet"
FIELDS = ("task_id", "prompt", "test", "entry_point")
"""The canonical solution stays out, so that no template can send it."""

CHAT = (
    "Complete this Python function. Answer with the whole function, with its imports and whatever helpers it needs,"
    " in a single block fenced by ```python and ```.\n\n```python\n{prompt}```"
)
COMPLETION = "{prompt}"
STOP = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
"""The HumanEval paper's stop sequences: something new at the left margin ends the function."""


class HumanEval:
    """Keys are task_id."""

    system: str | None = None
    few_shot = False

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "code", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        return COMPLETION if api == "completions" else CHAT

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        seen: set[str] = set()
        for where, row in _rows(spec.path, spec.split):
            data = _checked(row, where)
            if data["task_id"] in seen:
                raise InputError(where, f"task_id {data['task_id']!r} appears twice", "keep one of them")
            seen.add(data["task_id"])
            yield Problem(data["task_id"], data)
        if not seen:
            raise InputError(
                str(spec.path), "holds no problem", "HumanEval's own format: one JSON object a line"
            )


def _rows(path: Path | None, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if path is not None:
        for line, row in read_objects(path):
            yield f"{path}:{line}", row
        return
    if split != "test":
        raise InputError("problems.split", f"humaneval has no split {split!r}", "it has test alone")
    for number, row in enumerate(read_parquet(DATASET, FILE, list(FIELDS))):
        yield f"{DATASET} row {number}", row


def _checked(row: Mapping[str, Any], where: str) -> dict[str, str]:
    for name in FIELDS:
        value = row.get(name)
        if not isinstance(value, str) or not value.strip():
            raise InputError(
                where,
                f"no {name} as text",
                'this is not HumanEval\'s own format; for other files source = "jsonl"',
            )
    return {name: row[name] for name in FIELDS}
