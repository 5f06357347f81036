"""What one could buy for each problem, and what it covers and costs: fixed numbers of samples, mixes of two models,
cascades. All from outcomes by problem, since hard problems are hard for both models and have longer answers.

Policies with stop "first_success" ask one by one and need a verifier while they sample; those with stop "none" buy all
their samples at once. Two models' samples of a problem are independent given the problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import grid
from orchestrator.coverage.attempts import one_by_one_cost
from orchestrator.coverage.frontier import Policy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

    Drawn = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Buyable:
    """One model on the problems that all have in common: shape (problems, ks) each. `missed`: the chance that none of k
    samples is accepted; `spent`: what asking one by one costs until the first that is, at most k samples; `delivered`:
    the chance that this one is right."""

    alias: str
    ks: NDArray[np.int64]
    cost: NDArray[np.float64]
    """Mean cost of a sample, (problems,)."""
    missed: NDArray[np.float64]
    spent: NDArray[np.float64]
    most: NDArray[np.float64]
    """The cost of the most expensive sample seen, (problems,)."""
    delivered: NDArray[np.float64] | None = None
    """None: whatever is accepted is right."""
    apart: NDArray[np.float64] | None = None
    """What a sample costs more that is asked for by itself, with its verdict; `spent` has it already."""
    unshared: NDArray[np.float64] | None = None
    """What k samples at once cost beyond k times `cost`, (problems, ks): a last request that isn't full has its prompt
    for fewer."""

    @property
    def bought(self) -> NDArray[np.float64]:
        """What k samples at once cost, (problems, ks)."""
        bought = self.cost[:, None] * self.ks
        return bought if self.unshared is None else bought + self.unshared

    @property
    def most_bought(self) -> NDArray[np.float64]:
        """The same by the most expensive sample seen."""
        bought = self.most[:, None] * self.ks
        return bought if self.unshared is None else bought + self.unshared

    @property
    def most_judged(self) -> NDArray[np.float64]:
        return self.most if self.apart is None else self.most + self.apart

    @property
    def right(self) -> NDArray[np.float64]:
        return 1.0 - self.missed if self.delivered is None else self.delivered

    def take(self, at: NDArray[np.int64]) -> Buyable:
        """The problems at these positions."""
        delivered = None if self.delivered is None else self.delivered[at]
        return Buyable(
            self.alias,
            self.ks,
            self.cost[at],
            self.missed[at],
            self.spent[at],
            self.most[at],
            delivered,
            None if self.apart is None else self.apart[at],
            None if self.unshared is None else self.unshared[at],
        )


def buyable(alias: str, samples: Samples) -> Buyable | None:
    """None without a k that all problems have samples for, or where a cost is not known."""
    accepts = samples.acceptance
    ks = grid.shown(samples.largest_k if accepts is None else accepts.largest_k)
    if not len(ks) or np.isnan(samples.cost).any():
        return None
    most = samples.cost if samples.most is None else np.maximum(samples.most, samples.cost)
    apart = np.full(samples.problems, samples.verdict_cost)
    apart = apart if samples.apart is None else apart + samples.apart
    if accepts is not None:
        spent = (samples.cost + apart)[:, None] * accepts.attempts(ks)
        return Buyable(
            alias,
            ks,
            samples.cost,
            1.0 - accepts.accepted(ks),
            spent,
            most,
            accepts.delivered(ks),
            apart,
            _unshared(samples, ks),
        )
    spent = one_by_one_cost(samples, ks)
    return Buyable(
        alias, ks, samples.cost, 1.0 - samples.solved(ks), spent, most, None, apart, _unshared(samples, ks)
    )


def _unshared(samples: Samples, ks: NDArray[np.int64]) -> NDArray[np.float64] | None:
    if samples.apart is None or samples.packed is None or not samples.apart.any():
        return None
    packed = samples.packed[:, None]
    prompt = samples.apart[:, None] / (1 - 1 / np.maximum(packed, 1 + 1e-9))
    return np.maximum(prompt * (np.ceil(ks / np.ceil(packed)) - ks / packed), 0.0)


@dataclass(frozen=True, slots=True)
class Offers:
    """Policies and their means over problems, (policies,) each. `most`: what the most expensive problem costs when a
    policy asks for all that it may, and each sample costs as much as the most expensive one seen of that problem."""

    policies: list[Policy]
    cost: NDArray[np.float64]
    coverage: NDArray[np.float64]
    most: NDArray[np.float64]


def offers(models: Sequence[Buyable]) -> Offers:
    """Every policy at the ks that are shown: fixed ones of each model, with and without stopping; of each pair, the
    cheaper first, mixes without and cascades with stopping."""
    parts = [part for model in models for part in _fixed(model)]
    for one, other in combinations(models, 2):
        cheap, expensive = _by_cost(one, other)
        parts += list(_pairs(cheap, expensive))
    if not parts:
        nothing = np.zeros(0)
        return Offers([], nothing, nothing, nothing)
    policies, costs, coverages, mosts = zip(*parts, strict=True)
    return Offers(
        [policy for part in policies for policy in part],
        np.concatenate(costs),
        np.concatenate(coverages),
        np.concatenate(mosts),
    )


Part = tuple[list[Policy], "NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]


def _fixed(model: Buyable) -> Iterator[Part]:
    alias = model.alias
    coverage = 1.0 - model.missed.mean(axis=0) if model.delivered is None else model.delivered.mean(axis=0)
    ks: list[int] = model.ks.tolist()
    yield (
        [Policy("fixed", "none", (alias,), {alias: k}) for k in ks],
        model.bought.mean(axis=0),
        coverage,
        model.most_bought.max(axis=0),
    )
    yield (
        [Policy("fixed", "first_success", (alias,), {alias: k}) for k in ks],
        model.spent.mean(axis=0),
        coverage,
        model.ks * model.most_judged.max(),
    )


def _pairs(cheap: Buyable, expensive: Buyable) -> Iterator[Part]:
    problems = len(cheap.cost)
    order = (cheap.alias, expensive.alias)
    numbers = [(k, j) for k in cheap.ks.tolist() for j in expensive.ks.tolist()]
    if cheap.delivered is None and expensive.delivered is None:
        coverage = (1.0 - cheap.missed.T @ expensive.missed / problems).ravel()
    else:
        later = cheap.missed.T @ expensive.right / problems
        coverage = (cheap.right.mean(axis=0)[:, None] + later).ravel()
    most = (cheap.most_bought[:, :, None] + expensive.most_bought[:, None, :]).max(axis=0).ravel()
    of_cheap, of_expensive = (model.most_judged[:, None] * model.ks for model in (cheap, expensive))
    judged = (of_cheap[:, :, None] + of_expensive[:, None, :]).max(axis=0).ravel()
    bought = cheap.bought.mean(axis=0)[:, None] + expensive.bought.mean(axis=0)
    yield (
        [Policy("mix", "none", order, dict(zip(order, pair, strict=True))) for pair in numbers],
        bought.ravel(),
        coverage,
        most,
    )
    asked = cheap.spent.mean(axis=0)[:, None]
    then = cheap.missed.T @ expensive.spent / problems
    yield (
        [Policy("cascade", "first_success", order, dict(zip(order, pair, strict=True))) for pair in numbers],
        (asked + then).ravel(),
        coverage,
        judged,
    )


def drawn(models: Sequence[Buyable], weights: NDArray[np.float64]) -> tuple[Drawn, Drawn]:
    """(cost, coverage) of every policy, in the order of `offers`, in every draw of problems: (draws, policies).
    `weights`: (draws, problems), rows that sum to 1."""
    pairs = [_by_cost(*pair) for pair in combinations(models, 2)]
    policies = 2 * sum(len(one.ks) for one in models) + 2 * sum(
        len(one.ks) * len(other.ks) for one, other in pairs
    )
    cost, coverage = (np.empty((len(weights), policies)) for _ in range(2))
    at = 0
    for model in models:
        width = len(model.ks)
        places = slice(at, at + width), slice(at + width, at + 2 * width)
        cost[:, places[0]], cost[:, places[1]] = weights @ model.bought, weights @ model.spent
        coverage[:, places[0]] = coverage[:, places[1]] = 1.0 - weights @ model.missed
        at += 2 * width
    bought = {model.alias: weights @ model.bought for model in models}
    spent = {model.alias: weights @ model.spent for model in models}
    for cheap, expensive in pairs:
        shape, width = (len(cheap.cost), -1), len(cheap.ks) * len(expensive.ks)
        neither = weights @ (cheap.missed[:, :, None] * expensive.missed[:, None, :]).reshape(shape)
        after = weights @ (cheap.missed[:, :, None] * expensive.spent[:, None, :]).reshape(shape)
        places = slice(at, at + width), slice(at + width, at + 2 * width)
        both = bought[cheap.alias][:, :, None] + bought[expensive.alias][:, None, :]
        cost[:, places[0]] = both.reshape(len(weights), -1)
        cost[:, places[1]] = np.repeat(spent[cheap.alias], len(expensive.ks), axis=1) + after
        coverage[:, places[0]] = coverage[:, places[1]] = 1.0 - neither
        at += 2 * width
    return cost, coverage


def _by_cost(one: Buyable, other: Buyable) -> tuple[Buyable, Buyable]:
    """The cheaper first."""
    return (one, other) if one.cost.mean() <= other.cost.mean() else (other, one)


def by_problem(policy: Policy, models: Sequence[Buyable]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(coverage, expected cost) of a policy by problem, (problems,) each."""
    of = {model.alias: model for model in models}
    missed, right = np.ones(len(models[0].cost)), np.zeros(len(models[0].cost))
    cost = np.zeros(len(models[0].cost))
    for alias in policy.order:
        model, k = of[alias], policy.samples[alias]
        at = int(np.searchsorted(model.ks, k))
        cost = cost + (model.bought[:, at] if policy.stop == "none" else missed * model.spent[:, at])
        right = right + missed * model.right[:, at]
        missed = missed * model.missed[:, at]
    perfect = all(of[alias].delivered is None for alias in policy.order)
    return (1.0 - missed if perfect else right), cost
