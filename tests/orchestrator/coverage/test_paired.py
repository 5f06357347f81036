"""Whether two models pass alike: against enumeration, and under the null."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from orchestrator.coverage.pairs.paired import adjusted, difference


def counts(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_the_p_value_is_that_of_all_sign_flips():
    n = counts(10, 10, 10, 10, 10)
    one, other = counts(9, 7, 5, 6, 3), counts(4, 5, 5, 2, 4)
    found = difference(one / n, other / n)
    assert found is not None
    gaps = (one - other) / 10
    seen = abs(gaps.sum())
    flips = [
        abs(sum(s * g for s, g in zip(signs, gaps, strict=True))) for signs in product((1, -1), repeat=5)
    ]
    assert found.p_value == pytest.approx(np.mean(np.array(flips) >= seen - 1e-12))
    assert found.mean == pytest.approx(gaps.mean())
    assert found.low <= found.mean <= found.high


def test_equal_rates_are_no_difference():
    found = difference(np.array([0.25, 0.5]), np.array([0.25, 0.5]))
    assert found is not None
    assert (found.mean, found.p_value) == (0.0, 1.0)
    assert found.low < -0.5 < 0.5 < found.high, "two problems say next to nothing of others"


@pytest.mark.parametrize("gaps", [[-0.375], [0.0] * 5, [1.0] * 4, [0.5, 0.5, 0.5]])
def test_draws_of_problems_that_are_all_alike_give_no_narrow_band(gaps):
    """Of one problem, or of few that do the same, every draw is the same."""
    found = difference(np.array(gaps) / 2, -np.array(gaps) / 2)
    assert found is not None
    assert found.low <= found.mean <= found.high
    assert found.high - found.low > 0.3
    assert -1 <= found.low <= found.high <= 1


def test_no_problem_in_common():
    assert difference(np.zeros(0), np.zeros(0)) is None


def test_under_the_null_small_p_values_are_rare():
    """Two samples of the same model: at most about one in twenty is below 0.05."""
    generator = np.random.default_rng(3)
    small = 0
    for _ in range(200):
        rates = generator.beta(0.4, 3, 60)
        n = np.full(60, 20)
        found = difference(generator.binomial(n, rates) / n, generator.binomial(n, rates) / n)
        assert found is not None
        small += found.p_value < 0.05
    assert small <= 20


def test_few_problems_say_how_many_would_tell():
    """Four of five problems solved by one alone: large, and no evidence."""
    found = difference(np.array([1.0, 1, 1, 1, 0]), np.array([0.0, 0, 0, 0, 1]))
    assert found is not None
    assert found.p_value > 0.05
    assert found.needed is not None
    assert 8 < found.needed < 40
    equal = difference(np.full(9, 0.5), np.full(9, 0.5))
    assert equal is not None
    assert equal.needed is None


def coins(generator: np.random.Generator, problems: int) -> Any:
    return tuple((generator.random(problems) < rate).astype(np.float64) for rate in (0.6, 0.45))


@pytest.mark.slow
def test_as_many_problems_as_are_needed_tell_most_of_the_time():
    generator = np.random.default_rng(4)
    first = difference(*coins(generator, 400))
    assert first is not None
    needed = first.needed
    assert needed is not None
    told = 0
    for _ in range(100):
        found = difference(*coins(generator, needed))
        assert found is not None
        told += found.p_value <= 0.05
    assert 55 <= told <= 98


def test_p_values_said_at_once_are_holm_s():
    assert adjusted([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert adjusted([]) == []
