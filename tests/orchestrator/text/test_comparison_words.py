from typing import Any

import pytest

from orchestrator.text.comparison_words import for_as_much, sentence, turning

ROW: dict[str, Any] = {
    "cheap": "small",
    "problems": 40,
    "cheap_k": 24,
    "cheap_k_low": 18,
    "cheap_k_high": 40,
    "sure_k": 32,
    "affordable_k": 100,
    "compared_k": 100,
    "coverage_compared": 0.9,
    "usd_compared": 0.004,
    "coverage_sure": 0.84,
    "usd_sure": 0.001,
    "expensive": "large",
    "expensive_k": 2,
    "coverage_cheap": 0.81,
    "coverage_expensive": 0.8,
    "usd_cheap": 0.00075,
    "usd_expensive": 0.004,
    "cost_ratio": 4.0,
    "probability": 0.97,
    "basis": "sampled",
    "verdict": "cheap",
    "open_because": None,
    "settle": None,
    "verdict_if_none_lost": "cheap",
    "turns_at": {"value": 16.0, "low": 12.0, "high": 20.0},
    "price_ratio": 64.0,
    "equal_usd": {"cheap_k": 100, "capped": False, "coverage_cheap": 0.9, "gain": 0.1, "gain_low": None},
}


def test_the_number_named_is_the_one_that_is_sure_with_the_estimate_and_its_band():
    assert sentence(ROW, "usd") == (
        "32 × small solve at least what 2 × large do (84.0% and 80.0%), at 0.25 of the cost; sure "
        "(24 as estimated, 95%: 18 to 40)"
    )


@pytest.mark.parametrize("changed", [{"sure_k": None}, {"sure_k": 101}])
def test_a_number_that_is_not_affordable_is_never_named(changed):
    said = sentence({**ROW, **changed}, "usd")
    assert said.startswith("100 × small solve at least what 2 × large do (90.0% and 80.0%), at the same cost")
    assert "101" not in said


@pytest.mark.parametrize(
    ("paid", "said"), [(0.00001, "1/400"), (0.008, "2 times the cost"), (0.0, "80.0%); sure")]
)
def test_the_ratio_of_costs_is_said_the_readable_way_round(paid, said):
    assert said in sentence({**ROW, "usd_sure": paid}, "usd")


def test_a_verdict_for_few_says_what_the_money_buys_of_the_other():
    said = sentence({**ROW, "verdict": "expensive", "coverage_compared": 0.5}, "usd")
    assert said == "2 × large solve more than the 100 × small for the same money (80.0% and 50.0%); sure"


OPEN = {**ROW, "verdict": "open", "settle": {"what": "about 40 more problems", "usd": 1.25}}


def test_an_open_row_is_never_sure_and_says_what_would_tell():
    said = sentence({**OPEN, "open_because": "more problems", "probability": 0.999}, "usd")
    assert said == (
        "open: the 100 × small for the same money solve 90.0%, 2 × large 80.0% (probability over 0.99 for small); "
        "about 40 more problems ($1.25) would tell"
    )
    nothing = {"open_because": "more problems", "coverage_compared": 0.0, "coverage_expensive": 0.0}
    said = sentence({**OPEN, **nothing, "settle": None}, "usd")
    assert said == "open: neither the 100 × small for the same money nor 2 × large solve anything"


@pytest.mark.parametrize(("problems", "said"), [(1, "one problem is too few"), (5, "5 problems are too few")])
def test_too_few_problems_are_said(problems, said):
    row = {**OPEN, "problems": problems, "open_because": "more problems"}
    assert f"; {said} to tell; about 40 more problems ($1.25) would tell" in sentence(row, "usd")


@pytest.mark.parametrize(
    ("probability", "said"), [(None, ")"), (0.6, "(extrapolated: probability 0.60 for small)")]
)
def test_too_few_samples_are_not_told_as_too_little_solved(probability, said):
    changed = {"affordable_k": 400, "probability": probability, "open_because": "more samples"}
    text = sentence({**OPEN, **changed}, "usd")
    assert "2 × large (80.0%) cost as much as 400 × small, and only 100 were sampled (90.0%)" in text
    assert said in text
    assert "solve less" not in text


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        ("cheap", "speak for small, but the lost ones could turn that"),
        ("expensive", "speak for large, but the lost ones could turn that"),
        ("open", "lost samples end the curve too early"),
    ],
)
def test_lost_samples_are_told_with_the_direction(judged, said):
    assert said in sentence({**OPEN, "open_because": "lost samples", "verdict_if_none_lost": judged}, "usd")


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


def test_a_hostile_name_is_made_harmless():
    assert "\x1b" not in sentence({**ROW, "cheap": "\x1b[31mred"}, "usd")
