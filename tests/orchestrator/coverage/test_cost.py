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
