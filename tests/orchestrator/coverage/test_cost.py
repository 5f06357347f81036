import numpy as np
import pytest

from orchestrator.coverage import cost


def test_cost_of_k_weighs_problems_not_samples():
    mean = cost.mean_cost(np.array([10, 400]), np.array([10, 100]))
    assert cost.cost_of_k(mean, np.array([1, 4])) == pytest.approx([2.5, 10.0])


def test_unknown_costs_are_nan():
    assert np.isnan(cost.mean_cost(np.array([0, 5]), np.array([0, 1]))).tolist() == [True, False]


def test_two_numbers_for_the_cost_of_a_pass():
    n, c = np.array([10, 10]), np.array([1, 5])
    assert cost.cost_of_pass(20.0, 6) == pytest.approx(20 / 6)
    assert cost.cost_of_pass_problem_mean(np.array([1.0, 1.0]), n, c) == pytest.approx((10 + 2) / 2)
    assert cost.cost_of_pass(20.0, 0) is None
    assert cost.cost_of_pass_problem_mean(np.ones(2), n, np.array([0, 5])) is None


def test_bands_of_dollars_hold_the_truth_as_often_as_they_say():
    generator = np.random.default_rng(5)
    held = []
    for _ in range(150):
        rates = generator.beta(0.5, 2, 80)
        expensive = (
            1.0 + 3.0 * (1 - rates) + generator.exponential(0.2, 80)
        )  # hard problems have longer answers
        passes = generator.binomial(50, rates)
        low, high = cost.cost_band(expensive, np.array([1, 10]))
        of_pass = cost.cost_of_pass_band(50 * expensive, passes)
        held.append([low[0] <= 3.6 <= high[0], low[1] <= 36 <= high[1], of_pass[0] <= 18.0 <= of_pass[1]])
    assert (np.mean(held, axis=0) > 0.88).all()


def test_bands_of_dollars_at_their_ends():
    low, high = cost.cost_band(np.array([2.0]), np.array([1, 5]))
    assert (low.tolist(), high.tolist()) == ([2, 10], [2, 10])
    assert np.isnan(cost.cost_band(np.array([]), np.array([1]))[0]).all()
    assert cost.cost_of_pass_band(np.array([1.0, 1.0]), np.array([0, 0])) == (np.inf, np.inf)
    assert cost.cost_of_pass_band(np.array([1.0, 1.0]), np.array([0, 2])) == (0.5, np.inf)
    assert np.isnan(cost.cost_of_pass_band(np.array([]), np.array([], np.int64))).all()
