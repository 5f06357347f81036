import time

import numpy as np
import pytest

from orchestrator.coverage import bootstrap
from orchestrator.coverage.compare import compare, search
from orchestrator.coverage.samples import Samples


def model(seed, problems, n, a, b, cost):
    generator = np.random.default_rng(seed)
    counts = generator.binomial(n, generator.beta(a, b, problems))
    return Samples(np.full(problems, n), counts, cost * generator.uniform(0.5, 1.5, problems))


def searched(samples):
    found = search(samples)
    assert found is not None
    return found


def by_definition(cheap, expensive, expensive_k):
    """CONTRACT's comparison with plain loops: every k, every draw on its own."""
    cheap_values = cheap.solved(np.arange(1, cheap.largest_k + 1))
    expensive_values = expensive.solved(np.array([expensive_k]))[:, 0]

    def fewest(weight):
        reached = np.flatnonzero(weight @ cheap_values >= weight @ expensive_values - 1e-12)
        return int(reached[0]) + 1 if len(reached) else None

    even = np.full(cheap.problems, 1 / cheap.problems)
    pays = []
    for block in bootstrap.weights(cheap.problems):
        for weight in block:
            k = fewest(weight)
            pays.append(
                k is not None
                and k * (weight @ cheap.cost) <= expensive_k * (weight @ expensive.cost) * (1 + 1e-12)
            )
    return fewest(even), np.mean(pays)


@pytest.mark.parametrize("seed", range(3))
def test_every_pair_as_the_contract_defines_it(seed):
    cheap, expensive = model(seed, 40, 30, 0.5, 3, 1.0), model(seed + 50, 40, 4, 1, 2, 6.0)
    rows = compare(searched(cheap), searched(expensive))
    assert [row.expensive_k for row in rows] == [1, 4]
    for row in rows:
        cheap_k, probability = by_definition(cheap, expensive, row.expensive_k)
        assert row.cheap_k == cheap_k
        assert row.probability == pytest.approx(probability, abs=1e-12)
        assert row.coverage_expensive == pytest.approx(expensive.solved(np.array([row.expensive_k])).mean())
        assert row.cost_expensive == pytest.approx(row.expensive_k * expensive.cost.mean())
        if cheap_k is not None:
            assert row.coverage_cheap == pytest.approx(cheap.solved(np.array([cheap_k])).mean())
            assert row.cost_cheap == pytest.approx(cheap_k * cheap.cost.mean())


def test_between_the_searched_k_the_fewest_are_found_all_the_same():
    cheap, expensive = model(1, 30, 3000, 0.3, 4, 1.0), model(2, 30, 20, 0.6, 2, 40.0)
    row = compare(searched(cheap), searched(expensive))[1]
    cheap_k, probability = by_definition(cheap, expensive, 20)
    assert cheap_k is not None
    assert cheap_k > 100
    assert row.cheap_k == cheap_k
    assert row.probability == pytest.approx(probability, abs=0.003)


def test_the_same_model_twice_is_reached_by_one_sample_for_sure():
    one = model(3, 25, 10, 0.5, 2, 1.0)
    rows = compare(searched(one), searched(one))
    assert [(row.cheap_k, row.expensive_k, row.probability) for row in rows] == [(1, 1, 1.0), (10, 10, 1.0)]


def test_none_where_no_sampled_number_reaches():
    cheap = Samples(np.full(5, 10), np.array([1, 0, 0, 0, 0]), np.ones(5))
    expensive = Samples(np.full(5, 2), np.full(5, 2), np.full(5, 9.0))
    row = compare(searched(cheap), searched(expensive))[0]
    assert (row.cheap_k, row.coverage_cheap, row.cost_cheap, row.coverage_expensive) == (
        None,
        None,
        None,
        1.0,
    )
    assert row.probability < 0.01


def test_sampled_until_solved_counts_the_trials():
    first = np.array([1, 2, 7, 150, 0])
    cheap = Samples(np.array([1, 2, 7, 150, 400]), (first > 0).astype(np.int64), np.ones(5), first)
    expensive = Samples(np.full(5, 1), np.array([1, 1, 1, 1, 0]), np.full(5, 100.0))
    row = compare(searched(cheap), searched(expensive))[0]
    assert (row.cheap_k, row.coverage_cheap, row.cost_cheap) == (150, 0.8, 150.0)


def test_no_common_k_no_search():
    assert search(Samples(np.array([0, 3]), np.array([0, 1]), np.ones(2))) is None


def test_a_thousand_problems_of_ten_thousand_samples_in_a_second():
    models = [model(4, 1000, 10_000, 0.4, 3, 1.0), model(5, 1000, 10_000, 0.6, 2, 30.0)]
    start = time.process_time()
    compare(*(searched(one) for one in models))
    assert time.process_time() - start < 2  # one second on a quiet machine; two processes' time here


def test_as_much_money_and_as_much_coverage_as_every_draw_has_it():
    cheap, expensive = model(5, 40, 60, 0.5, 3, 1.0), model(55, 40, 4, 1, 2, 6.0)
    row = compare(searched(cheap), searched(expensive))[0]
    values, target = cheap.solved(np.arange(1, 61)), expensive.solved(np.array([1]))[:, 0]
    costs, covers, gains, turns = [], [], [], []
    for block in bootstrap.weights(40):
        for weight in block:
            reached = np.flatnonzero(weight @ values >= weight @ target - 1e-12)
            turns.append(reached[0] + 1 if len(reached) else np.inf)
            costs.append(turns[-1] * (weight @ cheap.cost))
            k = min(int((weight @ expensive.cost) / (weight @ cheap.cost) * (1 + 1e-12)), 60)
            covers.append(weight @ values[:, k - 1])
            gains.append(covers[-1] - weight @ target)
    found = row.equal_cost
    assert found is not None
    assert found.cheap_k == int(expensive.cost.mean() / cheap.cost.mean())
    assert found.coverage.value == pytest.approx(values[:, found.cheap_k - 1].mean())
    for banded, draws in (
        (row.equal_coverage, costs),
        (row.turns_at, turns),
        (found.coverage, covers),
        (found.gain, gains),
    ):
        low, high = np.quantile(draws, [0.025, 0.975], method="closest_observation")
        assert (banded.low, banded.high) == pytest.approx((low, high))


def test_money_for_more_than_was_sampled_says_so():
    cheap, expensive = model(7, 20, 5, 0.5, 3, 1.0), model(8, 20, 3, 1, 2, 100.0)
    found = compare(searched(cheap), searched(expensive))[0].equal_cost
    assert found is not None
    assert (found.cheap_k, found.capped) == (5, True)
    assert found.coverage.value == pytest.approx(cheap.solved(np.array([5])).mean())


def test_money_for_less_than_one_covers_nothing():
    largest = Samples(np.full(5, 4), np.full(5, 2), np.full(5, 1.0))
    few = Samples(np.full(5, 4), np.full(5, 1), np.full(5, 0.1))
    found = compare(searched(largest), searched(few))[0].equal_cost
    assert found is not None
    assert (found.cheap_k, found.coverage.value, found.coverage.high) == (0, 0.0, 0.0)
    assert found.gain.value == pytest.approx(-0.25)
