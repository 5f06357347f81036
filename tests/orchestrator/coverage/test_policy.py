"""Policies against enumeration of every order of a problem's samples, and against simulation."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest

from orchestrator.coverage.attempts import attempts
from orchestrator.coverage.frontier import Policy, best
from orchestrator.coverage.policy import buyable, by_problem, drawn, offers
from orchestrator.coverage.samples import Samples
from orchestrator.coverage.selected import corrected, draws


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


def test_draws_of_problems_have_the_means_of_the_same_policies():
    generator = np.random.default_rng(2)
    n = np.full(12, 6)
    made = [
        buyable(x, Samples(n, generator.binomial(n, 0.3), generator.random(12) + at))
        for at, x in enumerate("abc")
    ]
    models = [m for m in made if m is not None]
    weights = generator.dirichlet(np.ones(12), 3)
    cost, coverage = drawn(models, weights)
    found = offers(models)
    assert cost.shape == (3, len(found.policies))
    for at, policy in enumerate(found.policies):
        solved, paid = by_problem(policy, models)
        assert (weights @ solved, weights @ paid) == (
            pytest.approx(coverage[:, at]),
            pytest.approx(cost[:, at]),
        )


def test_a_policy_that_nothing_was_chosen_from_needs_no_correction():
    """One model's own k are never chosen among one another: more cost more and cover more."""
    n = np.full(30, 8)
    alone = buyable("m", Samples(n, np.arange(30) % 9, np.ones(30)))
    assert alone is not None
    found = draws([alone], 30)
    assert found is not None
    whole = offers([alone])
    at_once = np.array([policy.stop == "none" for policy in whole.policies])
    cost, coverage = corrected(found, at_once, whole.cost[at_once], whole.coverage[at_once])
    assert coverage == pytest.approx(whole.coverage[at_once], abs=0.03), (
        "the last k adds nothing in some draws"
    )
    assert coverage[:2] == pytest.approx(whole.coverage[at_once][:2], abs=0.005)
    assert cost == pytest.approx(whole.cost[at_once])


def test_the_best_of_six_equal_models_is_no_better_than_they_are():
    """20 problems, prices that hardly differ: what seems best is luck, and most of it is taken off."""
    generator = np.random.default_rng(8)
    seemed, left = [], []
    for _ in range(12):
        rates = generator.beta(1, 2, 20)
        n = np.full(20, 4)
        models = [
            buyable(str(m), Samples(n, generator.binomial(n, rates), np.full(20, 1 + m / 1000)))
            for m in range(6)
        ]
        whole = offers([m for m in models if m is not None])
        single = np.array(
            [len(p.order) == 1 and p.stop == "none" and p.samples[p.order[0]] == 1 for p in whole.policies]
        )
        found = draws([m for m in models if m is not None], 20)
        assert found is not None
        top = np.flatnonzero(single)[whole.coverage[single].argmax()]
        _, coverage = corrected(found, single, whole.cost[[top]], whole.coverage[[top]])
        seemed.append(whole.coverage[top] - rates.mean())
        left.append(coverage[0] - rates.mean())
    assert np.mean(seemed) > 0.05
    assert abs(np.mean(left)) < 0.6 * np.mean(seemed)


@pytest.mark.parametrize("price", [0.0, 1e-9])
@pytest.mark.parametrize("unsolved", [1, 3, 8])
def test_what_few_problems_need_costs_about_what_was_measured(price, unsolved):
    """A free model solves most problems, so in some draws its cascade never comes to the expensive one."""
    n = np.full(40, 8)
    free = buyable("free", Samples(n, np.where(np.arange(40) < unsolved, 0, 4), np.full(40, price)))
    paid = buyable("paid", Samples(n, np.where(np.arange(40) % 3 > 0, 6, 2), np.ones(40)))
    assert free is not None
    assert paid is not None
    found, whole = draws([free, paid], 40), offers([free, paid])
    assert found is not None
    allowed = np.ones(len(whole.policies), bool)
    kept = best(whole.cost, whole.coverage, allowed)
    cost, _ = corrected(found, allowed, whole.cost[kept], whole.coverage[kept])
    assert cost == pytest.approx(whole.cost[kept], rel=0.3, abs=1e-9)


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


def test_a_verdict_that_costs_is_in_what_a_policy_pays_and_may_pay_where_it_waits_for_one():
    """Each of up to two samples costs 2, its verdict 0.5; one of two passes, so 1.5 are asked on average."""
    judged = buyable("m", Samples(np.array([2]), np.array([1]), np.array([2.0]), verdict_cost=0.5))
    assert judged is not None
    found = offers([judged])
    figures = {
        (policy.stop, policy.samples["m"]): (cost, most)
        for policy, cost, most in zip(found.policies, found.cost, found.most, strict=True)
    }
    assert figures["none", 2] == (4.0, 4.0)
    assert figures["first_success", 2] == (pytest.approx(1.5 * 2.5), 5.0)


def test_a_request_of_several_samples_shares_a_prompt_that_one_alone_pays_whole():
    """Requests of four: prompt 8, output 1 each, so 3 a sample. 2.5 of four are asked on average."""
    packed = Samples(
        np.array([4]), np.array([1]), np.array([3.0]), apart=np.array([6.0]), packed=np.array([4.0])
    )
    model = buyable("m", replace(packed, n=np.array([8]), c=np.array([2])))
    assert model is not None
    assert dict(zip(model.ks.tolist(), model.bought[0], strict=True)) == {
        1: pytest.approx(9),
        2: pytest.approx(10),
        5: pytest.approx(21),
        8: pytest.approx(24),
    }
    alone = buyable("m", packed)
    assert alone is not None
    assert alone.spent[0, -1] == pytest.approx(2.5 * 9)
    assert alone.most_judged[0] == 9
    found = offers([alone])
    figures = dict(zip([(p.stop, p.samples["m"]) for p in found.policies], found.cost, strict=True))
    assert figures["none", 1] == figures["first_success", 1] == pytest.approx(9)
    weights = np.ones((1, 1))
    assert drawn([alone], weights)[0][0] == pytest.approx(found.cost)
