"""What 0.1 settled too low is found by what its ledger holds: tokens, prices, servers, texts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orchestrator.booking.former_rules import SettledRequest, price_of_today, raised
from pricing.book import look_up
from pricing.cost import cost_pico
from pricing.form import price_from_json, price_to_json
from pricing.stated import stated_price
from pricing.types import Price, Tokens

EU = "https://eu.api.openai.com/v1"
NEW_KEYS = ("region", "covers", "derived")
STATED = stated_price(input=Decimal(3), output=Decimal(15))
"""As 0.1 read a price of a sweep file: writes as much as input."""


def stored(price: Price) -> Price:
    """Through the JSON of 0.1, which lacks today's keys."""
    written = price_to_json(price)
    return price_from_json({key: value for key, value in written.items() if key not in NEW_KEYS})


def request(price: Price = STATED, **more: Any) -> SettledRequest:
    price = stored(price)
    tokens = more.get("tokens", Tokens(input=100, output=20))
    keys: dict[str, Any] = {
        "price": price,
        "provider": "openai-compatible",
        "model": "m",
        "server": "https://x/v1",
        "tokens": tokens,
        "settled_pico": cost_pico(price, tokens),
        "reserved_pico": 10**10,
        "texts": 2,
        "text_bytes": 60,
    }
    return SettledRequest(**{**keys, **more})


def test_what_was_right_stays():
    assert raised(request()) is None
    assert (
        raised(request(price=look_up(provider="openai", model="gpt-5.4"), provider="openai", server=None))
        is None
    )
    older = look_up(provider="openai", model="gpt-4o")
    assert raised(request(price=older, provider="openai", model="gpt-4o", server=EU)) is None


@pytest.mark.parametrize("tokens", [Tokens(0, 0), Tokens(0, 20), Tokens(100, 1)])
def test_zeros_beside_texts_become_presumed(tokens):
    found = raised(request(tokens=tokens))
    assert found is not None
    assert (found.settled_pico, found.presumed_pico) == (0, 10**10)
    assert "contradict" in found.why


def test_regional_hosts_cost_more():
    price = look_up(provider="openai", model="gpt-5.4")
    one = request(price=price, provider="openai", model="gpt-5.4", server=EU)
    found = raised(one)
    assert found is not None
    assert found.settled_pico * 10 == one.settled_pico * 11
    assert "regional" in found.why
    flex = request(
        price=price,
        provider="openai",
        model="gpt-5.4",
        server=EU,
        service_tier="flex",
        settled_pico=one.settled_pico // 2,
    )
    cheaper = raised(flex)
    assert cheaper is not None
    assert cheaper.settled_pico * 2 == found.settled_pico
    # at what the sweep file stated then, a quarter less
    then = request(
        price=price, provider="openai", model="gpt-5.4", server=EU, settled_pico=one.settled_pico * 3 // 4
    )
    less = raised(then)
    assert less is not None
    assert less.settled_pico * 4 == found.settled_pico * 3


def test_writes_to_a_cache_cost_more_than_input():
    tokens = Tokens(input=100, output=20, cached=10, cache_write=60, cache_write_1h=20)
    one = request(
        tokens=tokens, provider="anthropic", model="claude-sonnet-4-5", server="https://api.anthropic.com"
    )
    found = raised(one)
    assert found is not None
    assert found.settled_pico - one.settled_pico == 40 * 750_000 + 20 * 3_000_000
    assert found.input_pico == found.settled_pico - 20 * 15 * 10**6
    # and what is booked at today's price is booked once
    assert raised(request(tokens=tokens, provider="anthropic", settled_pico=found.settled_pico)) is None


def test_what_was_stated_stays():
    price = stated_price(
        input=Decimal(3), output=Decimal(15), cache_write=Decimal(4), cache_write_1h=Decimal(5)
    )
    assert price_of_today(stored(price), "anthropic", "c", None).bands == price.bands
    assert price_of_today(stored(STATED), "openai-compatible", "m", None).bands == STATED.bands
