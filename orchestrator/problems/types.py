"""What a problem is and what a source of problems gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Api = Literal["chat", "completions", "responses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemsSpec:
    """`[problems]`: what is asked."""

    source: str
    """One of orchestrator.problems.registry.SOURCES."""
    path: Path | None = None
    """Resolved against the sweep file's folder, then the working directory. None: the hub, or the source's own data."""
    split: str = "test"
    dataset: str | None = None
    """hf and sources of the hub: the data set's name there."""
    subset: str | None = None
    question: str | None = None
    """hf: the field that holds the question."""
    answer: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict[str, str])
    """jsonl, hf: fields by the names they are given."""
    limit: int | None = None
    shuffle: int | None = None
    group_by: str | None = None
    """The field whose values are clusters of problems: bands and tests are for new ones."""
    unsolved_in: Path | None = None
    """Of those, only what the model `unsolved_by` did not solve in this ledger: the second stage of a cascade."""
    unsolved_by: str | None = None
    few_shot: int = 0
    """gsm8k, math: worked examples from the training set put before each problem (the paper's style)."""
    few_shot_path: Path | None = None
    """gsm8k, math: the training set as a local file; without it, the hub."""
    few_shot_seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptStyle:
    """None: the source's default."""

    system: str | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `key` is the source's own id, the same whatever shuffle and limit are."""

    key: str
    data: Mapping[str, Any]
    """question, answer and whatever else a template or a verifier may name; plain JSON."""


class ProblemSource(Protocol):
    """One data set, with the defaults that a sweep file may leave out."""

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        """Yields the problems in the order of the data, one at a time; InputError if the data is wrong."""
        ...

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        """The default template of the user's message, or of the whole text on the completions wire."""
        ...

    @property
    def system(self) -> str | None:
        """The default system prompt; None: none is sent."""
        ...

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        """The default verifier: its kind and its options."""
        ...

    @property
    def few_shot(self) -> bool:
        """Whether `few_shot` may be stated."""
        ...
