import numpy as np
import pytest

from orchestrator.analysis.frontier import frontier_document
from orchestrator.analysis.money.budget import budget, rank
from orchestrator.coverage.samples import Samples
from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from tests.orchestrator.analysis.test_frontier import two_models
from tests.orchestrator.ledger_fixture import make_ledger


def test_dollars_for_so_many_problems_with_the_next_solve(tmp_path):
    models = read_outcomes([make_ledger(tmp_path / "l.db", two_models())], "usd")
    found = frontier_document(models, "usd", problems=1000)
    rows, points = found["budget"], found["frontier"]
    assert [row["usd"] for row in rows] == pytest.approx([1000 * p["usd_per_problem"] for p in points])
    assert [row["solved"] for row in rows] == pytest.approx([1000 * p["coverage"] for p in points])
    assert all(row["low"] <= row["solved"] <= row["high"] for row in rows)
    first, second = points[:2]
    gained = (second["usd_per_problem"] - first["usd_per_problem"]) / (second["coverage"] - first["coverage"])
    assert rows[0]["next_usd_per_solve"] == pytest.approx(gained)
    assert rows[-1]["next_usd_per_solve"] is None
    here = frontier_document(models, "usd")["budget"]
    assert here[-1]["solved"] == pytest.approx(30 * points[-1]["coverage"])
    assert (here[0]["high"] - here[0]["low"]) / 30 < (rows[0]["high"] - rows[0]["low"]) / 1000 + 0.5


def test_the_predictive_band_holds_so_many_new_problems():
    generator = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        chances = generator.beta(1, 2, 60)
        row = {"usd_per_problem": 1.0, "coverage": float(chances.mean()), "policy": {}}
        (found,) = budget("usd", [row], [chances], 40)
        solved = int((generator.random(40) < generator.beta(1, 2, 40)).sum())
        held += found["low"] <= solved <= found["high"]
    assert 0.9 <= held / 200 <= 1.0


def test_rank_is_at_equal_cost_and_sums_to_one():
    n = np.full(40, 10)
    cheap = Samples(n, np.arange(40) % 5, np.full(40, 1.0))
    same = Samples(n, np.arange(40) % 5, np.full(40, 1.0))
    poor = Samples(n, np.zeros(40, np.int64), np.full(40, 5.0))
    shares, money = rank({"cheap": cheap, "same": same, "poor": poor})
    assert money == 10.0
    assert shares == pytest.approx({"cheap": 0.5, "same": 0.5, "poor": 0.0}, abs=1e-9)
    assert rank({}) == ({}, None)


def test_about_says_what_the_document_rests_on(tmp_path):
    models = read_outcomes([make_ledger(tmp_path / "l.db", two_models())], "usd")
    about = frontier_document(models, "usd")["about"]
    assert (about["draws"], about["comparisons"]) == (2000, 2)
    assert set(about) >= {"manyfew", "seed", "draws", "method", "prices", "problems_digest"}
    assert set(about["prices"]) == {"cheap", "expensive"}
    assert len(about["problems_digest"]) == 64
