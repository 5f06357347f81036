"""What is worth a line at the end."""

from __future__ import annotations

from collections import Counter

from orchestrator.sending.stalls import Stalls


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
            f"{alias}: {line}" + (f" ({count} times)" if count > 1 else "")
            for (alias, line), count in self._counts.most_common()
        ]
