"""The price book: which names are exact, which must be confirmed, and what an entry becomes. Literal prices are those
of genai-prices 0.2.3; a change there shows here first."""

import datetime
from decimal import Decimal

import pytest

from pricing.book import Inexact, book_version, entries_of, find, look_up, today, vendor_of
from pricing.listing import whole_book
from pricing.names import claude_version, snapshot_of
from pricing.types import Unpriceable
from tests.pricing.prices import rates

NOW = today()


def look(provider, model, **more):
    return look_up(provider=provider, model=model, on=NOW, **more)


@pytest.mark.parametrize(
    ("provider", "model", "entry", "input_rate", "output_rate"),
    [
        ("openai", "gpt-4o", "gpt-4o", "2.5", "10"),
        ("openai", "gpt-4o-2024-08-06", "gpt-4o", "2.5", "10"),
        ("openai", "gpt-4o-20240806", "gpt-4o", "2.5", "10"),
        # a snapshot with a price of its own
        ("openai", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13", "5", "15"),
        ("openai", "gpt-4o-mini-2024-07-18", "gpt-4o-mini", "0.15", "0.6"),
        # OpenAI's short dates, which its own list vouches for
        ("openai", "gpt-4-0613", "gpt-4", "30", "60"),
        ("openai", "gpt-3.5-turbo-0613", "gpt-3.5-turbo-0613", "1.5", "2"),
        ("openai", "gpt-6-sol-2026-09-01", "gpt-6-sol", "2", "10"),
        ("anthropic", "claude-haiku-4-5", "claude-haiku-4-5", "1", "5"),
        ("anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5", "1", "5"),
        ("anthropic", "claude-sonnet-5@20260101", "claude-sonnet-5", "2", "10"),
        # entries that are named by the mark of the undated model
        ("anthropic", "claude-3-5-haiku-20241022", "claude-3-5-haiku-latest", "0.8", "4"),
        ("anthropic", "claude-opus-4-20250514", "claude-opus-4-0", "15", "75"),
        ("deepseek", "deepseek-v3.2", "deepseek-v3.2", "0.2288", "0.3432"),
    ],
)
def test_the_exact_id_and_its_dated_snapshot(provider, model, entry, input_rate, output_rate):
    price = look(provider, model)
    assert price.name == f"{provider}/{entry}"
    first = price.bands[0].rates
    assert (first.input, first.output) == (Decimal(input_rate), Decimal(output_rate))
    assert (price.source, price.version) == ("genai-prices", book_version())


@pytest.mark.parametrize(
    ("provider", "model", "entry"),
    [
        ("anthropic", "claude-haiku-4-5-foo", "claude-haiku-4-5"),  # starts_with
        ("anthropic", "claude-haiku-4-50", "claude-haiku-4-5"),
        ("anthropic", "claude-2.1", "claude-2"),
        ("anthropic", "claude-opus-4-5-20251301", "claude-opus-4-5"),  # no such month
        ("anthropic", "claude-opus-4-5-20251101-v2", "claude-opus-4-5"),
        ("anthropic", "anthropic.claude-v2:1", "claude-2"),  # contains
        ("openai", "gpt-5-codex", "gpt-5"),  # another model that shares its entry
        ("openai", "gpt-4o-mini-search-preview-2025-03-11", "gpt-4o-mini"),
        ("openai", "o3-mini-high", "o3-mini"),
        ("openai", "ft:gpt-4o-2024-08-06:us::x", "ft:gpt-4o"),
        # a date that OpenAI's list does not have: gpt-4o-2024-05-13 shows that it may cost something else
        ("openai", "gpt-4o-2026-01-01", "gpt-4o"),
    ],
)
def test_anything_else_must_be_confirmed(provider, model, entry):
    with pytest.raises(Inexact) as caught:
        look(provider, model)
    assert caught.value.entry == entry
    assert caught.value.price.name == f"{provider}/{entry}"
    line = str(caught.value)
    assert f'price_as = "{entry}"' in line
    assert "price = { input = …, output = … }" in line
    assert "\n" not in line


@pytest.mark.parametrize("model", ["llama-3-8b", "gpt", "", "claude", "deepseek-coder-v2"])
def test_an_unknown_model_says_how_to_price_it(model):
    with pytest.raises(Unpriceable) as caught:
        look("openai", model)
    assert not isinstance(caught.value, Inexact)
    assert "price = { input = …, output = … }" in str(caught.value)
    assert "zeros for a free or local model" in str(caught.value)


def test_a_provider_is_its_own_id_and_not_what_contains_it():
    with pytest.raises(Unpriceable):
        look("openai-compatible", "gpt-4o")


def test_the_dollars_of_work_other_than_text_are_no_price():
    for model in ("text-embedding-3-small", "whisper-1", "tts-1"):
        with pytest.raises(Unpriceable, match="not a text model"):
            look("openai", model)


def test_bands_start_one_token_above_the_tier():
    price = look("openai", "gpt-5.4")
    assert [band.from_input_tokens for band in price.bands] == [0, 272_001]
    assert price.bands[0].rates == rates("2.5", "15", "0.25", "2.5", "2.5")
    assert price.bands[1].rates == rates("5", "22.5", "0.5", "5", "5")
    sonnet = look("anthropic", "claude-sonnet-4-5")
    assert [band.from_input_tokens for band in sonnet.bands] == [0, 200_001]
    assert sonnet.bands[0].rates == rates("3", "15", "0.3", "3.75", "6")
    assert sonnet.bands[1].rates == rates("6", "22.5", "0.6", "7.5", "12")


def test_missing_cache_rates_never_under_bill():
    # OpenAI states no cached rate for its first gpt-4o: cached input is plain input
    assert look("openai", "gpt-4o-2024-05-13").bands[0].rates == rates("5", "15", "5", "5", "5")
    # Anthropic's multipliers hold where an old entry has none
    assert look("anthropic", "claude-v1").bands[0].rates == rates("8", "24", "8", "10", "16")
    # writes at a rate of their own, no word on an hour: the more expensive of both
    assert look("openai", "gpt-6-cyber").bands[0].rates == rates("20", "100", "2", "25", "25")


def test_a_price_by_the_hour_is_taken_at_its_most_expensive():
    price = look("deepseek", "deepseek-chat")  # 0.135 / 0.55 off-peak
    assert price.bands[0].rates == rates("0.27", "1.1", "0.07", "0.27", "0.27")


def test_a_fee_a_request_and_expensive_reasoning_are_kept():
    sonar = look("perplexity", "sonar")
    assert sonar.per_request_pico == 12 * 10**9  # $12 a thousand
    deep = look("perplexity", "sonar-deep-research")
    assert deep.bands[0].rates.output == Decimal(8)


def test_dates_choose_the_price():
    assert look_up(provider="openai", model="o3", on=NOW).date == "2025-06-10"
    luna = look_up(provider="openai", model="gpt-5.6-luna", on=datetime.date(2026, 8, 1))
    assert (luna.bands[0].rates.input, luna.date) == (Decimal("0.2"), "2026-07-30")


def test_no_price_for_a_day_that_the_book_cannot_know():
    for model, day in (("gpt-4o", (2024, 6, 1)), ("gpt-6-sol", (2020, 1, 1)), ("o3", (2025, 6, 9))):
        with pytest.raises(Unpriceable, match="does not say what"):
            look_up(provider="openai", model=model, on=datetime.date(*day))
    with pytest.raises(Unpriceable, match="did not exist"):
        look_up(provider="anthropic", model="claude-haiku-4-5-20991231", on=NOW)


def test_tiers_and_batch():
    assert look("openai", "gpt-5-mini", service_tier="flex").bands[0].rates.output == Decimal(1)
    assert look("openai", "gpt-4o", service_tier="priority").bands[0].rates.input == Decimal("4.25")
    batch = look("openai", "gpt-5.4", batch=True)
    assert batch.bands[1].rates == rates("2.5", "11.25", "0.25", "2.5", "2.5")
    # OpenAI publishes no cached rate for the batch of gpt-4o: cached input keeps the standard one
    assert look("openai", "gpt-4o", batch=True).bands[0].rates.cached_input == Decimal("1.25")
    haiku = look("anthropic", "claude-haiku-4-5", batch=True)
    assert haiku.bands[0].rates == rates("0.5", "2.5", "0.05", "0.625", "1")
    assert haiku.batch
    for more in ({"service_tier": "flex"}, {"service_tier": "scale"}):
        with pytest.raises(Unpriceable, match=r"no (flex|scale) price"):
            look("openai", "gpt-4o", **more)
    with pytest.raises(Unpriceable, match="no batch price"):
        look("anthropic", "claude-opus-4-1", batch=True)
    with pytest.raises(Unpriceable, match="batch API has no flex"):
        look("openai", "gpt-5-mini", service_tier="flex", batch=True)


def test_a_tier_that_began_later_is_no_list_price():
    with pytest.raises(Unpriceable, match="no priority price"):
        look_up(provider="openai", model="o3", on=datetime.date(2026, 10, 1), service_tier="priority")


def test_every_line_of_the_whole_book_has_bands_from_zero():
    lines = whole_book()
    assert len(lines) > 100
    for line in lines:
        assert line.price is not None
        starts = [band.from_input_tokens for band in line.price.bands]
        assert starts[0] == 0
        assert starts == sorted(set(starts))


def test_own_ids_are_found_as_exact():
    for provider in ("openai", "anthropic", "deepseek", "mistral", "openrouter"):
        for entry in entries_of(provider):
            found = find(provider, entry.entry.id)
            assert found is not None
            assert found.exact
            assert found.entry is entry.entry


@pytest.mark.parametrize(
    ("url", "vendor"),
    [
        ("https://api.deepseek.com/v1", "deepseek"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("http://127.0.0.1:8000/v1", None),
        ("https://evil.example/api.deepseek.com", None),
    ],
)
def test_vendor_of(url, vendor):
    assert vendor_of(url) == vendor


@pytest.mark.parametrize(
    ("name", "base", "day"),
    [
        ("m-2024-08-06", "m", (2024, 8, 6)),
        ("m-20240806", "m", (2024, 8, 6)),
        ("m@20240806", "m", (2024, 8, 6)),
        ("m-2024-0806", None, None),
        ("m-20241301", None, None),
        ("m-20240230", None, None),
        ("m-19990101", None, None),
        ("m20240806", None, None),
        ("20240806", None, None),
        ("m-20240806-x", None, None),
    ],
)
def test_snapshot_of(name, base, day):
    assert snapshot_of(name) == ((base, datetime.date(*day)) if base else None)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("claude-opus-4-6", (4, 6)),
        ("anthropic/claude-sonnet-4-6-20260301", (4, 6)),
        ("claude-opus-4-20250514", (4, 0)),
        ("claude-opus-4-0", (4, 0)),
        ("claude-opus-5", (5, 0)),
        ("claude-haiku-5-5", (5, 5)),
        ("claude-sonnet-5@20260101", (5, 0)),
        ("claude-haiku-4-5-20251001", (4, 5)),
        ("claude-3-5-sonnet-20241022", None),
        ("claude-2", None),
        ("gpt-4o", None),
    ],
)
def test_claude_version(name, version):
    assert claude_version(name) == version


@pytest.mark.parametrize("name", ["gpt-6-lunar", "gpt6-luna", "GPT-6-Luna2"])
def test_a_misspelt_name_gets_the_one_that_is_meant(name):
    with pytest.raises(Unpriceable) as caught:
        look_up(provider="openai", model=name)
    assert caught.value.remedy.startswith('did you mean "gpt-6-luna"? Else state its price')
