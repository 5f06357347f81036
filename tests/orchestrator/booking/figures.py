"""An attempt whose every figure is easily told apart, at a dollar a million tokens in and two out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from orchestrator.booking.booking import Attempt
from pricing.types import Band, Price, Rates
from providers.types import Choice, Reply, Usage

IN, OUT = 10**6, 2 * 10**6
"""Pico-dollars a token."""
WORST = 10**12

PRICE = Price(
    bands=(
        Band(
            from_input_tokens=0,
            rates=Rates(
                input=Decimal(1),
                output=Decimal(2),
                cached_input=Decimal("0.5"),
                cache_write=Decimal("1.25"),
                cache_write_1h=Decimal(2),
            ),
        ),
    ),
    source="sweep file",
    name="m",
)
ATTEMPT = Attempt(
    request_id=11,
    model_id=12,
    problem_id=13,
    indices=(4, 7),
    max_tokens=50,
    input_bound=100,
    worst_pico=WORST,
    provider="openai",
    price=PRICE,
    cost_basis="usage",
    server="http://s",
    stop_rule="fixed",
)


def attempt(**fields: Any) -> Attempt:
    return replace(ATTEMPT, **fields)


def choice(index: int, *, tokens: int | None = None, **fields: Any) -> Choice:
    return Choice(index=index, text=f"answer {index}", output_tokens=tokens, **fields)


def reply(*choices: Choice, usage: Usage | None, **fields: Any) -> Reply:
    return Reply(choices=choices, usage=usage, request_id="req_1", latency_s=3.0, **fields)
