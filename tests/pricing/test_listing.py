"""What a name may mean in the price book: what is used as it is, what is to be confirmed, what only looks like it."""

from __future__ import annotations

import pytest

from pricing.book import entries_of, is_moving, look_up, vendors
from pricing.listing import Listed, matching, whole_book
from pricing.named import price_set, set_names
from pricing.resolve import resolve
from pricing.types import Unpriceable

ORDER = ("exact", "inexact", "similar")


def told(lines: list[Listed]) -> list[tuple[str, str, str]]:
    return [(line.provider, line.model, line.note) for line in lines]


@pytest.mark.parametrize("name", ["gpt-4o", "openai/gpt-4o", "claude", "gpt-4o-mini"])
def test_each_line_is_listed_once_and_the_exact_ones_first(name):
    lines = matching(name)
    assert len(set(told(lines))) == len(lines) > 1
    places = [ORDER.index(line.match) for line in lines]
    assert places == sorted(places)


def test_an_exact_name_is_listed_with_the_prices_of_its_tiers():
    lines = {
        line.note: line for line in matching("gpt-4o") if (line.provider, line.model) == ("openai", "gpt-4o")
    }
    assert {"", "priority", "batch"} <= set(lines)
    assert {line.match for line in lines.values()} == {"exact"}
    prices = {
        note: line.price.bands[0].rates.output for note, line in lines.items() if line.price is not None
    }
    assert prices["batch"] < prices[""] < prices["priority"]
    assert lines[""].price_as == "openai/gpt-4o"


def test_what_only_looks_like_a_name_holds_it_and_is_no_more_than_similar():
    similar = [line for line in matching("gpt-4o") if line.match == "similar"]
    assert "gpt-4o-mini" in {line.model for line in similar}
    assert all("gpt-4o" in line.price_as.lower() for line in similar)


def test_a_name_that_the_book_takes_for_a_relative_is_to_be_confirmed():
    lines = matching("o3-mini-high")
    assert ("openai", "o3-mini", "inexact") in {(line.provider, line.model, line.match) for line in lines}
    assert not [line for line in lines if line.match == "exact"]


def test_a_name_that_nobody_has_gives_nothing():
    assert matching("no-such-model-at-all") == []


def test_the_case_of_a_name_is_no_matter():
    assert told(matching("GPT-4o")) == told(matching("gpt-4o"))


def test_a_named_set_s_model_is_found_by_its_name_alone_or_with_its_set_s():
    group = set_names()[0]
    model = min(price_set(group))
    for name in (model, f"{group}/{model}"):
        assert (group, model, "exact") in {(line.provider, line.model, line.match) for line in matching(name)}
    part = [line for line in matching(f"{group}/") if line.provider == group]
    assert {line.match for line in part} == {"similar"}
    assert {line.model for line in part} == set(price_set(group))


def test_the_whole_book_lists_what_has_a_price_and_of_each_vendor_once():
    lines = whole_book()
    assert all(line.price is not None and line.match == "exact" for line in lines)
    assert {"openai", "anthropic", "google", *set_names()} == {line.provider for line in lines}
    assert len(set(told(lines))) == len(lines)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("gemini/gemini-2.5-pro", ("google", "gemini-2.5-pro", "exact")),
        ("vertex_ai/gemini-2.5-flash", ("google", "gemini-2.5-flash", "exact")),
        ("openrouter/openai/gpt-4o", ("openrouter", "openai/gpt-4o", "exact")),
        ("azure/gpt-4o-mini", ("openai", "gpt-4o-mini", "similar")),
        ("XAI/grok-4-0709", ("x-ai", "grok-4-0709", "exact")),
    ],
)
def test_prefixes_that_people_copy_are_understood(name, first):
    line = matching(name)[0]
    assert (line.provider, line.model, line.match) == first


def test_an_unknown_model_behind_a_known_prefix_is_none():
    assert matching("bedrock/no-such-model-of-anyone") == []


def test_an_alias_that_moves_is_never_exact():
    moving = [found for seller in vendors() for found in entries_of(seller) if is_moving(found.entry.id)]
    assert moving, "the book lists some by that very name"
    for found in moving:
        assert all(line.match != "exact" for line in matching(found.entry.id))
        with pytest.raises(Unpriceable):
            look_up(provider=found.provider, model=found.entry.id)
    assert [is_moving(name) for name in ("a-latest", "latest", "a:latest", "latest-a", "greatest")] == [
        *(True, True, True),
        *(False, False),
    ]


def test_openais_price_at_another_host_must_be_confirmed():
    with pytest.raises(Unpriceable, match="base_url is not OpenAI's") as refused:
        resolve(provider="openai", model="gpt-4o-mini", base_url="https://gateway.example/v1")
    assert 'price_as = "openai/gpt-4o-mini"' in refused.value.remedy
    own = (None, "https://api.openai.com/v1", "https://eu.api.openai.com/v1")
    for base_url in (*own, "http://127.0.0.1:4000/v1", "http://localhost:4000/v1"):
        assert resolve(provider="openai", model="gpt-4o-mini", base_url=base_url).bands
    confirmed = resolve(
        provider="openai",
        model="gpt-4o-mini",
        price_as="openai/gpt-4o-mini",
        base_url="https://gateway.example/v1",
    )
    assert confirmed.bands
