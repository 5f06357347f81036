from typing import Any

import pytest

from orchestrator.text.frontier_words import (
    amount,
    as_printed,
    band,
    bought,
    chance,
    for_as_much,
    likelihood,
    percent,
    sentence,
    turning,
)

ROW: dict[str, Any] = {
    "cheap": "small",
    "cheap_k": 32,
    "expensive": "large",
    "expensive_k": 2,
    "coverage_cheap": 0.84,
    "coverage_expensive": 0.8,
    "usd_cheap": 0.001,
    "usd_expensive": 0.004,
    "cost_ratio": 4.0,
    "probability": 0.97,
    "turns_at": {"value": 16.0, "low": 12.0, "high": 20.0},
    "price_ratio": 64.0,
    "equal_usd": {"cheap_k": 100, "capped": False, "coverage_cheap": 0.9, "gain": 0.1, "gain_low": None},
}


@pytest.mark.parametrize(
    ("axis", "value", "said"),
    [
        ("usd", 0.0042, "$0.0042"),
        ("usd", None, "?"),
        ("tokens", 1234.4, "1,234"),
        ("tokens", 12.34, "12.3"),
        ("seconds", 2000.0, "2,000 s"),
        ("flops", 1.234e15, "1.23e+15"),
    ],
)
def test_an_amount_has_the_unit_of_its_axis(axis, value, said):
    assert amount(axis, value) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0, "0.0%"),
        (0.0004, "<0.1%"),
        (0.0005, "0.1%"),
        (0.5, "50.0%"),
        (0.9994, "99.9%"),
        (0.9996, ">99.9%"),
        (1, "100.0%"),
    ],
)
def test_none_and_all_are_said_only_where_they_are_exact(share, said):
    assert percent(share) == said


def test_a_band_that_is_not_known_is_a_question_mark():
    assert band({"low": None, "high": 0.5}) == "?"
    assert band({"low": 0.25, "high": 0.5}) == "25.0 – 50.0%"
    assert band({"low": 0.25, "high": 0.5}, plain=True) == "25.0 - 50.0%"


@pytest.mark.parametrize(
    ("share", "said"), [(1.0, "over 0.99"), (0.996, "over 0.99"), (0.5, "0.50"), (0.004, "under 0.01")]
)
def test_a_probability_is_never_certain(share, said):
    assert chance(share) == said


def test_a_pair_is_said_with_both_coverages_and_the_share_of_the_cost():
    said = sentence(ROW, "usd", 64)
    assert "32 × small" in said
    assert "2 × large" in said
    assert "84.0% and 80.0%" in said
    assert "0.25 of the cost" in said
    assert "0.97" in said


@pytest.mark.parametrize(
    ("ratio", "said"), [(400.0, "1/400"), (0.5, "2 times the cost"), (None, "80.0%); probability")]
)
def test_the_ratio_of_costs_is_said_the_readable_way_round(ratio, said):
    assert said in sentence({**ROW, "cost_ratio": ratio}, "usd", 64)


def test_where_no_number_reaches_it_the_price_of_the_expensive_side_is_said():
    said = sentence({**ROW, "cheap_k": None}, "usd", 64)
    assert "80.0%" in said
    assert "$0.004" in said

    assert said.startswith("even 64 × small solve less than 2 × large (80.0% for")
    assert said.endswith("; probability 0.03")


@pytest.mark.parametrize(
    ("share", "said"), [(1.0, "sure"), (0.0, "sure"), (0.97, "probability 0.97"), (0.05, "probability 0.05")]
)
def test_it_is_sure_or_has_a_probability(share, said):
    assert likelihood(share) == said


def test_for_the_same_money_the_gain_is_in_points():
    assert "100 × small" in str(for_as_much(ROW, "usd"))
    banded = {**ROW["equal_usd"], "gain_low": 0.05, "gain_high": 0.15, "capped": True}
    said = str(for_as_much({**ROW, "equal_usd": banded}, "usd"))
    assert "+10.0 points, +5.0 to +15.0" in said
    assert "at least 90.0%" in said
    assert for_as_much({**ROW, "equal_usd": None}, "usd") is None
    assert "small" in str(for_as_much({**ROW, "equal_usd": {"cheap_k": 0}}, "usd"))


def test_the_ratio_of_prices_at_which_the_answer_changes_has_its_band():
    assert turning(ROW) == (
        "small stays the better buy unless large costs less than 16 × as much per sample (95%: 12–20 ×); "
        "now it costs 64 ×"
    )
    closer = {**ROW, "price_ratio": 8.0, "turns_at": {"value": 16.0, "low": 12.0, "high": None}}
    assert turning(closer) == (
        "small becomes the better buy if large costs more than 16 × as much per sample (95%: 12 × or more); "
        "now it costs 8 ×"
    )
    assert "12" not in str(turning({**ROW, "turns_at": {"value": 16.0, "low": None, "high": None}}))
    assert turning({**ROW, "price_ratio": None}) is None
    assert turning({**ROW, "turns_at": {"value": None}}) is None


@pytest.mark.parametrize(
    ("kind", "stop", "said"),
    [
        ("fixed", "none", "5 × a, then 1 × b"),
        ("mix", "none", "5 × a + 1 × b"),
        ("cascade", "first_success", "up to 5 × a, then up to 1 × b"),
    ],
)
def test_a_policy_is_said_in_its_order(kind, stop, said):
    policy = {"kind": kind, "stop": stop, "order": ["a", "b"], "samples": {"a": 5, "b": 1}}
    assert bought(policy) == said


def test_a_printed_share_keeps_its_two_decimals():
    assert as_printed(0.2962) == "29.62%"


def test_a_hostile_name_is_made_harmless():
    assert "\x1b" not in sentence({**ROW, "cheap": "\x1b[31mred"}, "usd", 64)
