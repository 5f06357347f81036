"""Best of k at many k at once."""

import time
from itertools import combinations
from math import comb

import numpy as np
import pytest

from orchestrator.coverage.selection.best_of import best_of_at
from orchestrator.coverage.selection.subsets import best_of

KS = np.array([1, 2, 3, 5, 8])


def by_counting(score, passed, k):
    """Over all subsets: the share of right ones among those with the best score."""
    chances = []
    for drawn in combinations(range(len(score)), k):
        best = max(score[i] for i in drawn)
        tied = [passed[i] for i in drawn if score[i] == best]
        chances.append(sum(tied) / len(tied))
    return float(np.mean(chances))


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_mean_over_all_subsets(seed):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 4, 9).astype(float)
    passed = rng.random(9) < 0.4
    # A tie within a subset is shared by the drawn ones alone; over all subsets that is the tie's own share.
    expected = [by_counting(score, passed, k) for k in KS.tolist()]
    assert best_of_at(score, passed, KS) == pytest.approx(expected, abs=1e-9)
    assert best_of_at(score, passed, KS) == pytest.approx([best_of(score, passed, k) for k in KS.tolist()])


def test_a_sample_without_a_score_is_picked_last():
    score = np.array([-np.inf, -np.inf, -3.0])
    assert best_of_at(score, np.array([True, True, False]), np.array([1, 2, 3])) == pytest.approx(
        [2 / 3, 1 / 3, 0]
    )


def test_no_score_tells_nothing_and_a_perfect_one_is_coverage():
    passed = np.arange(100) < 7
    ks = np.array([1, 10, 50, 100])
    assert best_of_at(np.zeros(100), passed, ks) == pytest.approx([0.07] * 4)
    assert best_of_at(passed.astype(float), passed, ks)[-1] == 1.0
    assert best_of_at(passed.astype(float), passed, ks)[1] == pytest.approx(1 - comb(93, 10) / comb(100, 10))


def test_ten_thousand_samples_take_little():
    rng = np.random.default_rng(1)
    score, passed = rng.normal(size=10_000), rng.random(10_000) < 0.1
    ks = np.array([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000])
    start = time.process_time()
    values = best_of_at(score, passed, ks)
    assert time.process_time() - start < 0.5
    assert values[-1] == float(passed[score.argmax()])
