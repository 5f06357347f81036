"""Majority vote over k: against the exact count of subsets, and by hand."""

from itertools import combinations

import numpy as np
import pytest

from orchestrator.coverage.selection.subsets import majority
from orchestrator.coverage.selection.voting import FEWEST_DRAWS, MOST_DRAWS, draws_for, majority_at


def voted(counts, right, silent, ks, draws=4000):
    return majority_at(np.array(counts, np.int64), np.array(right, float), silent, np.array(ks), draws)


def by_hand(counts, right, silent, k):
    """Every subset of k samples, one by one."""
    samples = [at for at, count in enumerate(counts) for _ in range(count)] + [-1] * silent
    won = 0.0
    subsets = list(combinations(samples, k))
    for subset in subsets:
        said = [one for one in subset if one >= 0]
        most = max((said.count(one) for one in set(said)), default=0)
        tied = [one for one in set(said) if said.count(one) == most]
        won += sum(right[one] for one in tied) / max(len(tied), 1)
    return won / len(subsets)


@pytest.mark.parametrize(
    ("counts", "right", "silent"),
    [
        ([3, 2], [1, 0], 0),
        ([2, 3], [1, 0], 2),
        ([1, 1, 4], [1, 0, 0], 3),
        ([5], [1], 4),
        ([2, 2, 2], [0, 1, 0.5], 1),
    ],
)
def test_every_subset_counted_by_hand(counts, right, silent):
    samples = sum(counts) + silent
    ks = list(range(1, samples + 1))
    expected = [by_hand(counts, right, silent, k) for k in ks]
    found = voted(counts, right, silent, ks, draws=20_000)
    assert found == pytest.approx(expected, abs=0.015)
    assert found[0] == pytest.approx(expected[0], abs=1e-12)
    assert found[-1] == pytest.approx(expected[-1], abs=1e-12)


def test_it_agrees_with_the_exact_majority():
    counts, right = [12, 9, 6, 1, 1, 1], [0, 1, 0, 0, 1, 0]
    ks = [1, 2, 5, 10, 30]
    exact = [majority(np.array(counts), np.array(right, bool), k).chance for k in ks]
    assert voted(counts, right, 0, ks, draws=20_000) == pytest.approx(exact, abs=0.015)


def test_without_an_answer_nothing_is_right():
    assert voted([], [], 5, [1, 2, 5]).tolist() == [0, 0, 0]
    assert voted([1], [1], 999, [1, 1000])[0] == pytest.approx(0.001)
    assert voted([1], [1], 999, [1, 1000])[1] == 1.0


def test_a_vote_goes_to_what_is_said_most_and_coverage_does_not_matter():
    found = voted([40, 60], [1, 0], 0, [1, 10, 100])
    assert found[0] == pytest.approx(0.4)
    assert found[2] == 0.0
    assert found[0] > found[1] > found[2]


def test_the_same_twice_and_draws_within_bounds():
    first, second = (voted([5, 4, 3], [0, 1, 0], 2, [1, 3, 7], draws=50) for _ in range(2))
    assert first.tolist() == second.tolist()
    assert draws_for(10) == MOST_DRAWS
    assert draws_for(10**9) == FEWEST_DRAWS
    assert FEWEST_DRAWS < draws_for(100_000) < MOST_DRAWS
