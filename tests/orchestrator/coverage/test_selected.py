"""Which policies are chosen in each draw: those that no other of the same draw beats, as one by one would find them."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.coverage.policy import Buyable, drawn, offers
from orchestrator.coverage.selected import Draws, corrected, draws


def chosen_one_by_one(cost, coverage):
    """(draw, policy): each policy against every other."""
    found = []
    for draw in range(len(cost)):
        order = sorted(range(cost.shape[1]), key=lambda at: (cost[draw, at], at))
        most = 0.0
        for at in order:
            if coverage[draw, at] > most + 1e-12:
                found.append((draw, at))
                most = coverage[draw, at]
    return found


def corrected_at_once(of, allowed, cost, coverage):
    """The formula over all draws and policies at a time."""
    among = np.flatnonzero(allowed)
    seems, left = of.coverage[:, among], of.left_coverage[:, among]
    paid, left_paid = of.cost[:, among], of.left_cost[:, among]
    at = tuple(np.array(chosen_one_by_one(paid, seems)).T)
    short = (seems - left) - (seems - left).mean(axis=0)
    usual = paid.mean(axis=0)
    pricier = (left_paid - paid) / np.where(usual > 0, usual, 1.0)
    pricier -= pricier.mean(axis=0)
    near = np.exp(-0.5 * ((coverage[:, None] - seems[at]) / 0.08) ** 2) + 1e-12
    near /= near.sum(axis=1, keepdims=True)
    more, fewer = 0.632 * near @ pricier[at], 0.632 * near @ short[at]
    return cost * (1 + np.maximum(more, 0)), np.clip(coverage - np.maximum(fewer, 0), 0, 1)


@pytest.mark.parametrize("seed", range(20))
def test_figures_are_corrected_as_if_every_policy_were_weighed_against_every_other(seed):
    generator = np.random.default_rng(seed)
    steps = generator.choice([3, 10, 10**6])  # few steps: many policies cost and cover the same
    shape = (8, 60)
    of = Draws(*(np.round(generator.random(shape) * steps) / steps for _ in range(4)))
    allowed = generator.random(60) < 0.8
    cost, coverage = generator.random(5), generator.random(5)
    found, wanted = corrected(of, allowed, cost, coverage), corrected_at_once(of, allowed, cost, coverage)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_draws_are_of_the_policies_that_are_offered_in_their_order():
    generator = np.random.default_rng(1)
    models = [
        Buyable(
            alias,
            ks := np.arange(1, most + 1),
            cost := generator.random(9),
            missed := generator.random((9, 1)) ** ks,
            cost[:, None] * np.cumsum(missed, axis=1),
            cost,
        )
        for alias, most in (("a", 3), ("b", 2), ("c", 1))
    ]
    whole = offers(models)
    cost, coverage = drawn(models, np.full((1, 9), 1 / 9))
    np.testing.assert_allclose(cost[0], whole.cost)
    np.testing.assert_allclose(coverage[0], whole.coverage)
    made = draws(models, 9)
    assert made is not None
    assert made.cost.shape[1] == len(whole.policies)
