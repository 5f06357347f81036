import time

import numpy as np
import pytest

from orchestrator.coverage import bootstrap
from orchestrator.coverage.pairs.compare import compare
from orchestrator.coverage.samples import Samples
from orchestrator.coverage.search import search


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
    target = expensive.solved(np.array([expensive_k]))[:, 0]
    affordable = int(expensive_k * expensive.cost.mean() / cheap.cost.mean() * (1 + 1e-12))
    k = min(affordable, cheap.largest_k)

    def reached(weight):
        return weight @ cheap_values >= weight @ target - 1e-12

    draws = np.array([reached(weight) for block in bootstrap.weights(cheap.problems) for weight in block])
    gaps = [
        weight @ (cheap_values[:, k - 1] - target) for b in bootstrap.weights(cheap.problems) for weight in b
    ]
    fewest = [row.argmax() + 1 if row.any() else np.inf for row in draws]
    low, high = np.quantile(fewest, [0.025, 0.975], method="closest_observation")
    sure = np.flatnonzero(draws.mean(axis=0) >= 0.95)
    whole = np.flatnonzero(reached(np.full(cheap.problems, 1 / cheap.problems)))
    return {
        "cheap_k": int(whole[0]) + 1 if len(whole) else None,
        "cheap_k_low": int(low),
        "cheap_k_high": int(high) if np.isfinite(high) else None,
        "sure_k": int(sure[0]) + 1 if len(sure) else None,
        "affordable_k": affordable,
        "probability": likely(
            np.mean(gaps) + 0.3 / cheap.problems, np.hypot(np.std(gaps), 2**0.5 / cheap.problems)
        ),
    }


def likely(seen, error):
    """Of true gaps on a fine grid, all as likely, and of none, as likely as all within .03; none counts half."""
    gaps = np.linspace(-2, 2, 400_001)
    like = np.exp(-0.5 * ((gaps - seen) / error) ** 2)
    none = 0.06 / (gaps[1] - gaps[0]) * np.exp(-0.5 * (seen / error) ** 2)
    return (like[gaps > 0].sum() + none / 2) / (like.sum() + none)


@pytest.mark.parametrize("seed", range(3))
def test_every_pair_as_the_contract_defines_it(seed):
    cheap, expensive = model(seed, 40, 30, 0.5, 3, 1.0), model(seed + 50, 40, 4, 1, 2, 6.0)
    rows = compare(searched(cheap), searched(expensive))
    assert [row.expensive_k for row in rows] == [1, 4]
    for row in rows:
        expected = by_definition(cheap, expensive, row.expensive_k)
        for key in ("cheap_k", "cheap_k_high", "sure_k", "affordable_k"):
            assert getattr(row, key) == pytest.approx(expected[key], abs=1e-12), key
        assert row.probability == pytest.approx(expected["probability"], abs=1e-4)
        assert row.basis == "sampled"
        assert row.coverage_expensive == pytest.approx(expensive.solved(np.array([row.expensive_k])).mean())
        assert row.cost_expensive == pytest.approx(row.expensive_k * expensive.cost.mean())
        if row.cheap_k is not None:
            assert row.coverage_cheap == pytest.approx(cheap.solved(np.array([row.cheap_k])).mean())
            assert row.cost_cheap == pytest.approx(row.cheap_k * cheap.cost.mean())


def test_between_the_searched_k_the_fewest_are_found_all_the_same():
    cheap, expensive = model(1, 30, 3000, 0.3, 4, 1.0), model(2, 30, 20, 0.6, 2, 40.0)
    row = compare(searched(cheap), searched(expensive))[1]
    expected = by_definition(cheap, expensive, 20)
    assert row.cheap_k is not None
    assert row.cheap_k > 100
    assert (row.cheap_k, row.sure_k) == (expected["cheap_k"], expected["sure_k"])
    assert row.probability == pytest.approx(expected["probability"], abs=1e-4)


def test_the_same_model_twice_is_reached_by_one_sample_and_as_likely_either_way():
    one = model(3, 25, 10, 0.5, 2, 1.0)
    rows = compare(searched(one), searched(one))
    even = pytest.approx(0.54, abs=0.02)
    assert [(row.cheap_k, row.expensive_k, row.probability) for row in rows] == [(1, 1, even), (10, 10, even)]


def test_a_problem_more_than_none_is_no_certainty_and_both_sides_share_it():
    """Draws of problems all have the cheap side ahead or level."""
    ahead = Samples(np.full(50, 4), np.array([4] * 26 + [0] * 24), np.ones(50))
    behind = Samples(np.full(50, 4), np.array([4] * 25 + [0] * 25), np.ones(50))
    for problems, least, most in ((50, 0.6, 0.8), (5, 0.5, 0.8)):
        one, other = (
            of.take(np.arange(25 - problems // 2, 25 - problems // 2 + problems)) for of in (ahead, behind)
        )
        won, lost = (
            compare(searched(a), searched(b))[0].probability for a, b in ((one, other), (other, one))
        )
        assert won is not None
        assert lost is not None
        assert least < won < most
        assert won + lost == pytest.approx(1, abs=0.15)


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
    assert row.probability is not None
    assert row.probability < 0.02


def test_sampled_until_solved_counts_the_trials():
    first = np.array([1, 2, 7, 150, 0])
    cheap = Samples(np.array([1, 2, 7, 150, 400]), (first > 0).astype(np.int64), np.ones(5), first)
    expensive = Samples(np.full(5, 1), np.array([1, 1, 1, 1, 0]), np.full(5, 100.0))
    row = compare(searched(cheap), searched(expensive))[0]
    assert (row.cheap_k, row.coverage_cheap) == (150, 0.8)
    assert row.cost_cheap == pytest.approx((1 + 2 + 7 + 150 + 150) / 5), (
        "as drawn: a solved problem asks no more"
    )
    assert row.affordable_k == 340, "(1 + 2 + 7 + 150 + k) / 5 is at most 100"


def test_no_common_k_no_search():
    assert search(Samples(np.array([0, 0]), np.array([0, 0]), np.ones(2))) is None
    row = searched(Samples(np.array([0, 3]), np.array([0, 1]), np.ones(2)))
    assert (row.largest, row.at(3)) == (3, 0.5), "a problem that lost all its samples counts as unsolved"


def test_a_thousand_problems_of_ten_thousand_samples_in_a_second():
    models = [model(4, 1000, 10_000, 0.4, 3, 1.0), model(5, 1000, 10_000, 0.6, 2, 30.0)]
    start = time.process_time()
    compare(searched(models[0]), searched(models[1]))
    assert time.process_time() - start < 2  # one second on a quiet machine; two processes' time here


def test_as_much_money_and_as_much_coverage_as_every_draw_has_it():
    cheap, expensive = model(5, 40, 60, 0.5, 3, 1.0), model(55, 40, 4, 1, 2, 6.0)
    row = compare(searched(cheap), searched(expensive))[0]
    values, target = cheap.solved(np.arange(1, 61)), expensive.solved(np.array([1]))[:, 0]
    costs, covers, gains, turns = [], [], [], []
    k = int(expensive.cost.mean() / cheap.cost.mean())
    for block in bootstrap.weights(40):
        for weight in block:
            reached = np.flatnonzero(weight @ values >= weight @ target - 1e-12)
            turns.append(reached[0] + 1 if len(reached) else np.inf)
            costs.append(turns[-1] * (weight @ cheap.cost))
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
    row = compare(searched(largest), searched(few))[0]
    found = row.equal_cost
    assert found is not None
    assert (row.affordable_k, found.cheap_k, found.coverage.value, found.coverage.high) == (0, 0, 0.0, 0.0)
    assert found.gain.value == pytest.approx(-0.25)


def capped(beyond=None):
    """8 of the cheap were sampled, and one expensive sample pays for 50; truly 50 of them cover more."""
    cheap = Samples(np.full(40, 8), np.array([0] * 20 + [1] * 20), np.full(40, 1.0))
    expensive = Samples(np.full(40, 8), np.full(40, 6), np.full(40, 50.0))
    return compare(searched(cheap), searched(expensive), beyond)[0]


def test_what_was_not_sampled_that_far_is_not_told_as_less():
    row = capped()
    assert (row.cheap_k, row.affordable_k, row.compared_k) == (None, 50, 8)
    assert (row.probability, row.basis) == (None, None), "nothing was fitted, so nothing is known"
    asked: list[int] = []
    further = capped(lambda k: asked.append(k) or np.full(bootstrap.DRAWS, 0.9))
    assert asked[0] == 50
    assert (further.probability, further.basis) == (1.0, "extrapolated")


def test_what_already_covers_as_much_needs_no_extrapolation():
    cheap = Samples(np.full(40, 8), np.full(40, 4), np.full(40, 1.0))
    expensive = Samples(np.full(40, 8), np.full(40, 2), np.full(40, 50.0))
    row = compare(searched(cheap), searched(expensive))[0]
    assert (row.affordable_k, row.compared_k, row.basis, row.probability) == (50, 8, "sampled", 1.0)
    assert row.sure_k is not None
    assert row.sure_k <= 2


def test_no_end_to_what_is_affordable_where_the_cheap_side_is_free_or_stops():
    free = Samples(np.full(5, 4), np.full(5, 1), np.zeros(5))
    paid = Samples(np.full(5, 4), np.full(5, 1), np.ones(5))
    row = compare(searched(free), searched(paid))[0]
    assert (row.affordable_k, row.compared_k, row.basis) == (None, 4, "sampled")
    first = np.array([1, 2, 3, 1, 0])
    stops = Samples(np.array([1, 2, 3, 1, 6]), (first > 0).astype(np.int64), np.ones(5), first)
    row = compare(searched(stops), searched(Samples(np.full(5, 1), np.full(5, 1), np.full(5, 9.0))))[0]
    assert (row.affordable_k, row.compared_k) == (None, 6), "asking six times costs 2.6 a problem"


def test_lost_samples_count_against_the_side_that_wins():
    n, lost = np.full(30, 4), np.array([8] * 15 + [0] * 15)
    cheap = Samples(n, np.array([0] * 15 + [1] * 15), np.ones(30), lost=lost)
    expensive = Samples(n, np.full(30, 3), np.full(30, 4.0))
    gaps = compare(searched(cheap), searched(expensive))[0].gaps
    assert gaps.judged.mean() == pytest.approx(0.5 - 0.75)
    assert gaps.against_cheap.mean() == pytest.approx(0.5 - 0.75), (
        "the lost ones are on problems with no pass"
    )
    upper = 1 - 0.05 ** (1 / 4)
    rate = 8 * upper / 12
    assert gaps.against_expensive[0] == pytest.approx(1 - (1 - rate) ** 4 - 0.75, abs=0.06)


def test_a_problem_lost_whole_is_unsolved_for_the_winner_and_solved_for_the_loser():
    cheap = Samples(np.array([4, 0]), np.array([4, 0]), np.ones(2), lost=np.array([0, 4]))
    expensive = Samples(np.array([4, 4]), np.array([4, 4]), np.full(2, 2.0))
    row = compare(searched(cheap), searched(expensive))[0]
    assert (row.gaps.judged.tolist(), row.gaps.against_expensive.tolist()) == ([0.0, -1.0], [0.0, 0.0])
