import numpy as np
import pytest

from orchestrator.coverage import bootstrap
from orchestrator.coverage.passk import pass_at_k


def band(values):
    return bootstrap.coverage_band(values, bootstrap.resampled_means(values))


def test_weights_draw_as_many_problems_as_there_are_and_repeat():
    blocks = np.concatenate(list(bootstrap.weights(50, 300)))
    assert blocks.shape == (300, 50)
    assert blocks.sum(axis=1) == pytest.approx(np.ones(300))
    assert np.array_equal(blocks, np.concatenate(list(bootstrap.weights(50, 300))))
    assert blocks.mean(axis=0) == pytest.approx(np.full(50, 1 / 50), rel=0.4)


def test_many_problems_are_drawn_in_blocks():
    sizes = [len(block) for block in bootstrap.weights(1_500_000, 5)]
    assert sizes == [2, 2, 1]


@pytest.mark.parametrize("problems", [30, 128])
def test_bands_hold_the_truth_as_often_as_they_say(problems):
    generator = np.random.default_rng(3)
    truth = np.array([0.4 / 3.4, 1 - np.exp(_log_beta(0.4, 13) - _log_beta(0.4, 3))])
    held = np.zeros(2)
    for _ in range(200):
        rates = generator.beta(0.4, 3, problems)
        counts = generator.binomial(50, rates)
        low, high = band(pass_at_k(np.full(problems, 50), counts, np.array([1, 10])))
        held += (low <= truth) & (truth <= high)
    assert (held / 200 > 0.88).all()


def _log_beta(a, b):
    from math import lgamma

    return lgamma(a) + lgamma(b) - lgamma(a + b)


def test_all_or_none_solved_is_clopper_pearson_not_a_point():
    low, high = band(np.column_stack([np.zeros(20), np.ones(20)]))
    edge = 1 - 0.025 ** (1 / 20)
    assert low == pytest.approx([0.0, 1 - edge])
    assert high == pytest.approx([edge, 1.0])


def test_one_problem_says_next_to_nothing():
    low, high = band(np.array([[0.5]]))
    assert low[0] < 0.05
    assert high[0] > 0.95


@pytest.mark.parametrize("problems", [2, 5, 30])
@pytest.mark.parametrize("share", [0.1, 0.4, 0.65])
def test_problems_that_are_all_alike_give_no_point(problems, share):
    """Others may differ: their band is that of as many problems solved or not."""
    values = np.full((problems, 1), share)
    (low,), (high,) = band(values)
    limits = bootstrap.jeffreys(np.array([share * problems]), np.array([float(problems)]))
    assert low <= limits[0][0] + 1e-9 < share - 0.05
    assert high >= limits[1][0] - 1e-9 > share + 0.05


def test_bands_hold_the_point():
    generator = np.random.default_rng(0)
    for problems in (1, 2, 3, 10):
        values = generator.random((problems, 5))
        low, high = band(values)
        assert (low <= values.mean(axis=0)).all()
        assert (values.mean(axis=0) <= high).all()


@pytest.mark.parametrize("problems", [1, 5, 30])
def test_clopper_pearson_is_where_the_binomial_tail_is_2_5_percent(problems):
    for solved in range(problems + 1):
        low, high = (float(x[0]) for x in bootstrap.clopper_pearson(np.array([float(solved)]), problems))
        as_many = sum(_binomial(problems, i, low) for i in range(solved, problems + 1))
        as_few = sum(_binomial(problems, i, high) for i in range(solved + 1))
        assert (low == 0) if solved == 0 else as_many == pytest.approx(0.025, abs=1e-9)
        assert (high == 1) if solved == problems else as_few == pytest.approx(0.025, abs=1e-9)


def _binomial(n, c, p):
    from math import comb

    return comb(n, c) * p**c * (1 - p) ** (n - c)


def test_bands_hold_with_few_problems_and_where_few_are_solved():
    """Quantiles alone hold 89 to 92% with 20 problems."""
    from benchmarks.statistics.bands import KS, SHAPES, of_cell

    generator = np.random.default_rng(5)
    for name, problems in (("Beta(2,1.5)", 10), ("Beta(.4,3)", 20)):
        far = SHAPES[name](generator, 200_000)
        truth = 1 - ((1 - far[:, None]) ** KS).mean(axis=0)
        held, _, width = of_cell(generator, SHAPES[name], truth, problems, 500)
        assert (held >= 0.92).all(), (name, held)
        assert width[0] < 1.3
