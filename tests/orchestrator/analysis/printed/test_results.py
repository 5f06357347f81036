"""Printed results in the documents of frontier and compare: plain data in, plain data out."""

from __future__ import annotations

import pytest

from orchestrator.analysis.printed.results import NO_MODELS, with_printed, with_printed_table
from orchestrator.ledger.importing.printed_results import Point, PrintedModel

NANO = 1000  # pico-dollars
EMPTY = {
    "axis": "usd",
    "models": {},
    "frontier": [],
    "frontier_without_stopping": [],
    "comparisons": [],
    "warnings": [NO_MODELS],
    "advice": [],
}


def printed(
    alias: str, attempt: int, *points: tuple[int, float], sweep: str = "t", problems: int | None = 300
):
    return PrintedModel(
        sweep=sweep,
        alias=alias,
        file=f"{sweep}.csv",
        points=tuple(
            Point(k=k, coverage=share, attempt_pico=attempt, problems=problems) for k, share in points
        ),
    )


# "Large Language Monkeys", its table of costs on SWE-bench Lite: 5, 1 and 1 attempts.
DEEPSEEK = printed("deepseek", 7_200_000 * NANO, (1, 0.159), (5, 0.2962))
GPT_4O = printed("gpt-4o", 130_000_000 * NANO, (1, 0.24))
SONNET = printed("sonnet", 170_000_000 * NANO, (1, 0.267))


def test_the_paper_s_table_says_to_buy_five_of_the_cheap_model():
    document = with_printed(EMPTY, [DEEPSEEK, GPT_4O, SONNET])
    by_cost = [
        (row["policy"]["samples"], row["coverage"], row["usd_per_problem"]) for row in document["frontier"]
    ]
    assert by_cost == [
        ({"deepseek": 1}, 0.159, pytest.approx(0.0072)),
        ({"deepseek": 5}, 0.2962, pytest.approx(0.036)),
    ]
    assert document["frontier_without_stopping"] == document["frontier"]
    pairs = {(row["cheap"], row["expensive"]): row for row in document["comparisons"]}
    against = pairs["deepseek", "sonnet"]
    assert (against["cheap_k"], against["expensive_k"], against["probability"]) == (5, 1, None)
    assert against["cost_ratio"] == pytest.approx(0.17 / 0.036)
    assert against["turns_at"]["value"] == 5
    assert pairs["gpt-4o", "sonnet"]["cheap_k"] is None
    assert pairs["gpt-4o", "sonnet"]["usd_cheap"] is None
    assert len(document["advice"]) == 3
    assert "5 × deepseek" in document["advice"][0]
    assert "gpt-4o" in document["advice"][2]
    assert NO_MODELS not in document["warnings"]
    assert sum("as printed in t.csv" in text for text in document["warnings"]) == 3


def test_the_table_s_costs_are_of_one_attempt_a_problem_and_all():
    (one, five, gpt, _) = with_printed(EMPTY, [DEEPSEEK, GPT_4O, SONNET])["printed"]
    assert (one["usd_per_attempt"], one["usd"], one["ratio"]) == (
        pytest.approx(0.0072),
        pytest.approx(2.16),
        1,
    )
    assert (five["usd"], five["ratio"]) == (pytest.approx(10.80), 5)
    assert gpt["usd"] == pytest.approx(39.0)


def test_where_nothing_is_printed_the_document_stays():
    assert with_printed(EMPTY, []) == EMPTY
    assert with_printed_table(EMPTY, []) == EMPTY


def test_two_tables_share_neither_frontier_nor_pairs():
    other = printed("sonnet", 170_000_000 * NANO, (1, 0.267), sweep="u", problems=None)
    document = with_printed(EMPTY, [DEEPSEEK, other])
    assert (document["frontier"], document["comparisons"], document["advice"]) == ([], [], [])
    assert any("several tables" in text for text in document["warnings"])
    assert document["printed"][-1]["usd"] is None  # of an unknown number of problems
    assert document["printed"][-1]["ratio"] == 1  # the least of its own table


def test_beside_samples_they_join_no_frontier():
    sampled = {**EMPTY, "models": {"deepseek": {"samples": 4}}, "frontier": ["row"], "warnings": ["w"]}
    document = with_printed(sampled, [DEEPSEEK, GPT_4O])
    assert document["frontier"] == ["row"]
    assert list(document["models"]) == ["deepseek", "deepseek@t", "gpt-4o"]
    assert document["warnings"][0] == "w"
    assert any("not put on one frontier with samples" in text for text in document["warnings"])


def test_of_another_axis_only_the_coverage_is_known():
    document = with_printed({**EMPTY, "axis": "tokens"}, [DEEPSEEK])
    assert document["comparisons"] == []
    assert [row["tokens_per_problem"] for row in document["models"]["deepseek"]["coverage"]] == [None, None]
    assert any("none in tokens" in text for text in document["warnings"])


def test_a_name_that_is_taken_is_told_apart_by_its_table():
    same = [printed("m", NANO, (1, 0.1), sweep=name) for name in ("a", "b", "b")]
    assert list(with_printed(EMPTY, same)["models"]) == ["m@a", "m@b", "m@b#2"]


def test_compare_has_the_table_and_every_pair():
    document = with_printed_table({"models": {}, "warnings": []}, [DEEPSEEK, GPT_4O, SONNET])
    assert len(document["printed"]["table"]) == 4
    assert len(document["printed"]["comparisons"]) == 3


def test_a_free_cheap_model_has_no_ratio():
    document = with_printed(EMPTY, [printed("free", 0, (1, 0.3)), GPT_4O])
    (row,) = document["comparisons"]
    assert (row["cost_ratio"], row["price_ratio"]) == (None, None)
    assert document["printed"][1]["ratio"] is None


def test_an_expensive_model_can_be_the_cheaper_way():
    many, few = printed("cheap", 10 * NANO, (100, 0.5)), printed("expensive", 50 * NANO, (1, 0.4))
    assert with_printed(EMPTY, [many, few])["advice"][0].startswith("As printed, buy 1 × expensive")
