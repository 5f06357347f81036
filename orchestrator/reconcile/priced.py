"""What rows of an export cost: their dollars, else their tokens at the ledger's prices."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.reconcile.books import Model
from orchestrator.reconcile.usage_line import Line
from pricing.cost import cost_pico
from pricing.form import price_from_json
from pricing.types import Tokens


def in_dollars(lines: Sequence[Line]) -> bool:
    """Whether every row says its dollars."""
    return all(line.pico is not None for line in lines)


def price_lines(lines: Sequence[Line], group: Sequence[Model], path: Path) -> int:
    """Pico-dollars of all rows. Raises InputError for a row without dollars and tokens."""
    if in_dollars(lines):
        return sum(line.pico or 0 for line in lines)
    return sum(price_tokens(tokens_of(line, path), 1, group) for line in lines)


def tokens_of(line: Line, path: Path) -> Tokens:
    """Raises InputError if the row names none."""
    if line.tokens is None:
        message = "some of its rows have dollars, others neither dollars nor tokens"
        raise InputError(str(path), message, "type the figure with --billed")
    return line.tokens


def price_tokens(tokens: Tokens, requests: int, group: Sequence[Model]) -> int:
    """At the group's most expensive price, in its most expensive band: which request had how many isn't known."""
    most = 0
    for model in group:
        price = price_from_json(json.loads(model.price or "{}"))
        for band in price.bands:
            if band.from_input_tokens <= tokens.input:
                single = replace(price, bands=(replace(band, from_input_tokens=0),))
                most = max(most, cost_pico(single, tokens))
        most += price.per_request_pico * max(0, requests - 1)
    return most
