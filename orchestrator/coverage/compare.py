"""Many of the cheap or a few of the expensive: one pair of models on the same problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import bootstrap, grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

_TIE = 1e-12
"""Coverages closer than this are equal: sums in another order differ by less."""


@dataclass(frozen=True, slots=True)
class Search:
    """One model's coverage on k from 1 to its largest: of the problems as they are, and in every draw of them.
    `whole`: coverage moves only at `ks`; else it is smooth between them. Costs are of one sample."""

    samples: Samples
    ks: NDArray[np.int64]
    whole: bool
    coverage: NDArray[np.float64]
    drawn: NDArray[np.float64]
    cost: float
    drawn_cost: NDArray[np.float64]

    @property
    def largest(self) -> int:
        return int(self.ks[-1])

    def fewest(self, target: float) -> int | None:
        """The fewest samples whose coverage reaches `target`."""
        reached = np.flatnonzero(self.coverage >= target - _TIE)
        if not len(reached):
            return None
        at = int(reached[0])
        if self.whole or at == 0:
            return int(self.ks[at])
        ks = np.arange(self.ks[at - 1] + 1, self.ks[at] + 1, dtype=np.int64)
        enough = np.flatnonzero(self.samples.solved(ks).mean(axis=0) >= target - _TIE)
        return int(ks[enough[0]]) if len(enough) else int(self.ks[at])

    def at(self, k: int) -> float:
        """Coverage of `k` samples, 1 <= k <= largest."""
        return float(self.samples.solved(np.array([k])).mean())

    def fewest_drawn(self, targets: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same in every draw, (draws,); inf if no sampled k reaches it."""
        reached = self.drawn >= targets[:, None] - _TIE
        at = reached.argmax(axis=1)
        found = self.ks[at].astype(np.float64)
        if not self.whole:
            found = self._between(at, targets)
        return np.where(reached.any(axis=1), found, np.inf)

    def _between(self, at: NDArray[np.int64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coverage rises less and less, so a straight line between two k asks for no fewer than it takes."""
        before = np.maximum(at - 1, 0)
        rows = np.arange(len(at))
        here, there = self.drawn[rows, before], self.drawn[rows, at]
        share = np.clip((targets - here) / np.maximum(there - here, 1e-300), 0.0, 1.0)
        between = self.ks[before] + share * (self.ks[at] - self.ks[before])
        return np.where(at > before, np.ceil(between - 1e-9), self.ks[at])

    def at_drawn(self, ks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coverage of ks[draw] samples in every draw, (draws,); 0 of none, that of the largest beyond it."""
        rows = np.arange(len(ks))
        place = np.searchsorted(self.ks, ks, side="right")
        after, before = np.minimum(place, len(self.ks) - 1), np.maximum(place - 1, 0)
        here, there = self.drawn[rows, before], self.drawn[rows, after]
        if self.whole:
            return np.where(ks < self.ks[0], 0.0, here)
        share = (np.minimum(ks, self.largest) - self.ks[before]) / np.maximum(
            self.ks[after] - self.ks[before], 1
        )
        return np.where(ks < self.ks[0], 0.0, here + np.clip(share, 0.0, 1.0) * (there - here))


@dataclass(frozen=True, slots=True)
class Banded:
    """A figure and its 95% band over problems; None: not reached, or in so many draws that the band is open there."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class EqualCost:
    """What the cheap model covers for what `expensive_k` of the expensive one cost."""

    cheap_k: int
    """As many as that buys, at most as many as were sampled."""
    capped: bool
    """It would buy more than were sampled: the coverage is at least what is told."""
    coverage: Banded
    gain: Banded
    """Coverage of the cheap model less that of the expensive one, paired."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many of the cheap model reach `expensive_k` of the expensive one. The cheap side is None if none do. Costs
    are a problem's, in the axis' unit."""

    cheap_k: int | None
    expensive_k: int
    coverage_cheap: float | None
    coverage_expensive: float
    cost_cheap: float | None
    cost_expensive: float
    probability: float
    """The share of paired draws of problems in which some cheap_k reaches the expensive model and costs at most as
    much."""
    equal_coverage: Banded
    """What the cheap model costs where it covers as much; cheap_k is found anew in every draw."""
    equal_cost: EqualCost | None
    """None where the cheap model costs nothing."""
    price_ratio: float | None
    """An expensive sample's cost over a cheap one's; None where the cheap model costs nothing."""
    turns_at: Banded
    """The price ratio above which the cheap model wins: cheap_k / expensive_k."""


def search(samples: Samples) -> Search | None:
    """Coverage as compare needs it. None without a k that all problems have samples for. Costs must be known."""
    largest = samples.largest_k
    if largest < 1:
        return None
    ks, whole = grid.dense(largest), False
    if samples.first is not None:
        ks, whole = np.unique(np.concatenate([[1], samples.first[(samples.first > 0)], [largest]])), True
        ks = ks[ks <= largest]
    values = samples.solved(ks)
    drawn = bootstrap.resampled_means(np.column_stack([values, samples.cost]))
    return Search(
        samples, ks, whole, values.mean(axis=0), drawn[:, :-1], float(samples.cost.mean()), drawn[:, -1]
    )


def compare(cheap: Search, expensive: Search) -> list[Comparison]:
    """Against one sample of the expensive model, and against as many as it has."""
    return [_one(cheap, expensive, expensive_k) for expensive_k in sorted({1, expensive.largest})]


def _one(cheap: Search, expensive: Search, expensive_k: int) -> Comparison:
    at = int(np.searchsorted(expensive.ks, expensive_k))
    target = float(expensive.coverage[at])
    cheap_k = cheap.fewest(target)
    drawn = cheap.fewest_drawn(expensive.drawn[:, at])
    reached = np.isfinite(drawn)
    paid = np.where(reached, drawn, 0.0) * cheap.drawn_cost
    pays = reached & (paid <= expensive_k * expensive.drawn_cost * (1 + _TIE))
    return Comparison(
        cheap_k=cheap_k,
        expensive_k=expensive_k,
        coverage_cheap=None if cheap_k is None else cheap.at(cheap_k),
        coverage_expensive=target,
        cost_cheap=None if cheap_k is None else cheap_k * cheap.cost,
        cost_expensive=expensive_k * expensive.cost,
        probability=float(pays.mean()),
        equal_coverage=_banded(
            None if cheap_k is None else cheap_k * cheap.cost, np.where(reached, paid, np.inf)
        ),
        equal_cost=_for_as_much(cheap, expensive, at),
        price_ratio=expensive.cost / cheap.cost if cheap.cost else None,
        turns_at=_banded(None if cheap_k is None else cheap_k / expensive_k, drawn / expensive_k),
    )


def _for_as_much(cheap: Search, expensive: Search, at: int) -> EqualCost | None:
    """Nothing is bought in part: the money buys whole samples, on average over problems."""
    if not cheap.cost or not cheap.drawn_cost.all():
        return None
    expensive_k = int(expensive.ks[at])
    buys = int(expensive_k * expensive.cost / cheap.cost * (1 + _TIE))
    k = min(buys, cheap.largest)
    coverage = cheap.at(k) if k else 0.0
    drawn_k = np.floor(expensive_k * expensive.drawn_cost / cheap.drawn_cost * (1 + _TIE))
    drawn = cheap.at_drawn(drawn_k)
    return EqualCost(
        cheap_k=k,
        capped=buys > cheap.largest,
        coverage=_banded(coverage, drawn),
        gain=_banded(coverage - float(expensive.coverage[at]), drawn - expensive.drawn[:, at]),
    )


def _banded(value: float | None, drawn: NDArray[np.float64]) -> Banded:
    """Observed quantiles, not between two draws, one of which may be inf. A band holds its figure."""
    tail = (1 - bootstrap.LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], method="closest_observation").tolist()
    if value is not None:
        low, high = min(low, value), max(high, value)
    return Banded(value, low if np.isfinite(low) else None, high if np.isfinite(high) else None)
