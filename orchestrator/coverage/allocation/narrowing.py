"""Where samples narrow a comparison most while sampling goes on, in a way that biases none of what is printed.

Each model's draws are of two sorts. *Guides* say where samples help: how many of either sort a problem gets depends on
its guides' outcomes and on no other's. The *counted* draws, GUIDES of a sample for each of which are guides, are what
estimates rest on: given the guides their number is fixed, so that each problem's C(n−c, k)/C(n, k) is unbiased as
always, and so is the mean over problems. (Draws that decide and count at once are not: a problem whose first samples
failed by chance is then left alone, and its low rate stays; benchmarks/statistics/next_dollar.py measures that.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import beta_binomial
from orchestrator.coverage.allocation.fixed import JEFFREYS, Side, best, standard_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GUIDES = 0.2
"""Guides for each counted draw."""
MOST_K = 64
"""Cheap samples that are compared with one expensive one: more would leave no money for other problems."""


_ROUNDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One model, by problem. `right` of `judged` guides; `guides` and `counted` draws asked, on their way included;
    `most` that it gets of both; `cost` of a sample, above 0."""

    right: NDArray[np.int64]
    judged: NDArray[np.int64]
    guides: NDArray[np.int64]
    counted: NDArray[np.int64]
    most: NDArray[np.int64]
    cost: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotted:
    """By model: guides and counted draws to have of each problem, never fewer than are asked. `pair`: which
    comparison it narrows, the cheaper first, `k` of its samples to one."""

    guides: tuple[NDArray[np.int64], ...]
    counted: tuple[NDArray[np.int64], ...]
    pair: tuple[int, int]
    k: int


def allot(
    drawn: Sequence[Drawn], money: float, *, pair: tuple[int, int] | None, order: NDArray[np.int64]
) -> Allotted:
    """What `money` buys next. Every problem first gets what its comparison needs at least, in `order`."""
    pairs = [pair] if pair is not None else list(combinations(range(len(drawn)), 2))
    compared = [_compared(drawn, one) for one in pairs]
    open_ = [one for one in compared if any(_is_open(drawn[at]) for at in one.pair)]
    chosen = min(open_ or compared, key=lambda one: one.sureness)
    guides, counted, left = _floors(drawn, chosen, money, order, whole=pair is None)
    if left > 0:
        _spread_out(drawn, chosen, left, guides, counted)
    return Allotted(guides=tuple(guides), counted=tuple(counted), pair=chosen.pair, k=chosen.k)


def _is_open(of: Drawn) -> bool:
    """Whether anything may still be asked of it."""
    return bool((of.most > of.guides + of.counted).any())


def _spread_out(
    drawn: Sequence[Drawn],
    chosen: _Compared,
    money: float,
    guides: list[NDArray[np.int64]],
    counted: list[NDArray[np.int64]],
) -> None:
    """Raises what the pair gets, where it helps most."""
    sides = tuple(
        Side(side.k, counted[at], side.cost, side.alpha, side.beta)
        for side, at in zip(chosen.sides, chosen.pair, strict=True)
    )
    most = tuple(
        np.maximum((drawn[at].most / (1 + GUIDES)).astype(np.int64), side.n)
        for at, side in zip(chosen.pair, sides, strict=True)
    )
    offered = money / (1 + GUIDES)
    for _ in range(_ROUNDS):  # guides are whole too, so what they cost is known afterwards
        targets = best(sides, offered, most).targets
        guiding = tuple(
            np.clip(
                np.ceil(n * GUIDES).astype(np.int64), guides[at], np.maximum(drawn[at].most - n, guides[at])
            )
            for at, n in zip(chosen.pair, targets, strict=True)
        )
        price = sum(
            float(((n - counted[at] + g - guides[at]) * drawn[at].cost).sum())
            for at, n, g in zip(chosen.pair, targets, guiding, strict=True)
        )
        if price <= money * (1 + 1e-12):
            for at, n, g in zip(chosen.pair, targets, guiding, strict=True):
                counted[at], guides[at] = n, g
            return
        offered -= price - money
        if offered <= 0:
            return


@dataclass(frozen=True, slots=True)
class _Compared:
    pair: tuple[int, int]
    k: int
    sides: tuple[Side, Side]
    sureness: float
    """The difference that the guides show, in standard errors of the counted draws."""


def _compared(drawn: Sequence[Drawn], pair: tuple[int, int]) -> _Compared:
    cheap, expensive = sorted(pair, key=lambda at: float(drawn[at].cost.mean()))
    ratio = float(drawn[expensive].cost.mean() / drawn[cheap].cost.mean()) * (1 + 1e-12)
    k = max(1, min(int(ratio), MOST_K, int(drawn[cheap].most.min() / (1 + GUIDES))))
    sides = (_side(drawn[cheap], k), _side(drawn[expensive], 1))
    error = standard_error(sides, tuple(side.n for side in sides))
    solved = [1 - side.missed(np.array([side.k]))[:, 0] for side in sides]
    gap = abs(float((solved[0] - solved[1]).mean()))
    return _Compared((cheap, expensive), k, sides, gap / error if error > 0 else np.inf)


def _side(of: Drawn, k: int) -> Side:
    """What the guides alone tell."""
    seen = of.judged > 0
    fitted = beta_binomial.fit(of.judged[seen], of.right[seen]) if seen.sum() > 1 else None
    a = b = JEFFREYS
    if fitted is not None and not fitted.at_edge:
        a, b = float(np.exp(fitted.log_a)), float(np.exp(fitted.log_b))
    right = of.right.astype(np.float64)
    return Side(k, of.counted, of.cost, a + right, b + of.judged - right)


def _floors(
    drawn: Sequence[Drawn], chosen: _Compared, money: float, order: NDArray[np.int64], *, whole: bool
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]], float]:
    """Of every model one counted draw and one guide, of the cheap one of the pair as many as are compared; and what
    money is left. Problems in `order`, as far as the money goes. Unless `whole`, no other pair will be compared, and
    other models need no guide."""
    guides = [one.guides.copy() for one in drawn]
    counted = [one.counted.copy() for one in drawn]
    price = np.zeros(len(order))
    least: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for at, one in enumerate(drawn):
        k = chosen.k if at == chosen.pair[0] else 1
        wanted = np.minimum(np.maximum(one.counted, k), np.maximum(one.most, one.counted))
        ahead = np.maximum(one.most - wanted, one.guides)
        guiding = np.minimum(np.maximum(one.guides, int(np.ceil(k * GUIDES))), ahead)
        if not whole and at not in chosen.pair:
            guiding = one.guides
        price += (wanted - one.counted + guiding - one.guides) * one.cost
        least.append((guiding, wanted))
    paid = np.cumsum(price[order]) <= money
    reached = order[paid]
    for at, (guiding, wanted) in enumerate(least):
        guides[at][reached] = guiding[reached]
        counted[at][reached] = wanted[reached]
    return guides, counted, money - float(price.sum()) if paid.all() else 0.0
