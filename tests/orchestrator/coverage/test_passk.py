import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.coverage.passk import pass_at_k


def array(*values):
    return np.array(values, np.int64)


@pytest.mark.parametrize("n", range(1, 8))
def test_equals_the_share_of_all_subsets_that_hold_a_pass(n):
    for c in range(n + 1):
        outcomes = [True] * c + [False] * (n - c)
        for k in range(1, n + 1):
            subsets = list(itertools.combinations(outcomes, k))
            share = sum(any(subset) for subset in subsets) / len(subsets)
            assert pass_at_k(array(n), array(c), array(k))[0, 0] == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize(("n", "c", "k"), [(5, 0, 6), (5, 5, 6), (3, 1, 4), (1, 1, 2), (0, 0, 1)])
def test_more_than_was_sampled_is_unknown_never_1(n, c, k):
    assert math.isnan(pass_at_k(array(n), array(c), array(k))[0, 0])


@pytest.mark.parametrize("c", [0, 1, 2, 17, 5000, 9999, 10_000])
def test_stable_at_ten_thousand(c):
    ks = array(1, 2, 10, 100, 1000, 9999, 10_000)
    exact = [float(1 - Fraction(math.comb(10_000 - c, int(k)), math.comb(10_000, int(k)))) for k in ks]
    assert pass_at_k(array(10_000), array(c), ks)[0] == pytest.approx(exact, rel=1e-9, abs=1e-15)


def test_unequal_n_problem_by_problem():
    values = pass_at_k(array(4, 10, 2), array(1, 5, 0), array(1, 2, 4))
    assert values == pytest.approx(
        np.array([[0.25, 0.5, 1.0], [0.5, 1 - 10 / 45, 1 - 5 / 210], [0.0, 0.0, np.nan]]), nan_ok=True
    )


@given(
    st.lists(
        st.integers(0, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
        min_size=1,
        max_size=8,
    )
)
def test_rises_with_k_and_stays_between_0_and_1(pairs):
    n, c = array(*(pair[0] for pair in pairs)), array(*(pair[1] for pair in pairs))
    ks = np.arange(1, 301)
    values = pass_at_k(n, c, ks)
    for row, most in zip(values, n, strict=True):
        known = row[:most]
        assert not np.isnan(known).any()
        assert np.isnan(row[most:]).all()
        assert (np.diff(known) >= -1e-12).all()
        assert ((known >= 0) & (known <= 1)).all()


def test_refuses_what_can_not_be():
    for n, c, k in [(3, 4, 1), (3, -1, 1), (3, 1, 0)]:
        with pytest.raises(ValueError, match="pass@k"):
            pass_at_k(array(n), array(c), array(k))


def test_no_problems():
    assert pass_at_k(array(), array(), array(1, 2)).shape == (0, 2)
