"""What a name may mean in the price book: what is used as it is, what is to be confirmed, what only looks like it."""

from __future__ import annotations

import pytest

from pricing.listing import Listed, matching, whole_book
from pricing.named import price_set, set_names

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
    assert {"openai", "anthropic", *set_names()} == {line.provider for line in lines}
    assert len(set(told(lines))) == len(lines)
