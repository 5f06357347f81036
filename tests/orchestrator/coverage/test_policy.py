"""Policies against enumeration of every order of a problem's samples, and against simulation."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from orchestrator.coverage.attempts import attempts
from orchestrator.coverage.frontier import Policy, best
from orchestrator.coverage.policy import buyable, by_problem, halves, offers
from orchestrator.coverage.samples import Samples


def samples(n: list[int], c: list[int], cost: list[float]) -> Samples:
    return Samples(np.array(n, np.int64), np.array(c, np.int64), np.array(cost))


def orders(n: int, c: int) -> list[tuple[int, ...]]:
    """All orders of n samples of which c are right, each equally likely."""
    return list(permutations([1] * c + [0] * (n - c)))


def asked(order: tuple[int, ...], k: int) -> int:
    """Samples until the first right one, at most k."""
    return next((i + 1 for i in range(k) if order[i]), k)


@pytest.mark.parametrize(("n", "c"), [(1, 0), (1, 1), (4, 0), (4, 1), (4, 3), (5, 2), (5, 5)])
def test_attempts_are_those_of_all_orders(n, c):
    ks = np.arange(1, n + 1)
    found = attempts(samples([n], [c], [1.0]), ks)[0]
    expected = [np.mean([asked(order, k) for order in orders(n, c)]) for k in ks]
    assert found == pytest.approx(expected, abs=1e-12)


def test_attempts_of_a_problem_sampled_until_solved_are_what_it_took():
    made = Samples(np.array([3, 8]), np.array([1, 0]), np.array([1.0, 1.0]), np.array([3, 0]))
    assert attempts(made, np.array([1, 2, 5, 8])).tolist() == [[1, 2, 3, 3], [1, 2, 5, 8]]
    assert np.isnan(attempts(made, np.array([9]))[1, 0])


def test_every_pair_against_all_orders_of_both():
    """Coverage and cost of mixes and cascades, exact to 1e-9."""
    one = samples([4, 5], [1, 0], [1.0, 3.0])
    other = samples([2, 3], [1, 1], [10.0, 20.0])
    models = [b for b in (buyable("a", one), buyable("b", other)) if b is not None]
    found = offers(models)
    for at, policy in enumerate(found.policies):
        if policy.kind == "fixed":
            continue
        k, j = policy.samples["a"], policy.samples["b"]
        coverage = cost = 0.0
        for p in range(2):
            pairs = list(
                product(orders(int(one.n[p]), int(one.c[p])), orders(int(other.n[p]), int(other.c[p])))
            )
            for first, second in pairs:
                solved = any(first[:k]) or any(second[:j])
                if policy.kind == "mix":
                    spent = k * one.cost[p] + j * other.cost[p]
                else:
                    spent = asked(first, k) * one.cost[p]
                    spent += 0 if any(first[:k]) else asked(second, j) * other.cost[p]
                coverage += solved / len(pairs) / 2
                cost += spent / len(pairs) / 2
        assert found.coverage[at] == pytest.approx(coverage, abs=1e-9), policy
        assert found.cost[at] == pytest.approx(cost, abs=1e-9), policy
        by, costs = by_problem(policy, models)
        assert (by.mean(), costs.mean()) == pytest.approx((found.coverage[at], found.cost[at]), abs=1e-12)


def test_a_cascade_in_simulation():
    """Answers of hard problems are longer: dollars are averaged by problem, and stopping saves what it saves."""
    generator = np.random.default_rng(5)
    rates = generator.beta(0.6, 2, 40)
    cost = 1.0 + 2.0 * (1 - rates)
    n = np.full(40, 50)
    made = [
        buyable("a", Samples(n, generator.binomial(n, rates), cost)),
        buyable("b", Samples(n, generator.binomial(n, np.sqrt(rates)), 10 * cost)),
    ]
    policy = Policy("cascade", "first_success", ("a", "b"), {"a": 10, "b": 5})
    coverage, costs = by_problem(policy, [m for m in made if m is not None])
    missed_a, missed_b = (1 - rates) ** 10, (1 - np.sqrt(rates)) ** 5
    true_cost = cost * (1 - missed_a) / rates + missed_a * 10 * cost * (1 - missed_b) / np.sqrt(rates)
    assert coverage.mean() == pytest.approx(np.mean(1 - missed_a * missed_b), abs=0.05)
    assert costs.mean() == pytest.approx(true_cost.mean(), rel=0.15)


def test_the_envelope_rises_and_nothing_beats_it():
    generator = np.random.default_rng(1)
    cost, coverage = generator.random(500), generator.random(500)
    among = generator.random(500) < 0.7
    kept = best(cost, coverage, among)
    assert all(among[at] for at in kept)
    assert np.all(np.diff(cost[kept]) > 0)
    assert np.all(np.diff(coverage[kept]) > 0)
    for at in np.flatnonzero(among):
        assert any(cost[k] <= cost[at] and coverage[k] >= coverage[at] - 1e-12 for k in kept)


def test_halves_part_the_problems():
    one, other = halves(41)
    assert len(one) == 20
    assert sorted([*one, *other]) == list(range(41))


def test_the_most_that_a_policy_may_spend_on_the_most_expensive_problem():
    cheap = buyable("cheap", Samples(np.array([2, 2]), np.array([1, 0]), np.array([1.0, 3.0])))
    expensive = buyable("expensive", Samples(np.array([1, 1]), np.array([1, 1]), np.array([20.0, 10.0])))
    assert cheap is not None
    assert expensive is not None
    found = offers([cheap, expensive])
    most = {
        (policy.kind, policy.stop, *policy.samples.values()): value
        for policy, value in zip(found.policies, found.most.tolist(), strict=True)
        if "cheap" in policy.samples
    }
    assert most["fixed", "none", 2] == most["fixed", "first_success", 2] == 6.0
    assert most["mix", "none", 1, 1] == 21.0, "not 3 + 20: no problem has both"
    assert most["mix", "none", 2, 1] == most["cascade", "first_success", 2, 1] == 22.0
