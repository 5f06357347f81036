import pytest

from orchestrator.text.frontier_words import (
    amount,
    as_printed,
    band,
    bought,
    chance,
    per_thousand,
    percent,
)


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


def test_dollars_of_many_problems_are_said_for_a_thousand():
    assert per_thousand("usd", 3.45e-5) == "$0.0345 per 1,000 problems"
    assert per_thousand("tokens", None) == "? per 1,000 problems"
