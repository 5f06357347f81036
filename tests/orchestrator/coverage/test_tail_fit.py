import numpy as np
import pytest
from scipy import stats  # pyright: ignore[reportMissingTypeStubs]

from orchestrator.coverage import tail_fit
from orchestrator.coverage.samples import Samples
from orchestrator.coverage.tail_laws import FAR, tail_laws


def test_laws_are_the_same_at_every_call_and_proper():
    laws = tail_laws(100)
    assert laws is tail_laws(100)
    assert (laws.mass >= 0).all()
    assert (laws.never >= 0).all()
    assert np.exp(laws.log_prior).sum() == pytest.approx(1, abs=0.05)
    assert np.exp(laws.log_rate) + np.exp(laws.log_miss) == pytest.approx(np.ones(len(laws.logit)))


@pytest.mark.parametrize("k", [2, 20, 1000])
def test_the_share_that_stays_unsolved_has_the_prior_it_should(k):
    laws = tail_laws(k)
    kernel = np.exp(np.array([[k], [k * (1 + FAR)]]) * laws.log_miss)
    unsolved = laws.chance(kernel, np.ones(2))
    left, weight = unsolved[:, 1] / unsolved[:, 0], np.exp(laws.log_prior)
    assert weight[left < 0.002].sum() > 0.14
    assert weight[left > 0.2].sum() == pytest.approx(0.82 * 0.8**3 + 0.03, abs=0.03)


def test_a_law_s_chances_are_those_of_its_beta():
    laws = tail_laws(50)
    a, b = 0.7, 4.0
    mass = np.exp(a * laws.log_rate + b * laws.log_miss)
    one = type(laws)(laws.logit, mass[None], np.zeros(1), np.zeros(1))
    n, c = np.array([50.0, 50.0, 20.0]), np.array([0.0, 3.0, 1.0])
    kernel = np.exp(c[:, None] * laws.log_rate + (n - c)[:, None] * laws.log_miss)
    found = one.chance(kernel, np.zeros(3)) / one.mass.sum()
    ways = stats.betabinom.pmf(c, n, a, b) / np.array([1.0, stats.binom.pmf(3, 50, 0.5) * 2.0**50, 20.0])
    assert found[0] == pytest.approx(ways, rel=2e-3)


def test_chances_of_few_passes():
    miss = np.linspace(0.01, 0.99, 7)
    found = tail_fit._at_most(np.array([[3.0], [6.0]]), np.array([[10.0], [4.0]]), miss)
    assert found[0] == pytest.approx(stats.binom.cdf(3, 10, 1 - miss), rel=1e-9)
    assert found[1] == pytest.approx(np.ones(7))


def test_easy_problems_do_not_move_the_hard_end():
    generator = np.random.default_rng(2)
    hard = generator.binomial(100, generator.beta(0.4, 20, 80))
    easy = np.array([40, 70, 95] * 20)
    ks = np.array([1000])
    alone = tail_fit.fit(Samples(np.full(80, 100), hard, np.ones(80))).unsolved(ks)[0]
    both = tail_fit.fit(Samples(np.full(140, 100), np.r_[hard, easy], np.ones(140))).unsolved(ks)[0]
    assert np.median(both) * 140 == pytest.approx(np.median(alone) * 80, rel=1e-6)
