"""Source `hf`: any data set of the Hugging Face hub, by its name, with the fields that hold question and answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.errors import InputError
from orchestrator.problems.rows import hub_rows, read_rows
from orchestrator.problems.sources.jsonl import named, parse
from orchestrator.problems.types import Api, Problem, ProblemsSpec


class HuggingFace:
    """Keys are the rows' own `id` if they have one, else DATASET/SPLIT/N, N the row from 0. With `path`, a local file
    of the data set."""

    system: str | None = None
    few_shot = False

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "numeric", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        return "{question}"

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        if spec.dataset is None:
            raise InputError("problems.dataset", "source hf needs a data set", 'add dataset = "owner/name"')
        fields = {"question": spec.question, "answer": spec.answer}
        rename = {**spec.rename, **{name: said for name, said in fields.items() if said is not None}}
        where = f"{spec.dataset} {spec.split}" if spec.path is None else str(spec.path)
        rows = hub_rows(spec.dataset, spec.split, spec.subset) if spec.path is None else read_rows(spec.path)
        prefix = f"{spec.dataset}/{spec.split}/"
        return parse((named(number, row, where, rename, prefix) for number, row in rows), where)
