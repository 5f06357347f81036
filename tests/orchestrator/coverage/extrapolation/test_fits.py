import numpy as np
import pytest

from orchestrator.coverage import beta_binomial, grid
from orchestrator.coverage.extrapolation import power_law


def test_power_law_finds_its_own_parameters():
    ks = grid.spaced(1000, 40)
    fitted = power_law.fit(ks, np.exp(-2.5 * ks**-0.4))
    assert isinstance(fitted, power_law.PowerLaw)
    assert (fitted.a, fitted.b) == pytest.approx((-2.5, -0.4))
    assert fitted.coverage(np.array([10_000])) == pytest.approx(np.exp(-2.5 * 10_000**-0.4))


def test_a_power_law_goes_on_from_a_coverage_with_its_exponent():
    law, ks = power_law.PowerLaw(-2.5, -0.4), np.array([200, 1000])
    assert law.beyond(float(law.coverage(np.array([100]))[0]), ks / 100) == pytest.approx(law.coverage(ks))
    assert law.beyond(0.5, np.array([1.0])) == pytest.approx([0.5])


@pytest.mark.parametrize(
    ("coverage", "reason"),
    [
        ([0.0] * 5, "0 at every k"),
        ([1.0] * 5, "0 or 1"),
        ([0.5] * 5, "not grow"),
        ([0.2, 0.4, 1, 1, 1], "needs 3"),
    ],
)
def test_power_law_says_why_there_is_none(coverage, reason):
    assert reason in str(power_law.fit(np.array([1, 2, 5, 10, 20]), np.array(coverage)))


@pytest.mark.parametrize(("a", "b"), [(0.4, 3.0), (2.0, 1.5)])
def test_beta_binomial_recovers_its_parameters_stopped_or_not(a, b):
    generator = np.random.default_rng(5)
    rates = generator.beta(a, b, 20_000)
    fixed = beta_binomial.fit(np.full(20_000, 50), generator.binomial(50, rates))
    first = generator.geometric(np.maximum(rates, 1e-12))
    stopped = beta_binomial.fit(np.minimum(first, 50), (first <= 50).astype(np.int64))
    for fitted in (fixed, stopped):
        assert fitted is not None
        assert np.exp([fitted.log_a, fitted.log_b]) == pytest.approx([a, b], rel=0.12)
        assert not fitted.at_edge


@pytest.mark.parametrize("counts", [[0] * 6, [10] * 6, [0, 0, 10, 10], [5] * 6])
def test_beta_binomial_reports_the_edge(counts):
    fitted = beta_binomial.fit(np.full(len(counts), 10), np.array(counts))
    assert fitted is None or fitted.at_edge


def test_one_sample_a_problem_does_not_identify_two_parameters():
    fitted = beta_binomial.fit(np.ones(9, np.int64), np.array([0, 1, 0, 1, 0, 0, 0, 0, 0]))
    assert fitted is None or fitted.at_edge


def test_grids():
    assert grid.shown(7).tolist() == [1, 2, 5, 7]
    assert grid.shown(100).tolist() == [1, 2, 5, 10, 20, 50, 100]
    assert grid.shown(0).tolist() == []
    assert grid.beyond(3).tolist() == [5, 10, 20, 50, 100, 200]
    dense = grid.dense(10_000)
    assert dense[:100].tolist() == list(range(1, 101))
    assert (dense[-1], bool((np.diff(dense) >= 1).all())) == (10_000, True)
    assert (dense[101:] / dense[100:-1]).max() < 1.03
