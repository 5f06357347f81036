"""What the comparisons of a ledger say: when they are open, why, and what would settle it."""

import re

import numpy as np
import pytest

from orchestrator.analysis.frontier import frontier_document
from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from orchestrator.report.charts.panels import caption, coverage_of
from orchestrator.report.charts.spec_parts import EVERY
from orchestrator.text.comparison_words import sentence
from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger

CENT = USD // 100


def document(tmp_path, models, failed=()):
    path = make_ledger(tmp_path / "l.db", models)
    if failed:
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            for model, problem, n in failed:
                connection.execute(
                    "INSERT INTO failure VALUES (?, ?, 50, ?, 1, 'Lost', '')", (model, problem, n)
                )
    return frontier_document(read_outcomes([path]), "usd")


def spread(problems, n, solved, rate, cost):
    """`solved` problems pass `rate` of their n samples, the others none."""
    return Made({f"p{i}": counted(n, rate if i < solved else 0) for i in range(problems)}, cost)


def first(found):
    return found["comparisons"][0]


def test_clear_differences_are_said_both_ways(tmp_path):
    many = {"small": spread(60, 20, 55, 10, CENT), "large": spread(60, 4, 20, 3, 20 * CENT)}
    assert first(document(tmp_path, many))["verdict"] == "cheap"
    (tmp_path / "l.db").unlink()
    few = {"small": spread(60, 20, 10, 10, CENT), "large": spread(60, 4, 50, 4, 20 * CENT)}
    row = first(document(tmp_path, few))
    assert (row["verdict"], row["open_because"], row["settle"]) == ("expensive", None, None)


def test_cheap_that_was_not_sampled_that_far_is_open_and_says_what_that_would_cost(tmp_path):
    generator = np.random.default_rng(3)
    cheap = {f"p{i}": counted(8, int(generator.binomial(8, 0.08))) for i in range(50)}
    large = {f"p{i}": counted(4, 2) for i in range(50)}
    row = first(document(tmp_path, {"small": Made(cheap, CENT), "large": Made(large, 100 * CENT)}))
    assert (row["verdict"], row["open_because"], row["affordable_k"]) == ("open", "more samples", 100)
    assert row["settle"] == {
        "what": "92 more samples of small per problem",
        "usd": pytest.approx(92 * 50 * 0.01),
    }
    assert row["basis"] in ("extrapolated", None)


def test_samples_that_would_show_a_small_gap_need_more_problems_too(tmp_path):
    generator = np.random.default_rng(3)
    rates = generator.beta(0.5, 1.5, 30)
    cheap = {f"p{i}": counted(8, int(generator.binomial(8, rate / 2))) for i, rate in enumerate(rates)}
    large = {f"p{i}": counted(4, int(generator.binomial(4, rate))) for i, rate in enumerate(rates)}
    found = document(tmp_path, {"small": Made(cheap, CENT), "large": Made(large, 16 * CENT)})
    row = found["comparisons"][-1]
    assert (row["open_because"], row["basis"]) == ("more samples", "extrapolated")
    settle = row["settle"]
    assert settle["what"] == "56 more samples of small per problem"
    assert settle["usd"] == pytest.approx(30 * 56 * 0.01)
    told = re.fullmatch(r"about ([\d,]+) more problems", settle["then"]["what"])
    assert told is not None
    assert settle["then"]["usd"] == pytest.approx(int(told[1].replace(",", "")) * (64 * 0.01 + 4 * 0.16))
    said = f"; it takes at least {settle['what']} ($16.80) and then {settle['then']['what']} ($"
    assert said in sentence(row, "usd"), "nobody knows before if the samples tell"


@pytest.mark.parametrize("samples", [1, 4])
def test_more_problems_are_priced_with_as_many_samples_as_these_have(tmp_path, samples):
    """Of one sample each they would vary more, so that as many wouldn't tell."""
    made = {
        "small": Made({f"p{i}": counted(samples, samples * (i % 5 < 3)) for i in range(50)}, CENT),
        "large": Made({f"p{i}": counted(samples, samples * (i % 3 < 2)) for i in range(50)}, CENT),
    }
    row = first(document(tmp_path, made))
    assert (row["verdict"], row["open_because"], row["expensive_k"]) == ("open", "more problems", 1)
    more = int(row["settle"]["what"].split()[1].replace(",", ""))
    assert row["settle"]["usd"] == pytest.approx(more * 2 * samples * 0.01)


def test_few_alone_need_six_problems(tmp_path):
    for problems, verdict in ((5, "open"), (12, "expensive")):
        made = {
            "small": Made({f"p{i}": counted(8, 0 if i < problems else 8) for i in range(40)}, CENT),
            "large": Made({f"p{i}": counted(8, 8) for i in range(40)}, 4 * CENT),
        }
        row = first(document(tmp_path, made))
        assert row["verdict"] == verdict, problems
        (tmp_path / "l.db").unlink()
    assert row["probability"] < 0.001


@pytest.mark.parametrize("problems", [1, 2, 5, 6])
def test_nothing_is_said_of_fewer_than_six_problems(tmp_path, problems):
    """Five heads in a row are chance."""
    made = {
        "small": Made({f"p{i}": counted(8, 8) for i in range(problems)}, CENT),
        "large": Made({f"p{i}": counted(8, 0) for i in range(problems)}, 4 * CENT),
    }
    for row in document(tmp_path, made)["comparisons"]:
        if problems == 6:
            assert (row["verdict"], row["settle"]) == ("cheap", None)
            continue
        assert (row["verdict"], row["open_because"]) == ("open", "more problems")
        assert row["verdict_if_none_lost"] == "open"
        more = 6 - problems
        assert row["settle"]["what"] == f"at least {more} more problem{'s' * (more > 1)}"
        assert row["settle"]["usd"] > 0


def test_neither_solves_anything(tmp_path):
    made = {"small": spread(30, 8, 0, 0, CENT), "large": spread(30, 8, 0, 0, 4 * CENT)}
    found = document(tmp_path, made)
    assert (first(found)["verdict"], first(found)["settle"]) == ("open", None)
    assert found["advice"] == []
    assert any("there is nothing to advise: check what the verifier" in text for text in found["warnings"])


def test_lost_samples_of_the_loser_can_turn_a_verdict(tmp_path):
    """20 of 60 problems have no verdict of small: if it solved them, few would not be better."""
    sure = {f"p{i}": counted(8, 8 if i < 20 else 0) for i in range(40)}
    lost = {f"p{i}": [None] * 8 for i in range(40, 60)}
    large = {f"p{i}": counted(8, 8) for i in range(60)}
    whole = {
        "small": Made(sure, CENT),
        "large": Made({k: v for k, v in large.items() if k in sure}, 4 * CENT),
    }
    assert first(document(tmp_path, whole))["verdict"] == "expensive"
    (tmp_path / "l.db").unlink()
    winner = Made(sure | {f"p{i}": counted(8, 8) for i in range(40, 60)}, CENT)
    found = document(
        tmp_path,
        {
            "small": winner,
            "large": Made(
                {k: [None] * 8 if i % 2 else v for i, (k, v) in enumerate(large.items())}, 4 * CENT
            ),
        },
    )
    row = first(found)
    assert row["problems"] == 60, "problems that lost all their samples are in"
    assert row["verdict"] == "open"
    assert found["models"]["large"]["lost"] == {"no_verdict": 240, "failed": 0, "problems": 30}
    (tmp_path / "l.db").unlink()
    row = first(document(tmp_path, {"small": Made(sure | lost, CENT), "large": Made(large, 4 * CENT)}))
    assert (row["problems"], row["verdict_if_none_lost"]) == (60, "expensive")
    assert row["verdict"] == "expensive", "20 unsolved problems remain with all lost ones right"


def test_samples_that_failed_for_good_are_lost_too(tmp_path):
    made = {
        "small": Made({f"p{i}": counted(8, 8 if i < 30 else 0) for i in range(40)}, CENT),
        "large": Made({f"p{i}": counted(8, 8) for i in range(50)}, 4 * CENT),
    }
    failed = [(1, problem, 8) for problem in range(31, 51)]
    found = document(tmp_path, made, failed)
    row = first(found)
    assert row["problems"] == 50
    assert (row["verdict"], row["open_because"]) == ("open", "lost samples")
    assert row["settle"]["what"] == "verdicts for 160 lost samples of small"
    assert found["models"]["small"]["lost"] == {"no_verdict": 0, "failed": 160, "problems": 10}
    assert any("10 problems lost all their samples" in text for text in found["warnings"])


def test_equal_models_are_hardly_ever_told_apart(tmp_path):
    """Six of them have 30 rows; at 5% a row most runs would say something somewhere."""
    from orchestrator.coverage.pairs.simultaneous import critical

    generator = np.random.default_rng(5)
    told = 0
    for _ in range(60):
        rates = generator.beta(0.5, 2, 50)
        passes = [generator.binomial(8, rates) / 8 for _ in range(6)]
        gaps = [one - other for at, one in enumerate(passes) for other in passes[:at]]
        told += bool(critical([(np.column_stack(gaps), None)])[1].any())
    assert told <= 9, "5% are 3 of 60; 9 or more have a chance of 0.2%"


def test_samples_cut_off_or_all_alike_are_named(tmp_path):
    import sqlite3
    from contextlib import closing

    path = make_ledger(
        tmp_path / "l.db", {"m": Made({f"p{i}": counted(20, 20 * (i % 2)) for i in range(20)})}
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE sample SET text = 'the same answer', finish_reason = 'length' WHERE passed = 0"
        )
        connection.execute("UPDATE sample SET text = 'one more' WHERE passed = 1")
    found = frontier_document(read_outcomes([path]), "usd")
    assert found["models"]["m"]["extrapolation"] is None
    text = " ".join(found["warnings"])
    assert "200 of 400 samples were cut off at max_tokens and count as wrong" in text
    assert "all samples are the same text on 20 of 20 problems" in text


def test_more_of_the_same_text_is_no_way_to_settle_anything(tmp_path):
    import sqlite3
    from contextlib import closing

    made = {
        "small": Made({f"p{i}": counted(8, 8 * (i % 3 == 0)) for i in range(30)}, CENT),
        "large": Made({f"p{i}": counted(8, 3) for i in range(30)}, 100 * CENT),
    }
    path = make_ledger(tmp_path / "l.db", made)
    settle = first(frontier_document(read_outcomes([path]), "usd"))["settle"]
    assert settle["what"].startswith("92 more samples of small per problem")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sample SET text = 'the same answer'")
    row = first(frontier_document(read_outcomes([path]), "usd"))
    assert row["settle"] == {
        "what": "92 more samples of small per problem that differ (a temperature above 0, no cache, no fixed seed)",
        "usd": pytest.approx(92 * 30 * 0.01),
    }


def test_all_of_k_right_beside_any_of_k(tmp_path):
    made = {
        "m": Made({"a": counted(4, 3), "b": counted(4, 1)}),
        "s": Made({"a": [0, 1]}, mode="until_solved"),
    }
    found = document(tmp_path, made)["models"]
    assert [p["all"] for p in found["m"]["coverage"]] == pytest.approx([0.5, (0.5 + 0) / 2, 0.0])
    assert {p["all"] for p in found["s"]["coverage"]} == {None}


def test_the_chart_has_all_of_k_right_for_agents(tmp_path):
    made = {"m": Made({"a": counted(4, 3), "b": counted(4, 1)})}
    found = document(tmp_path, made)
    assert not any(row["kind"] == "every" for row in _drawn(found))
    found["models"]["m"]["agent"] = {"calls_per_attempt": None}
    rows = [row for row in _drawn(found) if row["kind"] == "every"]
    assert [(row["k"], row["coverage"]) for row in rows] == [(1, 0.5), (2, 0.25), (4, 0.0)]
    assert EVERY in caption(coverage_of(found))


def _drawn(found):
    return coverage_of(found)["datasets"]["curves"]
