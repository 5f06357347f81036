"""What a problem is and what a source of problems gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.sweep.types import Api, Problems


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `key` is the source's own id, the same whatever shuffle and limit are."""

    key: str
    data: Mapping[str, Any]
    """question, answer and whatever else a template or a verifier may name; plain JSON."""


class ProblemSource(Protocol):
    """One data set, with the defaults that a sweep file may leave out."""

    def read(self, spec: Problems, /) -> Iterator[Problem]:
        """Yields the problems in the order of the data, one at a time; InputError where the data is wrong."""
        ...

    def template(self, spec: Problems, api: Api, /) -> str:
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

    def suggested_stop(self, spec: Problems, api: Api, /) -> tuple[str, ...]:
        """Stop sequences worth stating in a sweep file. Never sent unless stated there."""
        ...
