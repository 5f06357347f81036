import itertools
import math

import numpy as np
import pytest

from orchestrator.coverage.selection import subsets
from orchestrator.coverage.selection.subsets import best_of, majority


def by_enumeration(answers, right, k):
    """Share of right picks over all subsets of k."""
    won = []
    for subset in itertools.combinations(answers, k):
        counts = {answer: subset.count(answer) for answer in subset}
        tied = [answer for answer, count in counts.items() if count == max(counts.values())]
        won.append(sum(answer in right for answer in tied) / len(tied))
    return sum(won) / len(won)


@pytest.mark.parametrize(
    ("answers", "right"),
    [
        ("aaabbc", "a"),
        ("aaabbc", "c"),
        ("abcdef", "b"),
        ("aabbccdd", "ab"),
        ("aaaaaaa", "b"),
        ("aabbbbc", "ac"),
        ("a", "a"),
    ],
)
def test_majority_equals_all_subsets(answers, right):
    kinds = sorted(set(answers))
    counts = np.array([answers.count(kind) for kind in kinds])
    flags = np.array([kind in right for kind in kinds])
    for k in range(1, len(answers) + 1):
        found = majority(counts, flags, k)
        assert found.exact
        assert found.chance == pytest.approx(by_enumeration(answers, right, k), abs=1e-9)


def test_majority_by_draws_comes_to_the_exact_one(monkeypatch):
    counts, right = np.array([30, 25, 20, 5]), np.array([True, False, False, True])
    exact = majority(counts, right, 15)
    monkeypatch.setattr(subsets, "_EXACT_STEPS", 0)
    drawn = majority(counts, right, 15)
    assert not drawn.exact
    assert drawn.error < 0.01
    assert drawn.chance == pytest.approx(exact.chance, abs=4 * drawn.error)
    assert majority(counts, right, 15) == drawn


def test_majority_of_many_samples():
    found = majority(np.array([6000, 4000]), np.array([True, False]), 1001)
    assert not found.exact
    assert found.chance > 0.999
    assert majority(np.array([60, 40, 0]), np.array([True, False, True]), 1).chance == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("scores", "passed"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 0]),
        ([1, 1, 1, 1], [1, 0, 0, 0]),
        ([2, 2, 5, 5, 1], [1, 0, 1, 0, 1]),
        ([0.5], [1]),
    ],
)
def test_best_of_equals_all_subsets(scores, passed):
    for k in range(1, len(scores) + 1):
        won = []
        for subset in itertools.combinations(range(len(scores)), k):
            best = [i for i in subset if scores[i] == max(scores[j] for j in subset)]
            won.append(sum(passed[i] for i in best) / len(best))
        found = best_of(np.array(scores, float), np.array(passed, bool), k)
        assert found == pytest.approx(sum(won) / len(won), abs=1e-9)


def test_a_perfect_score_is_pass_at_k():
    from orchestrator.coverage.passk import pass_at_k

    passed = np.array([1, 0, 0, 1] + [0] * 6, bool)
    for k in range(1, 11):
        expected = pass_at_k(np.array([10]), np.array([2]), np.array([k]))[0, 0]
        assert best_of(passed.astype(float), passed, k) == pytest.approx(expected, abs=1e-9)
    assert best_of(np.array([0.0, 0, 0, 1]), np.array([False, False, False, True]), 4) == pytest.approx(1.0)


def test_more_than_was_sampled_is_unknown():
    assert math.isnan(majority(np.array([2, 1]), np.array([True, False]), 4).chance)
    assert math.isnan(best_of(np.array([1.0]), np.array([True]), 2))


def test_refuses_what_can_not_be():
    for make in (
        lambda: majority(np.array([1]), np.array([True]), 0),
        lambda: majority(np.array([-1]), np.array([True]), 1),
        lambda: best_of(np.array([1.0]), np.array([True]), 0),
        lambda: best_of(np.array([np.nan]), np.array([True]), 1),
    ):
        with pytest.raises(ValueError, match="of k needs"):
            make()
