"""What servers that runs started cost while no request ran on them, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.text.money import usd
from orchestrator.text.safe import safe
from pricing.types import PICO_PER_USD


def standing_line(document: Mapping[str, Any]) -> str | None:
    """Of the document of `status --json`. None: there was none."""
    models: Mapping[str, Mapping[str, float]] = document["models"]
    said: list[str] = []
    for what, key in (("Loading", "loading_usd"), ("idle time", "idle_usd")):
        by = {alias: model[key] for alias, model in models.items() if model[key]}
        if not by:
            continue
        each = ", ".join(f"{safe(alias, 40)} {usd(one * PICO_PER_USD)}" for alias, one in by.items())
        said.append(
            f"{what} cost {usd(sum(by.values()) * PICO_PER_USD)}" + (f" ({each})" if len(by) > 1 else "")
        )
    if not said:
        return None
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}: settled, and in no sample's cost."
