"""A price that lacks what a write to the cache costs: as much as the vendor takes, reserved where it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from pricing.book import today
from pricing.cost import cost_pico, worst_pico
from pricing.form import price_from_json, price_to_json
from pricing.named import set_price
from pricing.resolve import resolve
from pricing.types import Price, Tokens

D = Decimal


@dataclass(frozen=True)
class Stated:
    input: Decimal = Decimal(3)
    output: Decimal = Decimal(15)
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None


def ask(provider: str, model: str, base_url: str | None = None, **stated: Decimal) -> Price:
    return resolve(provider=provider, model=model, base_url=base_url, stated=Stated(**stated), on=today())


def writes(price: Price) -> tuple[Decimal, Decimal]:
    rates = price.bands[0].rates
    return rates.cache_write, rates.cache_write_1h


@pytest.mark.parametrize(
    ("provider", "model", "base_url", "brief", "long"),
    [
        ("anthropic", "claude-sonnet-4-5", None, "3.75", "6"),
        ("anthropic", "any-name", "http://127.0.0.1:1", "3.75", "6"),
        ("openai-compatible", "anthropic/claude-opus-5", "https://openrouter.ai/api/v1", "3.75", "6"),
        # OpenAI bills writes from 5.6 on, which the book knows; a name that it doesn't know is taken for a new one
        ("openai", "gpt-5.6-sol", None, "3.75", "3.75"),
        ("openai", "gpt-5.6-sol", "http://127.0.0.1:1/v1", "3.75", "3.75"),
        ("openai", "gpt-9", None, "3.75", "3.75"),
        ("openai-compatible", "gpt-9", "https://eu.api.openai.com/v1", "3.75", "3.75"),
        ("openai", "gpt-4o", None, "3", "3"),
        ("openai", "gpt-5.4", None, "3", "3"),
        ("openai", "m", "http://127.0.0.1:1/v1", "3", "3"),
        ("openai-compatible", "m", "http://127.0.0.1:1/v1", "3", "3"),
    ],
)
def test_writes_that_are_not_stated(provider, model, base_url, brief, long):
    assert writes(ask(provider, model, base_url)) == (D(brief), D(long))


def test_what_is_stated_holds():
    assert writes(ask("anthropic", "c", cache_write=D(3))) == (D(3), D(6))
    assert writes(ask("anthropic", "c", cache_write=D(9), cache_write_1h=D(1))) == (D(9), D(1))
    assert writes(ask("anthropic", "c", cache_write=D(9))) == (D(9), D(9))  # never less than the shorter


def test_they_are_reserved_where_they_are_asked_for():
    price = ask("anthropic", "claude-sonnet-4-5")
    assert worst_pico(price, 1000, 0) == 1000 * 3_000_000
    assert worst_pico(price, 1000, 0, asked_for=["cache_write"]) == 1000 * 3_750_000
    assert worst_pico(price, 1000, 0, asked_for=["cache_write", "cache_write_1h"]) == 1000 * 6_000_000
    stated = ask("anthropic", "claude-sonnet-4-5", cache_write=D(4), cache_write_1h=D(5))
    assert worst_pico(stated, 1000, 0) == 1000 * 5_000_000
    # OpenAI writes unasked
    assert worst_pico(ask("openai", "gpt-5.6-sol"), 1000, 0) == 1000 * 3_750_000
    assert price_from_json(price_to_json(price)) == price


def test_they_are_settled_where_a_reply_names_them():
    price = ask("anthropic", "claude-sonnet-4-5")
    tokens = Tokens(input=100, output=0, cached=10, cache_write=60, cache_write_1h=20)
    assert cost_pico(price, tokens) == (30 * 3 + 10 * 3) * 10**6 + 40 * 3_750_000 + 20 * 6_000_000


def test_a_named_set_has_claudes_too():
    assert writes(set_price("paper-2024", "claude-3-5-sonnet")) == (D("3.75"), D(6))
    assert writes(set_price("paper-2024", "gpt-4o")) == (D(5), D(5))
