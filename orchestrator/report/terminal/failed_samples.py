"""Why samples failed for good, in a line for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.grammar import many
from orchestrator.text.failure_words import failure_words
from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD


def failure_lines(document: Mapping[str, Any]) -> list[str]:
    """Of the document of `status --json`."""
    return [_line(alias, one) for alias, model in document["models"].items() for one in model["failures"]]


def _line(alias: str, failure: Mapping[str, Any]) -> str:
    words, cost = failure_words(failure["error"])
    held = failure["presumed_usd"]
    if held:
        cost = f"their requests hold {usd(held * PICO_PER_USD)}"
    said = f": {safe(failure['message'])}" if failure["message"] else ""
    n = failure["samples"]
    samples = many(n, "sample")
    return f"{samples} of {safe(alias, 40)} failed, {safe(words, 60)}{f' ({cost})' if cost else ''}{said}"
