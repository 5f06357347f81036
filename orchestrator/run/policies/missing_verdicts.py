"""Whether verdicts still come, where they decide what is bought: without them money would be spent at random."""

from __future__ import annotations

from pathlib import Path

from orchestrator.text.command import command

MOST_SAMPLES = 10
MOST_PROBLEMS = 5
"""So many samples in a row without a verdict, of so many problems, are a broken verifier's and no odd text's."""


class MissingVerdicts:
    """Of one run over so many `problems`."""

    def __init__(self, problems: int) -> None:
        self._most_problems = min(MOST_PROBLEMS, problems)
        self._samples = 0
        self._problems: set[int] = set()

    def are_too_many(self, problem: int, *, judged: bool) -> bool:
        """Once a sample of `problem` has been looked at; `judged`: it has a verdict."""
        if judged:
            self._samples = 0
            self._problems.clear()
            return False
        self._samples += 1
        self._problems.add(problem)
        return self._samples >= MOST_SAMPLES and len(self._problems) >= self._most_problems


def why_it_stops(reason: str | None, db: Path) -> str:
    """For the user: what happened, and what to do."""
    return (
        f"verdicts decide what is bought, and the last {MOST_SAMPLES} samples got none: {reason} "
        f"(fix the verifier, judge these samples with `{command('verify {}', db)}`, and run again)"
    )
