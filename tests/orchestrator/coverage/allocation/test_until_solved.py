"""Where the next attempts go of problems asked until solved: chances and variances by integration, choices by trying
all."""

from itertools import product

import numpy as np
import pytest

from orchestrator.coverage.allocation.until_solved import Attempts, alike, allocation, attempts, reach, settle
from orchestrator.coverage.samples import Samples


def made(k, n, first, cost, a=0.6, b=4.0):
    whole = (np.array(n, np.int64), np.array(first, np.int64))
    return Attempts(k, *whole, np.array(cost, np.float64), a, b)


@pytest.mark.parametrize("more", [0, 1, 4, 9, 30])
def test_what_is_left_open_is_that_of_the_spread_by_integration(more):
    one = made(12, [3], [0], [2.0])
    p = (np.arange(200_000) + 0.5) / 200_000
    weight = p ** (0.6 - 1) * (1 - p) ** (4.0 - 1 + 3)
    weight /= weight.sum()
    tried = min(more, 9)
    unsolved = (1 - p) ** tried
    reached = float(weight @ unsolved)
    ends = float(weight @ (1 - p) ** 9) / reached  # of those that are unsolved after so many
    assert one.open(np.array([more]))[0] == pytest.approx(reached * ends * (1 - ends), rel=2e-3)
    assert one.solved()[0] == pytest.approx(1 - float(weight @ (1 - p) ** 9), rel=2e-3)
    asked = sum(float(weight @ (1 - p) ** j) for j in range(more))
    assert one.price(np.array([more]))[0] == pytest.approx(2.0 * asked, rel=2e-3)


def test_a_solved_problem_is_known_and_costs_nothing():
    one = made(5, [2, 8, 5], [2, 8, 0], [1.0] * 3)
    assert one.solved().tolist() == [1.0, 0.0, 0.0]
    assert one.left.tolist() == [0, 0, 0]
    assert one.open(np.zeros(3, np.int64)).tolist() == [0.0, 0.0, 0.0]
    assert one.price(np.full(3, 7)).tolist()[:2] == [0.0, 0.0]


def test_no_other_allocation_of_a_small_sum_is_much_better():
    sides = (
        made(8, [2, 3, 5], [0, 0, 0], [1.0, 1.0, 3.0]),
        made(4, [1, 2, 2], [1, 0, 0], [5.0, 5.0, 4.0], 1.0, 2.0),
    )
    whole = [range(int(left) + 1) for one in sides for left in one.left]
    for money in (2.0, 6.0, 15.0):
        found = settle(sides, money)
        assert found.spent <= money * (1 + 1e-9)
        least = np.inf
        for more in product(*whole):
            split = np.split(np.array(more, np.int64), 2)
            tried = allocation(sides, (split[0], split[1]))
            if tried.spent <= money:
                least = min(least, tried.error)
        now = allocation(sides, (np.zeros(3, np.int64), np.zeros(3, np.int64))).error
        assert now**2 - found.error**2 >= 0.75 * (now**2 - least**2)  # whole problems: the last may not fit
        assert found.error <= alike(sides, money).error


def test_more_is_compared_where_money_settles_more_and_no_less_than_there_is():
    cheap, expensive = made(1, [10] * 4, [0] * 4, [1.0] * 4), made(1, [2] * 4, [0, 0, 0, 1], [10.0] * 4)
    least = reach(cheap, expensive, 2, 0.0)
    assert (least[0].k, least[1].k) == (20, 2)
    full = sum(float(one.price(one.left).sum()) for one in least)
    assert reach(cheap, expensive, 2, full * 1.001)[1].k == 2
    more = reach(cheap, expensive, 2, 20 * full)
    assert more[1].k > 2
    assert more[0].k == 10 * more[1].k
    assert sum(float(one.price(one.left).sum()) for one in more) <= 20 * full
    assert settle(more, 20 * full).error == pytest.approx(0.0, abs=1e-12)
    assert reach(cheap, expensive, 2, 1e12)[0].k == 1000  # a hundred times what was tried, no farther


def test_the_spread_is_fitted_to_where_problems_stopped():
    generator = np.random.default_rng(4)
    first = generator.geometric(np.clip(generator.beta(0.5, 3, 3000), 1e-9, 1))
    seen = np.where(first <= 40, first, 0)
    n = np.where(seen > 0, seen, 40)
    found = attempts(Samples(n, (seen > 0).astype(np.int64), np.ones(3000), seen), 400)
    assert (found.a, found.b) == (pytest.approx(0.5, rel=0.15), pytest.approx(3.0, rel=0.2))
    assert found.solved().mean() == pytest.approx((first <= 400).mean(), abs=0.03)


def test_without_a_solved_problem_there_is_an_answer_too():
    found = attempts(Samples(np.array([9, 9]), np.array([0, 0]), np.ones(2), np.zeros(2, np.int64)), 20)
    assert np.isfinite(found.open(np.zeros(2, np.int64))).all()
