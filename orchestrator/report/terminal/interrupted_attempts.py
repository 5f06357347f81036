"""Agents' attempts that were interrupted, in a line for each model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.grammar import by, many
from orchestrator.text.safe import safe


def interrupted_lines(document: Mapping[str, Any]) -> list[str]:
    """Of the document of `status --json`."""
    counts = {alias: model["interrupted_attempts"] for alias, model in document["models"].items()}
    return [_line(alias, count) for alias, count in counts.items() if count]


def _line(alias: str, count: int) -> str:
    attempts = f"{many(count, 'attempt')} {by(count, 'was', 'were')}"
    them, they, ask = ("it", "it", "asks") if count == 1 else ("them", "they", "ask")
    return (
        f"{attempts} interrupted ({safe(alias, 40)}): the next run goes on with {them}, and pays nothing again for "
        f"what {they} {ask} as before"
    )
