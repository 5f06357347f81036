from typing import Any

import pytest

from orchestrator.analysis.advice import advice

ROW = {
    "cheap": "small", "expensive": "large", "cheap_k": 5, "expensive_k": 1, "coverage_cheap": 0.4,
    "coverage_expensive": 0.36, "usd_cheap": 0.01, "usd_expensive": 0.02, "probability": 0.99,
}  # fmt: skip
POINT: dict[str, Any] = {
    "usd_per_problem": 0.5,
    "coverage": 0.9,
    "policy": {"kind": "fixed", "stop": "none", "order": ["large"], "samples": {"large": 64}},
}


def said(*rows, models=("small", "large"), frontier=(), stopping=(), solved=()):
    document = {
        "axis": "usd",
        "cap": {"average": None, "hard": None},
        "models": {alias: {"coverage": [{"k": 1}, {"k": 64}]} for alias in models},
        "comparisons": list(rows),
        "frontier_without_stopping": list(frontier),
        "frontier": list(stopping),
        "solved_by_one": list(solved),
    }
    return " ".join(advice(document))


def test_nothing_to_choose_from_is_nothing_to_say():
    assert said() == ""


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "Buy many of small: 5 × small solve as much as 1 × large (36.0%) for $0.01 instead of $0.02 a problem"),
        ({"probability": 0.01}, "Buy 1 × large to solve 36.0%, for $0.02 a problem: 5 × small would be needed"),
        ({"probability": 0.01, "cheap_k": None, "usd_cheap": None}, "Even 64 × small solve less (probability 0.99)."),
        ({"probability": 0.5}, "is open (probability 0.50): more problems would tell"),
    ],
)  # fmt: skip
def test_what_to_buy_rests_on_the_probability(changed, words):
    assert words in said({**ROW, **changed})


def test_the_second_row_of_a_pair_only_where_it_answers_otherwise():
    same = said(ROW, {**ROW, "expensive_k": 64})
    assert "64 × large" not in same
    other = said(ROW, {**ROW, "expensive_k": 64, "probability": 0.0, "cheap_k": None, "usd_cheap": None})
    assert "Buy many of small" in other
    assert "Buy 64 × large" in other


def test_the_most_that_was_reached_at_once_and_with_stopping():
    stops = {**POINT, "usd_per_problem": 0.1, "policy": {**POINT["policy"], "stop": "first_success"}}
    told = said(frontier=[POINT], stopping=[stops])
    assert "The most that was reached, 90.0%, takes 64 × large: $0.50 a problem" in told
    assert "stops at the first right answer, $0.10 (up to 64 × large)" in told


def test_hostile_names_can_not_touch_the_terminal_and_many_pairs_stay_short():
    rows = [{**ROW, "cheap": f"\x1b[31m{at}"} for at in range(9)]
    told = said(*rows)
    assert "\x1b" not in told
    assert "6 more pairs are in the table." in told


def test_problems_that_only_one_of_two_solved():
    row = {
        "models": ["small", "large"],
        "problems": 40,
        "only_first": [],
        "only_second": ["a"] * 5,
        "neither": 2,
    }
    assert "Of 40 problems 0 were solved by small alone, 5 by large alone, 2 by neither." in said(
        solved=[row]
    )
