"""Source `aime`: problems of the American Invitational Mathematics Examination, whose answers are whole numbers from 0
to 999. From the hub (AIME 2024), another `dataset` of the same form, or a local file with problem and answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.problems.rows import hub_rows, read_rows
from orchestrator.problems.sources.jsonl import named, parse
from orchestrator.problems.types import Api, Problem, ProblemsSpec

DATASET = "HuggingFaceH4/aime_2024"
SPLIT = "train"
CHAT = (
    "{question}\n\nThe answer is a whole number from 0 to 999. Reason step by step, and put your final answer within"
    " \\boxed{{}}."
)
COMPLETION = "Problem:\n{question}\n\nSolution:"


class Aime:
    """Keys are the rows' id, else aime/N, N the row from 0."""

    system: str | None = None
    few_shot = False

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "numeric", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        return COMPLETION if api == "completions" else CHAT

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        dataset = spec.dataset or DATASET
        split = SPLIT if spec.dataset is None and spec.split == "test" else spec.split
        rows = hub_rows(dataset, split) if spec.path is None else read_rows(spec.path)
        where = dataset if spec.path is None else str(spec.path)
        return parse((named(number, row, where, {}, "aime/") for number, row in rows), where)
