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
    seems, left = of.coverage[:, among], of.left_coverage[:, among]
    paid, left_paid = of.cost[:, among], of.left_cost[:, among]
    at = _chosen(paid, seems)
    short = (seems - left) - (seems - left).mean(axis=0)
    usual = paid.mean(axis=0)
    pricier = (left_paid - paid) / np.where(usual > 0, usual, 1.0)  # in some draws a cascade buys nothing
    pricier -= pricier.mean(axis=0)
    level = seems[at]
    near = np.exp(-0.5 * ((coverage[:, None] - level) / _WIDTH) ** 2) + 1e-12
    near /= near.sum(axis=1, keepdims=True)
    fewer, more = _SHARE * near @ short[at], _SHARE * near @ pricier[at]
    return cost * (1 + np.maximum(more, 0.0)), np.clip(coverage - np.maximum(fewer, 0.0), 0.0, 1.0)


def _chosen(
    cost: NDArray[np.float64], coverage: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(draw, policy) of all that no other of the same draw beats."""
    order = np.argsort(cost, axis=1, kind="stable")
    rising = np.take_along_axis(coverage, order, axis=1)
    most = np.maximum.accumulate(rising, axis=1)
    before = np.concatenate([np.zeros((len(most), 1)), most[:, :-1]], axis=1)
    draw, place = np.nonzero(rising > before + _TIE)
    return draw, order[draw, place]
