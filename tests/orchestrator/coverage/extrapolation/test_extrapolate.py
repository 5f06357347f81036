import numpy as np
import pytest

from benchmarks.extrapolation.shapes import KNOWN, logit_normal, mixture
from orchestrator.coverage.extrapolation import extrapolate as extrapolation
from orchestrator.coverage.extrapolation import tail_fit
from orchestrator.coverage.extrapolation.extrapolate import Extrapolation, extrapolate
from orchestrator.coverage.extrapolation.thinning import thinned
from orchestrator.coverage.samples import Samples

pytestmark = pytest.mark.slow


def drawn(rates, n, seed=0):
    counts = np.random.default_rng(seed).binomial(n, rates)
    return Samples(np.full(len(rates), n), counts, np.ones(len(rates)))


def until_solved(rates, cap, seed=0):
    trial = np.random.default_rng(seed).geometric(np.maximum(rates, 1e-12))
    first = np.where(trial <= cap, trial, 0)
    n = np.minimum(trial, cap)
    return Samples(n, (first > 0).astype(np.int64), np.ones(len(rates)), first)


def fixed(counts, n):
    return Samples(np.full(len(counts), n), np.array(counts), np.ones(len(counts)))


def truth(rates, ks):
    return np.array([np.mean(1 - (1 - rates) ** k) for k in ks])


def found_of(samples, factor=100):
    found = extrapolate(samples, factor)
    assert isinstance(found, Extrapolation)
    return found


def test_goes_to_a_hundred_times_in_steps_and_never_falls():
    samples = drawn(np.random.default_rng(1).beta(0.4, 3, 128), 100)
    found = found_of(samples)
    assert found.ks.tolist() == [200, 500, 1000, 2000, 5000, 10_000]
    assert found.coverage[0] >= samples.solved(np.array([100])).mean()
    assert (np.diff(found.coverage) >= 0).all()
    assert (found.low <= found.coverage).all()
    assert (found.coverage <= found.high).all()
    assert found.model_dependent.tolist() == [False, False, True, True, True, True]
    assert "beyond k = 500 (5 × the sampled k)" in found.method


def test_the_same_samples_give_the_same_figures():
    samples = drawn(np.random.default_rng(1).beta(0.4, 3, 60), 40)
    one, other = found_of(samples), found_of(samples)
    assert np.array_equal([one.coverage, one.low, one.high], [other.coverage, other.low, other.high])
    nearer = found_of(samples, factor=10)
    assert nearer.ks.tolist() == [50, 100, 200]
    assert nearer.coverage == pytest.approx(one.coverage[: len(nearer.ks)])


@pytest.mark.parametrize("shape", KNOWN)
def test_bands_hold_the_truth_and_points_come_near(shape):
    held, errors = [], []
    for seed in range(4):
        rates = KNOWN[shape](np.random.default_rng(seed), 128)
        found = found_of(drawn(rates, 100, seed))
        true = truth(rates, found.ks)
        held.append((found.low <= true) & (true <= found.high))
        errors.append(np.log(found.coverage / true))
    assert np.mean(held) > 0.9
    assert np.abs(errors).mean() < 0.12


def test_sampled_until_solved_comes_to_the_same():
    """Fewer samples in all: a wider band, and a point less near."""
    rates = np.random.default_rng(3).beta(0.4, 3, 1000)
    for samples, near in ((drawn(rates, 100), 0.03), (until_solved(rates, 100), 0.09)):
        found = found_of(samples)
        true = truth(rates, found.ks)
        assert found.coverage == pytest.approx(true, abs=near)
        assert ((found.low <= true) & (true <= found.high)).all()


def test_many_problems_that_are_never_solved():
    rates = mixture((0.4, logit_normal(-3, 2)))(np.random.default_rng(8), 400)
    found = found_of(drawn(rates, 100))
    true = truth(rates, found.ks)
    assert ((found.low <= true) & (true <= found.high)).all()
    assert found.high[-1] < 0.85
    assert found.coverage == pytest.approx(true, abs=0.25)


def test_unequal_numbers_of_samples():
    generator = np.random.default_rng(4)
    rates = generator.beta(0.4, 3, 400)
    n = generator.integers(50, 400, 400)
    found = found_of(Samples(n, generator.binomial(n, rates), np.ones(400)))
    true = truth(rates, found.ks)
    assert found.coverage == pytest.approx(true, abs=0.05)
    assert ((found.low <= true) & (true <= found.high)).all()


@pytest.mark.parametrize(
    ("counts", "n", "reason"),
    [
        ([0, 1, 1] * 10, 1, "at least 2"),
        ([0] * 30, 10, "no problem is solved"),
        ([4] * 30, 4, "every problem is solved by k = 4"),
        ([1, 3] * 15, 4, "every problem is solved by k = 4"),
        ([0, 2, 1], 10, "3 problems say too little"),
        ([0] * 12 + [1], 20, "can't tell"),
    ],
)
def test_says_why_there_is_none(counts, n, reason):
    assert reason in str(extrapolate(fixed(counts, n)))


def test_the_laws_end_at_a_hundred_times():
    with pytest.raises(ValueError, match="1 to 100"):
        extrapolate(fixed([0, 1] * 10, 4), 1000)


def test_back_test_foretells_all_samples_from_a_tenth():
    found = found_of(drawn(np.random.default_rng(6).beta(0.4, 3, 200), 200))
    test = found.back_test
    assert test is not None
    assert (test.from_k, test.to_k) == (20, 200)
    assert test.held
    assert test.low < test.coverage < test.high
    assert test.log_error == pytest.approx(np.log(test.coverage / test.observed))
    assert found_of(drawn(np.random.default_rng(6).beta(0.4, 3, 200), 19)).back_test is None


def test_thinned_draws_without_replacement_or_takes_the_first():
    kept = thinned(fixed([0, 3, 10, 10], 10), 4)
    assert kept.n.tolist() == [4] * 4
    assert kept.c[[0, 2, 3]].tolist() == [0, 4, 4]
    assert 0 <= kept.c[1] <= 3
    many = thinned(fixed([3] * 20_000, 10), 4)
    assert many.c.mean() == pytest.approx(1.2, abs=0.03)
    stopped = Samples(np.array([2, 7, 9]), np.array([1, 1, 0]), np.ones(3), np.array([2, 7, 0]))
    fewer = thinned(stopped, 5)
    assert fewer.first is not None
    assert (fewer.n.tolist(), fewer.c.tolist(), fewer.first.tolist()) == ([2, 5, 5], [1, 0, 0], [2, 0, 0])


def test_the_model_is_quick_on_counts():
    import time

    generator = np.random.default_rng(0)
    samples = drawn(generator.beta(0.3, 3, 1000), 10_000)
    began = time.process_time()
    found_of(samples)
    assert time.process_time() - began < 3


def test_a_few_solved_problems_give_no_line():
    """One of 128 solved by luck says nothing of the others."""
    n, c = np.full(128, 10), np.zeros(128, np.int64)
    c[:7] = 1
    assert "7 problems are solved, and it needs 8" in str(extrapolate(Samples(n, c, np.ones(128))))


def test_the_point_lies_between_the_laws_and_the_power_law():
    """Few solved problems leave the laws far apart, so the power law decides; a law that its last k deny doesn't."""
    counts = np.r_[[1] * 10, [2] * 3, [5], [0] * 114]
    samples, ks = fixed(counts, 10), np.array([100])
    found = extrapolation._power_law(samples, ks)
    assert found is not None
    law, off = found
    assert abs(off[0]) < 0.1
    spread = left(np.linspace(0.3, 0.9, 101))
    told = float(extrapolation._point(samples, ks, spread)[0])
    assert min(law[0], 0.6) < told < max(law[0], 0.6)
    certain = left(np.linspace(0.599, 0.601, 101))
    assert extrapolation._point(samples, ks, certain)[0] == pytest.approx(0.6, abs=0.002)


def left(coverage):
    unsolved = 1 - coverage[:, None]
    return tail_fit.Unsolved(unsolved, unsolved, unsolved)


@pytest.mark.parametrize("factor", [10, 100])
def test_a_power_law_counts_for_less_the_more_problems_it_leaves_unsolved(factor):
    """Of a rate that most problems are far from, coverage grows with k, and a power law foretells too little of it."""
    weights = []
    for solved in (10, 40, 90):
        samples = fixed(np.r_[[1] * solved, [0] * (128 - solved)], 20)
        ks = np.array([20 * factor])
        found = extrapolation._power_law(samples, ks)
        assert found is not None
        law = float(found[0][0])
        told = float(extrapolation._point(samples, ks, left(law * np.linspace(0.8, 1.02, 101)))[0])
        weights.append(np.log(told / (0.91 * law)) / np.log(1 / 0.91))
    assert weights == sorted(weights)
    assert weights[0] < weights[-1] - 0.05
