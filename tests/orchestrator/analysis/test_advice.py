from typing import Any

import pytest

from orchestrator.analysis.advice import advice, best_buys
from tests.orchestrator.text.test_comparison_words import ROW


def point(usd, coverage, stop="none", error=None, **samples) -> dict[str, Any]:
    policy = {"kind": "fixed", "stop": stop, "order": list(samples), "samples": samples}
    return {"usd_per_problem": usd, "coverage": coverage, "short_of_most_error": error, "policy": policy}


def said(*rows, frontier=(), models=("small", "large"), solved=(), coverage=0.5):
    document = {
        "axis": "usd",
        "cap": {"average": None, "hard": None},
        "models": {alias: {"coverage": [{"k": 1, "coverage": coverage}]} for alias in models},
        "comparisons": list(rows),
        "frontier": list(frontier),
        "solved_by_one": list(solved),
    }
    return advice(document)


FRONTIER = [
    point(0.01, 0.5, small=1),
    point(0.03, 0.8, small=8),
    point(0.5, 0.9, large=1),
    point(2, 0.905, large=8),
]


def test_nothing_to_choose_from_and_nothing_solved_is_nothing_to_say():
    assert said() == []
    assert said(ROW, frontier=FRONTIER, coverage=0.0) == []


def test_what_to_buy_is_a_row_of_the_frontier_and_not_the_last_half_point():
    first, second, *_ = said(frontier=FRONTIER)
    assert first == "Buy 1 × large: 90.0% for $500.00 per 1,000 problems."
    assert second == "To pay less, buy 8 × small: 80.0% for $30.00 per 1,000 problems."


def test_what_these_problems_cannot_tell_from_the_most_is_not_paid_for():
    rows = [point(0.3, 0.86, error=0.05, large=1), point(2, 0.9, error=0.0, large=8)]
    assert said(frontier=rows)[0] == "Buy 1 × large: 86.0% for $300.00 per 1,000 problems."
    rows[0]["short_of_most_error"] = 0.03
    assert said(frontier=rows)[0] == "Buy 8 × large: 90.0% for $2,000.00 per 1,000 problems."


def test_of_rows_that_cost_nothing_one_is_advised():
    assert said(frontier=[point(0.0, 0.9, large=8)]) == ["Buy 8 × large: 90.0% for $0 per 1,000 problems."]


def test_a_policy_that_stops_says_so():
    (text,) = said(frontier=[point(0.01, 0.5, "first_success", small=8)])
    assert (
        text
        == "Buy up to 8 × small, stopping at the first right answer: 50.0% for $10.00 per 1,000 problems."
    )


def test_many_or_few_is_said_of_the_pair_that_the_frontier_is_made_of():
    others = [{**ROW, "cheap": f"other{at}"} for at in range(8)]
    told = said(*others, ROW, frontier=FRONTIER, models=range(10))
    assert len(told) == 3
    assert told[2].startswith("Many or few? 32 × small solve at least what 2 × large do")


def test_the_second_row_of_a_pair_only_where_it_answers_otherwise():
    assert "64 × large" not in " ".join(said(ROW, {**ROW, "expensive_k": 64}, frontier=FRONTIER))
    other = {**ROW, "expensive_k": 64, "verdict": "expensive"}
    assert "64 × large solve more than" in " ".join(said(ROW, other, frontier=FRONTIER))


def test_hostile_names_can_not_touch_the_terminal():
    told = said(
        {**ROW, "cheap": "\x1b[31m"},
        frontier=[point(1, 0.5, "none", **{"\x1b[31m": 1})],
        models=["a", "b", "c"],
    )
    assert "\x1b" not in " ".join(told)


def test_problems_that_only_one_of_two_solved():
    row = {
        "models": ["small", "large"],
        "problems": 40,
        "only_first": [],
        "only_second": ["a"] * 5,
        "neither": 2,
    }
    told = said(frontier=FRONTIER, solved=[row])
    assert "Of 40 problems 0 were solved by small alone, 5 by large alone, 2 by neither." in told


@pytest.mark.parametrize("rows", [0, 1, 2, 5, 300])
def test_best_buys_are_a_dozen_at_most_and_end_with_the_most(rows):
    frontier = [point(at + 1, (at + 1) / 301) for at in range(rows)]
    kept = best_buys(frontier, "usd")
    assert len(kept) <= 12
    assert kept == sorted(kept, key=lambda row: row["coverage"])
    assert kept[-1:] == frontier[-1:]
    assert all(row in frontier for row in kept)


@pytest.mark.parametrize("most", [0.31, 0.6, 0.99])
@pytest.mark.parametrize("rows", [3, 30, 300])
def test_what_is_advised_is_a_row_of_the_table(rows, most):
    """A reader looks for it there, by its number."""
    frontier = [point((at + 1) ** 2, most * (1 - 0.97 ** (at + 1)), small=at + 1) for at in range(rows)]
    buys = [sentence for sentence in said(frontier=frontier) if "buy" in sentence.lower()]
    table = [f"{row['policy']['samples']['small']} × small:" for row in best_buys(frontier, "usd")]
    assert 1 <= len(buys) <= 2
    for sentence in buys:
        assert any(sentence.split("buy ")[-1].split("Buy ")[-1].startswith(row) for row in table), sentence
