"""How far what a model costs is off from what was expected of it."""

from __future__ import annotations

from typing import NamedTuple


class CostFactors(NamedTuple):
    """What prompts, and what samples cost, over what was expected of them."""

    prompt: float = 1.0
    output: float = 1.0
