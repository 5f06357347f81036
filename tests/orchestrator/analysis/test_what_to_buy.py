"""What a reader acts on, seen from the ledger: which sentences stand first, and on what they rest."""

import re
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from orchestrator.analysis.frontier import frontier_document
from orchestrator.analysis.whole_document import compare_whole
from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from orchestrator.report.terminal.frontier import print_frontier
from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger

CENT = USD // 100


def document(path, models):
    return frontier_document(read_outcomes([make_ledger(path, models)]), "usd")


def drawn(generator, rates, n, cost):
    return Made({f"p{i}": counted(n, int(generator.binomial(n, p))) for i, p in enumerate(rates)}, cost)


def four_models():
    generator = np.random.default_rng(4)
    ease = generator.normal(-1.5, 2, 24)
    skills = {
        "small": (0.0, CENT),
        "middle": (0.8, 6 * CENT),
        "large": (2.0, 10 * CENT),
        "max": (2.1, 90 * CENT),
    }
    return {
        alias: drawn(generator, 1 / (1 + np.exp(-(ease + skill))), 6, cost)
        for alias, (skill, cost) in skills.items()
    }


@pytest.mark.slow
def test_of_four_models_the_file_s_order_says_nothing_and_no_row_beats_what_is_advised(tmp_path):
    models = four_models()
    found = document(tmp_path / "one.db", models)
    rows = {
        (row["policy"]["stop"], *(f"{k} × {alias}" for alias, k in row["policy"]["samples"].items())): row
        for row in found["frontier"]
    }
    buys = [said for said in found["advice"] if re.match("(Buy|To pay less, buy) ", said)]
    many = [said for said in found["advice"] if said.startswith("Many or few? ")]
    assert 1 <= len(buys) <= 2
    assert len(many) == 1
    for said in buys:
        stop = "first_success" if "stopping" in said else "none"
        row = rows[stop, *re.findall(r"\d+ × \w+", said)]
        assert not any(
            other["usd_per_problem"] < row["usd_per_problem"] and other["coverage"] >= row["coverage"]
            for other in found["frontier"]
        )
    turned = document(tmp_path / "other.db", dict(reversed(list(models.items()))))
    assert [said for said in turned["advice"] if said in buys + many] == buys + many


@pytest.mark.slow
def test_a_cheap_model_that_was_sampled_too_little_is_never_told_as_worse(tmp_path):
    """8 samples of it, where the expensive one's dollars buy 60; truly 60 cover more."""
    generator = np.random.default_rng(9)
    for seed in range(2):
        ease = generator.normal(-3, 1.5, 40)
        cheap, expensive = (1 / (1 + np.exp(-(ease + skill))) for skill in (0.0, 2.0))
        made = {
            "small": drawn(generator, cheap, 8, CENT),
            "large": drawn(generator, expensive, 2, 60 * CENT),
        }
        for row in document(tmp_path / f"{seed}.db", made)["comparisons"]:
            assert row["verdict"] != "expensive"
            assert row["affordable_k"] == 60 * row["expensive_k"]
            if row["basis"] != "sampled":
                assert row["open_because"] == "more samples"
                assert row["settle"]["usd"] == pytest.approx(40 * (row["affordable_k"] - 8) / 100)


def test_equal_rates_sampled_until_solved_and_evenly_are_seldom_told_apart(tmp_path):
    """Passes over samples differ by 11 points there in every run."""
    generator = np.random.default_rng(5)
    told = 0
    for seed in range(12):
        rates = generator.beta(0.8, 1.5, 60)
        first = [int(generator.geometric(max(rate, 1e-3))) for rate in rates]
        stopped = {f"p{i}": [0] * (t - 1) + [1] if t <= 10 else [0] * 10 for i, t in enumerate(first)}
        made = {"stops": Made(stopped, CENT, mode="until_solved"), "even": drawn(generator, rates, 10, CENT)}
        (pair,) = compare_whole([make_ledger(tmp_path / f"{seed}.db", made)])["pairs"]
        told += pair["p_value"] < 0.05
    assert told <= 3, "5% are 0.6 of 12; more than 3 have a chance of 0.2%"


def test_lost_samples_stand_on_the_first_screen_with_their_number_and_side(tmp_path):
    made = {
        "small": Made({f"p{i}": [None] * 6 + counted(2, 2 if i < 20 else 0) for i in range(40)}, CENT),
        "large": Made({f"p{i}": counted(8, 8 if i < 34 else 0) for i in range(40)}, 2 * CENT),
    }
    found = document(tmp_path / "l.db", made)
    out = StringIO()
    print_frontier(Console(file=out, width=300), found)
    screen = " ".join(out.getvalue().split())
    assert "240" in screen
    row = found["comparisons"][0]
    assert (row["verdict"], row["open_because"]) == ("open", "lost samples")
    assert "the samples with a verdict speak for large, but the lost ones could turn that" in screen
    assert "verdicts for 240 lost samples of small" in screen
