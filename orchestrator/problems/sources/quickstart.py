"""Source `quickstart`: the problems of the recorded quickstart, shipped with the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from orchestrator.errors import InputError
from orchestrator.problems.sources.jsonl import parse_file
from orchestrator.problems.types import Api, Problem, ProblemsSpec

TEMPLATE = "{question}\n\nThink step by step, then give the result in a last line of the form\n#### <number>"


class Quickstart:
    """Same format as jsonl; the file is package data, so `path` says nothing here."""

    system: str | None = None
    few_shot = False

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "numeric", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        return "Question: {question}\nAnswer:" if api == "completions" else TEMPLATE

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        if spec.path is not None:
            raise InputError(
                "problems.path", "source quickstart has its own problems", 'use source = "jsonl"'
            )
        resource = files("orchestrator.quickstart").joinpath("problems.jsonl")
        try:
            with resource.open("rb") as file:
                yield from parse_file(file, "quickstart/problems.jsonl")
        except FileNotFoundError as error:
            raise InputError(
                "quickstart/problems.jsonl", "is missing from the installation", "reinstall manyfew"
            ) from error
