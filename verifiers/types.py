"""What a verifier is: text and problem in, verdict out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """passed: True right, False wrong, None could not tell (`reason` says why)."""

    passed: bool | None
    answer: str | None = None
    """The extracted answer, normalised, as plain text."""
    score: float | None = None
    reason: str | None = None


class Verifier(Protocol):
    """Pure: the same text and problem give the same verdict, for as long as `version` is the same."""

    @property
    def kind(self) -> str: ...

    @property
    def version(self) -> str:
        """Goes into every verdict; raise it whenever a verdict could change. Includes options that bear on it."""
        ...

    def verify(self, text: str, problem: Mapping[str, Any], /) -> Verdict:
        """Judges one answer. `problem` has at least `answer` (gold). Never raises for any text."""
        ...
