"""What the best of many policies cost and cover once they aren't judged by the problems that chose them.

In each draw of problems, the policies that no other beats are chosen anew and scored on the problems that were not
drawn. How far that score falls short of the one that chose them, less what it does for policies in general, is taken
off with the weight .632 (Efron 1983: a draw holds that share of the problems, so the others alone overstate it)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import bootstrap
from orchestrator.coverage import clusters as of_clusters
from orchestrator.coverage.policy import Buyable, drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DRAWS = 200
FEWEST = 5
"""Problems; of fewer the draws leave too few out."""
_SHARE = 0.632
_WIDTH = 0.08
"""Policies within about so much coverage of one another share what they fall short by: each alone is chosen too
seldom to tell."""
_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class Draws:
    """Every policy in every draw, (draws, policies): `cost`, `coverage` of the problems drawn, `left_cost`,
    `left_coverage` of those that weren't."""

    cost: NDArray[np.float64]
    coverage: NDArray[np.float64]
    left_cost: NDArray[np.float64]
    left_coverage: NDArray[np.float64]


def draws(
    models: Sequence[Buyable], problems: int, clusters: NDArray[np.int64] | None = None
) -> Draws | None:
    """None with too few problems, or clusters of them."""
    units = problems if clusters is None else len(of_clusters.sizes(clusters)[0])
    if units < FEWEST:
        return None
    weights = np.concatenate(list(bootstrap.weights(problems, DRAWS, clusters=clusters)))
    left = (weights == 0).astype(np.float64)
    some = left.sum(axis=1) > 0
    weights, left = weights[some], left[some]
    left /= left.sum(axis=1, keepdims=True)
    return Draws(*drawn(models, weights), *drawn(models, left))


def corrected(
    of: Draws, allowed: NDArray[np.bool_], cost: NDArray[np.float64], coverage: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(cost, coverage) of policies that were chosen among the `allowed`, (policies,) both as they seem and as
    returned."""
    among = np.flatnonzero(allowed)
    draw, at = _chosen(of, among)
    left, left_paid = of.left_coverage[draw, at], of.left_cost[draw, at]
    level, paid = of.coverage[draw, at], of.cost[draw, at]
    short = (level - left) - (of.coverage.mean(axis=0) - of.left_coverage.mean(axis=0))[at]
    usual = of.cost.mean(axis=0)
    usual = np.where(usual > 0, usual, 1.0)  # in some draws a cascade buys nothing
    pricier = (left_paid - paid) / usual[at] - ((of.left_cost.mean(axis=0) - of.cost.mean(axis=0)) / usual)[
        at
    ]
    near = np.exp(-0.5 * ((coverage[:, None] - level) / _WIDTH) ** 2) + 1e-12
    near /= near.sum(axis=1, keepdims=True)
    fewer, more = _SHARE * near @ short, _SHARE * near @ pricier
    return cost * (1 + np.maximum(more, 0.0)), np.clip(coverage - np.maximum(fewer, 0.0), 0.0, 1.0)


def _chosen(of: Draws, among: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(draw, policy) of all that no other of the same draw beats. Draw by draw: hundreds of thousands of policies in
    every draw at once would take gigabytes."""
    draws: list[NDArray[np.int64]] = []
    policies: list[NDArray[np.int64]] = []
    stairs = np.zeros(0, np.int64)
    for draw in range(len(of.cost)):
        cost, coverage = of.cost[draw, among], of.coverage[draw, among]
        maybe = _unbeaten_by(stairs, cost, coverage)
        at = maybe[_rising(cost[maybe], coverage[maybe])]
        stairs = at
        draws.append(np.full(len(at), draw))
        policies.append(among[at])
    return np.concatenate(draws), np.concatenate(policies)


def _unbeaten_by(
    some: NDArray[np.int64], cost: NDArray[np.float64], coverage: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Those that none of `some` beats at less cost: of the others none is chosen, and none keeps another from being. In
    most draws the best of the draw before leave few."""
    if not len(some):
        return np.arange(len(cost))
    stairs = some[np.argsort(cost[some], kind="stable")]
    most = np.concatenate([[-1.0], np.maximum.accumulate(coverage[stairs])])
    return np.flatnonzero(coverage > most[np.searchsorted(cost[stairs], cost, side="left")])


def _rising(cost: NDArray[np.float64], coverage: NDArray[np.float64]) -> NDArray[np.int64]:
    order = np.argsort(cost, kind="stable")
    rising = coverage[order]
    before = np.concatenate([[0.0], np.maximum.accumulate(rising)[:-1]])
    return order[rising > before + _TIE]
