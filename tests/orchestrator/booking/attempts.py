"""Requests as booking knows them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from orchestrator.booking.booking import Attempt, Booked, book
from pricing.cost import worst_pico
from pricing.stated import stated_price
from pricing.types import Price
from providers.types import Choice, Reply, Usage

PRICE = stated_price(input=Decimal(1), output=Decimal(10))
INPUT_BOUND = 600
MAX_TOKENS = 64


def attempt(n: int = 2, price: Price = PRICE, **more: Any) -> Attempt:
    keys: dict[str, Any] = {
        "request_id": 1,
        "model_id": 1,
        "problem_id": 1,
        "indices": tuple(range(n)),
        "max_tokens": MAX_TOKENS,
        "input_bound": INPUT_BOUND,
        "worst_pico": worst_pico(price, INPUT_BOUND, n * MAX_TOKENS),
        "provider": "openai-compatible",
        "price": price,
        "cost_basis": "usage",
        "server": "https://x/v1",
        "stop_rule": "none",
    }
    return Attempt(**{**keys, **more})


def reply(*texts: str, input_tokens: int = 20, output_tokens: int | None = None, **more: Any) -> Reply:
    """Choices of these texts, with counts that fit them unless they are given."""
    output = 10 * len(texts) if output_tokens is None else output_tokens
    keys: dict[str, Any] = {
        "choices": tuple(Choice(index=i, text=text) for i, text in enumerate(texts)),
        "usage": Usage(input=input_tokens, output=output),
    }
    return Reply(**{**keys, **more})


def booked(given: Reply, asked: Attempt | None = None, **more: Any) -> Booked:
    return book(given, asked or attempt(), 0.0, **more)
