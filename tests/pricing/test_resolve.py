"""Where a price comes from, the tier and geography that a reply names, and the price as JSON."""

import json
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from pricing.book import Inexact, today
from pricing.cost import cost_pico, worst_pico
from pricing.form import plain, price_from_json, price_to_json
from pricing.named import SETS, price_set, set_names
from pricing.resolve import by_server_time, priced_as, resolve
from pricing.stated import free, stated_price
from pricing.tiers import tier_price
from pricing.types import Tokens, Unpriceable
from tests.pricing.prices import rates

NOW = today()
D = Decimal


@dataclass(frozen=True)
class Stated:
    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None


def ask(provider, model, **more):
    return resolve(provider=provider, model=model, on=NOW, **more)


def replied(price, provider, service_tier=None, inference_geo=None, **more):
    return tier_price(
        price, provider=provider, service_tier=service_tier, inference_geo=inference_geo, on=NOW, **more
    )


def first(price):
    return price.bands[0].rates


def test_what_is_not_stated_costs_as_much_as_input():
    assert first(stated_price(input=D(5), output=D(15))) == rates("5", "15", "5", "5", "5")
    assert first(stated_price(input=D(5), output=D(15), cached_input=D("2.5"))) == rates(
        "5", "15", "2.5", "5", "5"
    )
    # an hour never costs less than the five minutes that are stated
    assert first(stated_price(input=D(3), output=D(15), cache_write=D("3.75"))) == rates(
        "3", "15", "3", "3.75", "3.75"
    )


def test_free_is_all_zeros_and_stated():
    price = free()
    assert cost_pico(price, Tokens(input=10**9, output=10**9)) == 0
    assert worst_pico(price, 10**9, 10**9) == 0
    assert price.source == "free"


def test_a_stated_price_that_is_none_is_refused():
    for bad in ("-1", "NaN", "Infinity"):
        with pytest.raises(Unpriceable, match="cached_input"):
            stated_price(input=D(1), output=D(1), cached_input=D(bad))


def test_stated_wins_over_the_book():
    price = ask("openai", "gpt-4o", stated=Stated(D(7), D(9)))
    assert first(price) == rates("7", "9", "7", "7", "7")
    assert (price.source, price.name) == ("sweep file", "gpt-4o")
    assert ask("openai-compatible", "anything/at-all", stated=Stated(D(0), D(0))).bands[0].rates.input == 0


def test_two_prices_are_refused():
    for more in (
        {"stated": Stated(D(1), D(1)), "gpu_usd_per_hour": D(2)},
        {"stated": Stated(D(1), D(1)), "price_as": "gpt-4o"},
        {"price_as": "gpt-4o", "gpu_usd_per_hour": D(2)},
    ):
        with pytest.raises(Unpriceable, match="more than one price"):
            ask("vllm", "m", **more)


def test_server_time_prices_no_token():
    price = ask("vllm", "m", gpu_usd_per_hour=D("2.50"), gpus=2)
    assert by_server_time(price)
    assert price.name == "2.5 $/h x 2"
    assert cost_pico(price, Tokens(input=1000, output=1000)) == 0
    assert not by_server_time(ask("openai", "gpt-4o"))


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("vllm", ["gpu_usd_per_hour", "price = { input = …, output = … }", "zeros"]),
        ("openai-compatible", ["price = { input = …, output = … }", "zeros"]),
    ],
)
def test_no_price_says_how_to_state_one(provider, words):
    with pytest.raises(Unpriceable) as caught:
        ask(provider, "my/model", base_url="http://127.0.0.1:9/v1")
    assert all(word in str(caught.value) for word in ["my/model", *words])
    assert "\n" not in str(caught.value)


def test_an_openai_compatible_vendor_is_known_by_its_address():
    price = ask("openai-compatible", "deepseek-v3.2", base_url="https://api.deepseek.com/v1")
    assert price.name == "deepseek/deepseek-v3.2"


def test_a_tape_needs_no_price():
    assert cost_pico(ask("replay", "m"), Tokens(input=1, output=1)) == 0


def test_the_paper_set():
    assert set_names() == ("paper-2024",)
    prices = {name: (first(p).input, first(p).output) for name, p in price_set("paper-2024").items()}
    assert prices == {
        "gpt-4o": (D(5), D(15)),
        "claude-3-5-sonnet": (D(3), D(15)),
        "deepseek-coder-v2": (D("0.14"), D("0.28")),
    }
    price = ask("vllm", "m", price_as="paper-2024/deepseek-coder-v2")
    assert (price.source, price.name) == ("paper-2024", "paper-2024/deepseek-coder-v2")
    assert price.date == "2024-05 to 2024-07"
    assert price.version == "1"
    # 14 cents a million is exact: no float was in between
    assert cost_pico(price, Tokens(input=1, output=1)) == 420_000


def test_every_set_file_is_named_for_its_set_and_reads():
    for file in SETS.glob("*.toml"):
        for model, price in price_set(file.stem).items():
            assert price.name == f"{file.stem}/{model}"


@pytest.mark.parametrize(
    ("name", "vendor", "entry"),
    [
        ("gpt-4o", "openai", "openai/gpt-4o"),
        ("gpt-4o-2024-08-06", "openai", "openai/gpt-4o"),
        ("openai/gpt-4o", None, "openai/gpt-4o"),
        ("anthropic/claude-opus-4-6", "openai", "anthropic/claude-opus-4-6"),
        ("openai/gpt-4o", "openrouter", "openrouter/openai/gpt-4o"),  # the vendor's own entry first
        ("claude-haiku-5-5", "anthropic", "anthropic/claude-haiku-5-5"),
    ],
)
def test_price_as_names_an_entry(name, vendor, entry):
    assert priced_as(name, vendor=vendor, on=NOW).name == entry


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("paper-2024/gpt-5", "it has: gpt-4o"),
        ("zai-org/GLM-5.2", "is sold by several vendors"),  # at prices of their own
        ("no-such-model", "names nothing"),
        ("openai/gpt-5-codex", "names nothing"),  # a confirmed name is not matched by prefix either
        ("", "names nothing"),
        ("../paper-2024", "names nothing"),
    ],
)
def test_price_as_is_never_guessed(name, words):
    with pytest.raises(Unpriceable, match=words):
        priced_as(name, on=NOW)


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4o-mini"])
def test_sellers_without_a_price_leave_nothing_to_choose(name):
    assert priced_as(name, on=NOW).name == f"openai/{name}"


def test_the_remedy_of_an_inexact_name_works():
    with pytest.raises(Inexact) as caught:
        ask("openai", "gpt-5-codex")
    confirmed = ask("openai", "gpt-5-codex", price_as=caught.value.entry)
    assert confirmed == caught.value.price


# --- the tier and geography that a reply names


@pytest.mark.parametrize(
    "tier", [None, "", "default", "standard", "standard_only", "DEFAULT", "on_demand", "auto"]
)
def test_names_of_the_list_price(tier):
    price = ask("openai", "gpt-5-mini")
    assert replied(price, "openai", tier) == price


@pytest.mark.parametrize(("tier", "input_rate"), [("flex", "0.125"), ("priority", "0.45"), ("fast", "0.45")])
def test_openai_tiers(tier, input_rate):
    moved = replied(ask("openai", "gpt-5-mini"), "openai", tier)
    assert first(moved).input == D(input_rate)
    assert moved.name == "openai/gpt-5-mini"


@pytest.mark.parametrize(
    ("model", "tier"), [("gpt-5-mini", "scale"), ("gpt-4o", "flex"), ("gpt-5-mini", "ultra")]
)
def test_a_tier_without_a_price_is_unpriceable(model, tier):
    with pytest.raises(Unpriceable, match=tier):
        replied(ask("openai", model), "openai", tier)
    with pytest.raises(Unpriceable, match=tier):
        ask("openai", model, service_tier=tier)


def test_asked_for_flex_and_served_by_default():
    price = ask("openai", "gpt-5-mini", service_tier="flex")
    assert first(price).input == D("0.125")
    assert first(replied(price, "openai", "flex")).input == D("0.125")
    assert first(replied(price, "openai", "default")).input == D("0.25")
    # the reply may name the list price, so it is reserved
    assert worst_pico(price, 1000, 0) == worst_pico(ask("openai", "gpt-5-mini"), 1000, 0)


def test_asked_for_auto_the_project_may_choose_priority():
    price = ask("openai", "gpt-5-mini", service_tier="auto")
    assert worst_pico(price, 10**6, 0) == 450_000_000_000
    assert first(replied(price, "openai", "default")).input == D("0.25")
    assert first(replied(price, "openai", "priority")).input == D("0.45")
    # a reply that does not say what it was is booked at the most expensive it can be
    assert first(replied(price, "openai", None)).input == D("0.45")
    # without a priority price there is nothing more expensive to choose
    assert ask("openai", "gpt-4.5-preview-2025-02-27", service_tier="auto").worst_bands == ()


def test_a_reply_of_a_batch_may_name_its_tier_or_the_list_price():
    price = ask("openai", "gpt-4o", batch=True)
    assert first(price).output == D("5")
    for tier in ("batch", "default", None):
        assert (
            tier_price(price, provider="openai", service_tier=tier, inference_geo=None, batch=True) == price
        )


def test_anthropic_tiers():
    price = ask("anthropic", "claude-haiku-4-5")
    assert replied(price, "anthropic", "standard") == price
    assert first(replied(price, "anthropic", "batch")).output == D("2.5")
    with pytest.raises(Unpriceable, match="priority"):
        replied(price, "anthropic", "priority")  # paid for in advance
    fast = replied(ask("anthropic", "claude-opus-5"), "anthropic", "fast")
    assert first(fast).input == D(10)


def test_anthropic_geography():
    price = ask("anthropic", "claude-opus-4-6")
    for geo in (None, "", "global", "not_available"):
        assert first(replied(price, "anthropic", "standard", geo)) == rates("5", "25", "0.5", "6.25", "10")
    us = replied(price, "anthropic", "standard", "us")
    assert first(us) == rates("5.5", "27.5", "0.55", "6.875", "11")
    assert us.inference_geo == "us"
    # unset, it is the workspace's to choose: so it is reserved
    assert worst_pico(price, 1000, 100) == 1000 * 11_000_000 + 100 * 27_500_000
    closed = ask("anthropic", "claude-opus-4-6", inference_geo="global")
    assert worst_pico(closed, 1000, 100) == 1000 * 10_000_000 + 100 * 25_000_000
    with pytest.raises(Unpriceable, match="eu"):
        replied(price, "anthropic", None, "eu")


def test_us_multiplies_every_band_and_the_batch():
    asked = ask("anthropic", "claude-haiku-5-5", inference_geo="us", batch=True)
    assert [first_.input for first_ in (b.rates for b in asked.bands)] == [D("0.055"), D("0.275")]
    assert replied(asked, "anthropic", "batch", "us", batch=True) == asked
    assert first(replied(asked, "anthropic", "batch", "global", batch=True)).input == D("0.05")


def test_models_before_4_6_have_no_us_price():
    price = ask("anthropic", "claude-sonnet-4-5")
    assert price.worst_bands == ()
    with pytest.raises(Unpriceable, match="us"):
        replied(price, "anthropic", None, "us")
    with pytest.raises(Unpriceable, match="us"):
        ask("anthropic", "claude-sonnet-4-5", inference_geo="us")


def test_a_stated_price_holds_for_what_is_asked_and_no_more():
    stated = Stated(D(1), D(2))
    plain_price = ask("openai", "gpt-5-mini", stated=stated)
    assert replied(plain_price, "openai", "default") == plain_price
    for tier in ("flex", "priority", "scale"):
        with pytest.raises(Unpriceable, match="sweep file has no price"):
            replied(plain_price, "openai", tier)
    flex = ask("openai", "gpt-5-mini", stated=stated, service_tier="flex")
    assert first(replied(flex, "openai", "flex")).input == D(1)
    with pytest.raises(Unpriceable):
        replied(flex, "openai", "default")
    batch = ask("openai", "gpt-5-mini", stated=stated, batch=True)
    assert first(batch).input == D(1)
    assert replied(batch, "openai", "default", batch=True) == batch


def test_a_stated_price_of_a_new_claude_follows_the_geography():
    price = ask("anthropic", "claude-opus-4-6", stated=Stated(D(5), D(25)))
    assert first(replied(price, "anthropic", "standard", "us")).output == D("27.5")
    assert worst_pico(price, 0, 10) == 10 * 27_500_000
    us = ask("anthropic", "claude-opus-4-6", stated=Stated(D("5.5"), D("27.5")), inference_geo="us")
    assert replied(us, "anthropic", "standard", "us") == us
    assert worst_pico(us, 0, 10) == 10 * 27_500_000


def test_own_servers_and_tapes_have_no_tiers():
    for provider in ("vllm", "replay"):
        price = free()
        assert replied(price, provider, "priority", "us") is price


def test_settled_by_a_named_tier_is_within_what_was_reserved():
    tokens = Tokens(input=1000, cached=100, cache_write=300, cache_write_1h=100, output=500)
    for provider, model, asked, tiers, geos in (
        ("openai", "gpt-5-mini", "flex", ["flex", "default"], [None]),
        ("openai", "gpt-5-mini", "auto", ["default", "priority", "flex", None], [None]),
        ("openai", "gpt-5.4", "priority", ["priority", "default"], [None]),
        ("anthropic", "claude-opus-5-5", None, ["standard", None], [None, "us", "global"]),
    ):
        price = ask(provider, model, service_tier=asked)
        worst = worst_pico(price, tokens.input, tokens.output)
        for tier in tiers:
            for geo in geos:
                assert cost_pico(replied(price, provider, tier, geo), tokens) <= worst


# --- as JSON


def test_json_round_trips_exactly():
    samples = [
        ask("openai", "gpt-5.4", service_tier="auto"),
        ask("anthropic", "claude-opus-4-6", inference_geo="us", batch=True),
        ask("vllm", "m", gpu_usd_per_hour=D("2.5")),
        replace(free(), per_request_pico=12),
        stated_price(input=D("0.0028"), output=D("1E+2")),
    ]
    for price in samples:
        assert price_from_json(json.loads(json.dumps(price_to_json(price)))) == price
    assert price_to_json(samples[0])["bands"][1] == {
        "from_input_tokens": 272_001,
        "input": "5",
        "output": "22.5",
        "cached_input": "0.5",
        "cache_write": "5",
        "cache_write_1h": "5",
    }


@pytest.mark.parametrize("data", [{}, {"bands": [{}]}, {"bands": [{"from_input_tokens": 0, "input": "x"}]}])
def test_what_is_no_price_is_refused(data):
    with pytest.raises(ValueError, match="not a price"):
        price_from_json({"source": "s", "name": "n", **data})


@pytest.mark.parametrize(
    ("rate", "text"),
    [("2.50", "2.5"), ("0.0028", "0.0028"), ("1E+2", "100"), ("10", "10"), ("0", "0"), ("0.0", "0")],
)
def test_plain(rate, text):
    assert plain(D(rate)) == text
