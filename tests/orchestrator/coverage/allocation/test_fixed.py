"""Where the next samples go: the variance by enumeration, the allocation against every other on small cases."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest

from orchestrator.coverage.allocation.fixed import Side, best, side, standard_error, uniform
from orchestrator.coverage.samples import Samples


def made(k, n, cost, alpha, beta) -> Side:
    columns = (np.array(n, np.int64), *(np.array(x, np.float64) for x in (cost, alpha, beta)))
    return Side(k, *columns)


@pytest.mark.parametrize(("n", "k"), [(1, 1), (5, 1), (6, 3), (7, 7), (12, 5)])
def test_the_variance_is_that_of_the_estimator_by_enumeration(n, k):
    a, b = 0.7, 2.3
    grid = (np.arange(20_000) + 0.5) / 20_000
    weight = grid ** (a - 1) * (1 - grid) ** (b - 1)
    weight /= weight.sum()
    missed = np.array([comb(n - c, k) / comb(n, k) for c in range(n + 1)])
    chance = np.array([comb(n, c) * grid**c * (1 - grid) ** (n - c) for c in range(n + 1)])
    mean = missed @ chance
    variance = (((missed[:, None] - mean) ** 2) * chance).sum(axis=0)
    found = made(k, [n], [1.0], [a], [b]).variance(np.array([n]))
    assert found[0] == pytest.approx(float(weight @ variance), rel=1e-2)


def test_with_fewer_samples_than_k_it_is_that_of_k():
    one = made(4, [2], [1.0], [0.5], [3.0])
    assert one.variance(np.array([2]))[0] == one.variance(np.array([4]))[0]


def test_no_other_whole_allocation_of_a_small_sum_is_much_better():
    sides = (
        made(1, [4, 4, 4], [1.0, 1.0, 2.0], [0.4, 2.0, 1.0], [8.0, 2.0, 1.0]),
        made(1, [4, 4, 4], [5.0, 5.0, 5.0], [1.0, 3.0, 1.0], [1.0, 9.0, 30.0]),
    )
    money = 40.0
    found = best(sides, money)
    costs = np.concatenate([one.cost for one in sides])
    best_of_all = min(
        standard_error(sides, tuple(np.split(np.array(more) + 4, 2)))
        for more in product(range(0, 21, 4), range(0, 21, 4), range(0, 9, 4), range(4), range(4), range(4))
        if np.dot(more, costs) <= money
    )
    assert found.spent <= money
    assert found.error <= best_of_all * 1.02
    assert found.error < uniform(sides, money).error


def test_money_goes_where_it_is_open_and_cheap():
    sure, open_ = (0.5, 200.0), (100.0, 100.0)
    one = made(1, [50] * 3, [1.0, 1.0, 9.0], [sure[0], open_[0], open_[0]], [sure[1], open_[1], open_[1]])
    none = made(1, [50] * 3, [1.0] * 3, [0.01] * 3, [1e6] * 3)
    (targets, others) = best((one, none), 600.0).targets
    assert targets[0] < 100 < targets[1]
    assert targets[1] / targets[2] == pytest.approx(3.0, rel=0.05)  # the root of the ratio of costs
    assert (others == 50).all()


def test_what_is_there_is_never_given_back_and_nothing_is_overspent():
    generator = np.random.default_rng(3)
    for _ in range(50):
        n = generator.integers(5, 60, 8)
        c = generator.binomial(n, generator.beta(0.4, 3, 8))
        sides = tuple(
            side(Samples(n, c, generator.lognormal(0, 1, 8)), int(generator.integers(1, 5))) for _ in range(2)
        )
        money = float(generator.lognormal(3, 2))
        found = best(sides, money)
        assert all((t >= one.n).all() for t, one in zip(found.targets, sides, strict=True))
        assert found.spent <= money * (1 + 1e-9)
        assert money - found.spent <= max(float(one.cost.max()) for one in sides)


def test_no_solved_problem_and_one_problem_have_a_posterior_too():
    unsolved = side(Samples(np.array([9, 9]), np.array([0, 0]), np.ones(2)), 2)
    alone = side(Samples(np.array([9]), np.array([3]), np.ones(1)), 2)
    for one in (unsolved, alone):
        assert np.isfinite(one.variance(one.n)).all()
        assert (one.variance(one.n) > one.variance(one.n * 10)).all()


def test_a_simulated_error_is_the_expected_one_and_uniform_needs_twice_the_money():
    """benchmarks/statistics/next_dollar.py has the table; this is one of its easier rows."""
    generator = np.random.default_rng(11)
    planned, even, expected = [], [], []
    for _ in range(40):
        p = generator.beta(0.3, 6, 60)
        rates = [p, np.minimum(4 * p, 0.9)]
        n = np.full(60, 40)
        counts = [generator.binomial(n, r) for r in rates]
        costs, ks = [np.ones(60), np.full(60, 20.0)], [5, 1]
        sides = tuple(side(Samples(n, c, cost), k) for c, cost, k in zip(counts, costs, ks, strict=True))
        truth = float((1 - (1 - rates[0]) ** 5).mean() - rates[1].mean())
        money = 40.0 * 21 * 60
        for targets, errors in (
            (best(sides, money).targets, planned),
            (uniform(sides, 2 * money).targets, even),
        ):
            got = [
                Samples(t, c + generator.binomial(t - n, r), np.ones(60)).solved(np.array([k])).mean()
                for t, c, r, k in zip(targets, counts, rates, ks, strict=True)
            ]
            errors.append(got[0] - got[1] - truth)
        expected.append(best(sides, money).error)
    assert np.sqrt(np.mean(np.square(planned))) <= np.sqrt(np.mean(np.square(even))) * 1.1
    assert np.mean(expected) == pytest.approx(np.sqrt(np.mean(np.square(planned))), rel=0.3)
