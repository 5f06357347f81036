"""OpenAI's regional hosts cost a tenth more for its newer models: in what is reserved, and in what is settled."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from pricing.book import entries_of, today
from pricing.cost import cost_pico, worst_pico
from pricing.form import price_from_json, price_to_json
from pricing.regions import OLDER, costs_more, is_older, is_openai, is_regional, price_note
from pricing.resolve import resolve
from pricing.tiers import tier_price
from pricing.types import Price, Tokens, Unpriceable

HOSTS = [f"https://{region}.api.openai.com/v1" for region in ("eu", "us", "au", "in", "jp")]
GLOBAL = "https://api.openai.com/v1"
TOKENS = Tokens(input=300_000, cached=1000, output=500)
TENTH = Decimal("1.1")


@dataclass(frozen=True)
class Stated:
    input: Decimal = Decimal(1)
    output: Decimal = Decimal(2)
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None


def ask(base_url: str | None, model: str = "gpt-5.4", provider: str = "openai", **more) -> Price:
    return resolve(provider=provider, model=model, base_url=base_url, on=today(), **more)


def replied(price: Price, tier: str | None) -> Price:
    return tier_price(price, provider="openai", service_tier=tier, inference_geo=None, on=today())


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("provider", ["openai", "openai-compatible"])
def test_a_newer_model_costs_a_tenth_more(host, provider):
    here, there = ask(GLOBAL), ask(host, provider=provider)
    assert cost_pico(there, TOKENS) * 10 == cost_pico(here, TOKENS) * 11
    assert worst_pico(there, 10**6, 10**4) * 10 == worst_pico(here, 10**6, 10**4) * 11
    assert price_from_json(price_to_json(there)) == there


@pytest.mark.parametrize("tier", [None, "default", "flex", "priority", "batch"])
@pytest.mark.parametrize("asked", [None, "flex", "auto"])
def test_at_every_tier_that_a_reply_names(tier, asked):
    here, there = (ask(url, service_tier=asked) for url in (GLOBAL, HOSTS[0]))
    named_here, named_there = replied(here, tier), replied(there, tier)
    for plain, more in zip(named_here.bands, named_there.bands, strict=True):
        assert more.rates.input == plain.rates.input * TENTH
        assert more.rates.output == plain.rates.output * TENTH
    assert (
        cost_pico(named_there, TOKENS) <= worst_pico(there, TOKENS.input, TOKENS.output) or tier == "priority"
    )


def test_by_batch_too():
    here, there = (ask(url, batch=True) for url in (GLOBAL, HOSTS[0]))
    assert cost_pico(there, TOKENS) * 10 == cost_pico(here, TOKENS) * 11


@pytest.mark.parametrize("base_url", [None, GLOBAL])
def test_elsewhere_it_does_not(base_url):
    assert not ask(base_url).region
    assert not is_regional(base_url)


@pytest.mark.parametrize("base_url", ["https://gateway.example/v1", "https://api.openai.com.example/v1"])
def test_a_host_that_is_not_openais_has_no_region_and_no_price_of_its_own(base_url):
    assert not is_regional(base_url)
    with pytest.raises(Unpriceable, match="base_url is not OpenAI's"):
        ask(base_url)


@pytest.mark.parametrize(
    ("model", "older"),
    [
        ("gpt-4o", True),
        ("gpt-4o-2024-05-13", True),
        ("gpt-4-0613", True),
        ("gpt-3.5-turbo-1106", True),
        ("ft:gpt-4o-mini-2024-07-18:acme::x1", True),
        ("GPT-5.2", True),
        ("gpt-5.3-codex", True),
        ("o3-2025-04-16", True),
        ("gpt-4o-2026-06-01", False),  # a new snapshot of an old name is a new model
        ("gpt-5.4", False),
        ("gpt-5.4-mini", False),
        ("gpt-6.1-sol", False),
        ("gpt-chat-latest", False),
        ("gpt-9", False),
        ("ft:gpt-5.4-mini:acme::x1", False),
    ],
)
def test_which_models_are_older(model, older):
    assert is_older(model) is older
    assert costs_more(HOSTS[0], model) is not older


def test_an_older_model_costs_the_same_everywhere():
    assert ask(HOSTS[0], "gpt-4o") == ask(GLOBAL, "gpt-4o")


def test_the_list_of_older_models_names_what_the_book_knows_or_knew():
    """A misspelt name in the list would cost its model a tenth too much."""
    known = {found.entry.id for found in entries_of("openai")}
    versions = ("gpt-3.5", "gpt-4", "gpt-5", "gpt-5.1", "gpt-5.2", "gpt-5.3", "o1", "o3", "o4", "chatgpt")
    for name in OLDER - known:
        assert name.startswith((*versions, "codex", "computer-use")), name
    assert not any(name.startswith(("gpt-5.4", "gpt-5.5", "gpt-6")) for name in OLDER)


def test_a_stated_price_is_taken_as_it_is_and_said():
    price = ask(HOSTS[0], stated=Stated())
    assert price.bands[0].rates.input == 1
    note = price_note(price, HOSTS[0], "gpt-5.4")
    assert note is not None
    assert "as it is" in note
    assert "10%" in note
    confirmed = ask(HOSTS[0], "my-model", price_as="gpt-5.4")
    assert confirmed.bands[0].rates.input == Decimal("2.75")
    assert "includes the 10%" in (price_note(confirmed, HOSTS[0], "my-model") or "")
    assert price_note(ask(GLOBAL), GLOBAL, "gpt-5.4") is None
    assert price_note(ask(HOSTS[0], "gpt-4o"), HOSTS[0], "gpt-4o") is None


def test_whose_host_it_is():
    assert is_openai("openai", None)
    assert is_openai("openai-compatible", "https://EU.api.openai.com/v1")
    assert not is_openai("openai-compatible", None)
    assert not is_openai("openai", "http://[::1")


@pytest.mark.parametrize("speed", ["fast", "FAST"])
def test_a_speed_is_a_tier(speed):
    def at(price: Price, tier: str | None) -> Price:
        return tier_price(
            price, provider="anthropic", service_tier=tier, inference_geo=None, speed=speed, on=today()
        )

    book = resolve(provider="anthropic", model="claude-opus-5", on=today())
    assert at(book, "standard").bands[0].rates.input == 10
    with pytest.raises(Unpriceable):
        at(book, "priority")
    stated = resolve(provider="anthropic", model="claude-opus-5", stated=Stated(), on=today())
    with pytest.raises(Unpriceable, match="price_tiers"):
        at(stated, None)


def test_price_tiers_are_covered_by_the_stated_price():
    price = ask(GLOBAL, stated=Stated(), price_tiers=["priority", "turbo"])
    for tier in ("priority", "fast", "turbo", "Turbo", None, "default"):
        assert replied(price, tier).bands == price.bands
    with pytest.raises(Unpriceable, match=r'price_tiers = \["flex"\]'):
        replied(price, "flex")
    flex = ask(GLOBAL, stated=Stated(), service_tier="flex", price_tiers=["default"])
    assert replied(flex, "default").bands == flex.bands
    assert price_from_json(price_to_json(price)) == price
    with pytest.raises(Unpriceable, match="price_tiers"):
        replied(ask(GLOBAL), "turbo")
