"""What is worth a line at the end."""

from __future__ import annotations

from collections import Counter
from typing import Self

from orchestrator.sending.stalls import Stalls


class Warned(str):
    """A warning as a line, which knows its parts."""

    model: str
    what: str
    times: int

    def __new__(cls, model: str, what: str, times: int = 1) -> Self:
        made = super().__new__(cls, f"{model}: {what}" + (f" ({times} times)" if times > 1 else ""))
        made.model, made.what, made.times = model, what, times
        return made


class Warnings:
    """Warnings by model, each kind once with its count."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self.stalls = Stalls()

    def add(self, alias: str, line: str) -> None:
        if len(self._counts) < 1000 or (alias, line) in self._counts:
            self._counts[alias, line] += 1

    def lines(self) -> list[str]:
        return self.stalls.lines() + [
            Warned(alias, line, count) for (alias, line), count in self._counts.most_common()
        ]
