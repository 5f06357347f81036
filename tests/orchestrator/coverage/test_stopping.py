"""The figures of early stopping: Beta(.4, 3), stopped at first, cap 100; and exact unbiasedness by enumeration."""

import itertools

import numpy as np
import pytest

from benchmarks.statistics.other_stopping import last_batch, rth_success
from orchestrator.coverage.stopping import first_success, largest_k

KS = np.array([1, 5, 20])


def truth(rates, ks):
    return np.array([np.mean(1 - (1 - rates) ** k) for k in ks])


@pytest.fixture(scope="module")
def drawn():
    generator = np.random.default_rng(7)
    rates = generator.beta(0.4, 3, 40_000)
    return rates, generator.random((40_000, 100)) < rates[:, None]


def test_at_the_first_pass_the_indicator_is_right_where_passes_over_samples_are_not(drawn):
    rates, passed = drawn
    first = np.where(passed.any(axis=1), passed.argmax(axis=1) + 1, 0)
    n = np.where(first > 0, first, 100)
    assert first_success(first, n, KS).mean(axis=0) == pytest.approx(truth(rates, KS), abs=0.006)
    naive = np.mean((first > 0) / n)
    assert naive > 1.8 * truth(rates, [1])[0]  # STATISTICS: +92%


def test_at_the_third_pass_the_last_draw_is_dropped(drawn):
    rates, passed = drawn
    total = passed.cumsum(axis=1)
    reached = total[:, -1] >= 3
    n = np.where(reached, (total >= 3).argmax(axis=1) + 1, 100)
    c = np.minimum(total[:, -1], 3)
    assert rth_success(n, c, 3, KS).mean(axis=0) == pytest.approx(truth(rates, KS), abs=0.006)
    assert np.mean(c / n) > 1.15 * truth(rates, [1])[0]


def test_in_batches_of_eight(drawn):
    rates, passed = drawn
    batches = passed[:, :96].reshape(len(rates), 12, 8).sum(axis=2)
    solved = batches.any(axis=1)
    last = np.where(solved, (batches > 0).argmax(axis=1), 11)
    n, c = 8 * (last + 1), batches[np.arange(len(rates)), last]
    assert last_batch(n, c, 8, KS).mean(axis=0) == pytest.approx(truth(rates, KS), abs=0.006)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("r", [1, 2, 3])
def test_unbiased_over_all_sequences(p, r):
    cap = 7
    ks = np.arange(1, cap + 1)
    expected = np.zeros(cap)
    for sequence in itertools.product([0, 1], repeat=cap):
        total = np.cumsum(sequence)
        n = int(np.argmax(total >= r)) + 1 if total[-1] >= r else cap
        c = int(total[n - 1])
        chance = p ** sum(sequence) * (1 - p) ** (cap - sum(sequence))
        expected += chance * rth_success(np.array([n]), np.array([c]), r, ks)[0]
    assert expected == pytest.approx(1 - (1 - p) ** ks, abs=1e-9)


@pytest.mark.parametrize("p", [0.1, 0.6])
def test_batches_unbiased_over_all_sequences(p):
    ks = np.arange(1, 7)
    expected = np.zeros(6)
    for sequence in itertools.product([0, 1], repeat=6):
        parts = np.array(sequence).reshape(3, 2).sum(axis=1)
        at = int(np.argmax(parts > 0)) if parts.any() else 2
        chance = p ** sum(sequence) * (1 - p) ** (6 - sum(sequence))
        expected += chance * last_batch(np.array([2 * at + 2]), np.array([parts[at]]), 2, ks)[0]
    assert expected == pytest.approx(1 - (1 - p) ** ks, abs=1e-9)


def test_one_success_is_the_indicator():
    n, first = np.array([4, 1, 6]), np.array([4, 1, 0])
    ks = np.arange(1, 9)
    assert np.array_equal(
        first_success(first, n, ks), rth_success(n, (first > 0).astype(np.int64), 1, ks), equal_nan=True
    )


def test_beyond_the_least_cap_of_an_unsolved_problem_nothing_is_known():
    first, n = np.array([3, 0, 0]), np.array([3, 8, 5])
    assert largest_k(first, n) == 5
    assert np.isnan(first_success(first, n, np.array([5, 6]))).tolist() == [
        [False, False],
        [False, False],
        [False, True],
    ]
    assert largest_k(np.array([3, 9]), np.array([3, 16])) == 9
    assert largest_k(np.array([], np.int64), np.array([], np.int64)) == 0


@pytest.mark.parametrize("caps", [(3, 6), (5, 2)])
def test_unequal_caps_are_unknown_beyond_a_problem_s_own(caps):
    """Unbiased up to each cap by enumeration, nan and never 1 beyond it."""
    ks = np.arange(1, 8)
    for cap in caps:
        for sequence in itertools.product([0, 1], repeat=cap):
            at = sequence.index(1) + 1 if 1 in sequence else 0
            found = first_success(np.array([at]), np.array([at or cap]), ks)[0]
            expected = [float(0 < at <= k) if at or k <= cap else np.nan for k in ks]
            assert np.array_equal(found, expected, equal_nan=True)


@pytest.mark.parametrize("batch", [1, 3])
def test_batches_up_to_the_cap_only(batch):
    ks = np.arange(1, 8)
    found = last_batch(np.array([6, 6]), np.array([0, 1]), batch, ks)
    assert np.isnan(found[0]).tolist() == [False] * 6 + [True]
    assert found[1] == pytest.approx([max(0.0, min(1.0, (k - 6 + batch) / batch)) for k in ks], abs=1e-9)
