"""Whether two models pass alike: against enumeration, and under the null."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from orchestrator.coverage.paired import difference


def counts(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_the_p_value_is_that_of_all_sign_flips():
    n = counts(10, 10, 10, 10, 10)
    one, other = counts(9, 7, 5, 6, 3), counts(4, 5, 5, 2, 4)
    found = difference(n, one, n, other)
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
    found = difference(counts(4, 8), counts(1, 4), counts(8, 2), counts(2, 1))
    assert found is not None
    assert (found.mean, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_no_problem_in_common():
    assert difference(*(np.zeros(0, np.int64),) * 4) is None


def test_under_the_null_small_p_values_are_rare():
    """Two samples of the same model: at most about one in twenty is below 0.05."""
    generator = np.random.default_rng(3)
    small = 0
    for _ in range(200):
        rates = generator.beta(0.4, 3, 60)
        n = np.full(60, 20)
        found = difference(n, generator.binomial(n, rates), n, generator.binomial(n, rates))
        assert found is not None
        small += found.p_value < 0.05
    assert small <= 20
