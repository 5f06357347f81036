"""One model's coverage and cost at every k up to its largest: of the problems as they are, and in every draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import bootstrap, grid
from orchestrator.coverage.attempts import attempts_cost

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

TIE = 1e-12
"""Coverages closer than this are equal: sums in another order differ by less."""


@dataclass(frozen=True, slots=True)
class Search:
    """`whole`: coverage moves only at `ks`; else it is smooth between them. `cost`: of one sample. `paid`,
    `drawn_paid`: a problem's cost at `ks`, of samples that stopped at the first pass; None: k times the cost of
    one. `by_problem`: (problems, ks), kept since every pair asks for some of it."""

    samples: Samples
    ks: NDArray[np.int64]
    whole: bool
    by_problem: NDArray[np.float64]
    coverage: NDArray[np.float64]
    drawn: NDArray[np.float64]
    cost: float
    drawn_cost: NDArray[np.float64]
    paid: NDArray[np.float64] | None = None
    drawn_paid: NDArray[np.float64] | None = None

    @property
    def largest(self) -> int:
        return int(self.ks[-1])

    def solved(self, ks: NDArray[np.int64]) -> NDArray[np.float64]:
        """By problem, (problems, ks). One that lost all its samples counts as unsolved."""
        places = np.minimum(np.searchsorted(self.ks, ks), len(self.ks) - 1)
        if (self.ks[places] == ks).all():
            return self.by_problem[:, places]
        return solved(self.samples, ks)

    def fewest(self, target: float) -> int | None:
        """The fewest samples whose coverage reaches `target`."""
        reached = np.flatnonzero(self.coverage >= target - TIE)
        if not len(reached):
            return None
        ks = self._between(int(reached[0]))
        if len(ks) == 1:
            return int(ks[0])
        enough = np.flatnonzero(self.solved(ks).mean(axis=0) >= target - TIE)
        return int(ks[enough[0]]) if len(enough) else int(ks[-1])

    def surely(self, targets: NDArray[np.float64]) -> int | None:
        """The fewest samples whose coverage reaches that of `targets` in 95% of draws."""
        reached = np.flatnonzero((self.drawn >= targets[:, None] - TIE).mean(axis=0) >= bootstrap.LEVEL)
        if not len(reached):
            return None
        ks = self._between(int(reached[0]))
        if len(ks) == 1:
            return int(ks[0])
        drawn = self._resampled(self.solved(ks))
        enough = np.flatnonzero((drawn >= targets[:, None] - TIE).mean(axis=0) >= bootstrap.LEVEL)
        return int(ks[enough[0]]) if len(enough) else int(ks[-1])

    def _resampled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return bootstrap.resampled_means(values, clusters=self.samples.cluster)

    def _between(self, at: int) -> NDArray[np.int64]:
        """All k that are nearer to position `at` than those before it."""
        if self.whole or at == 0:
            return self.ks[at : at + 1]
        return np.arange(self.ks[at - 1] + 1, self.ks[at] + 1, dtype=np.int64)

    def at(self, k: int) -> float:
        """Coverage of `k` samples, 0 <= k <= largest."""
        return float(self.solved(np.array([k])).mean()) if k else 0.0

    def at_drawn(self, k: int) -> NDArray[np.float64]:
        """The same in every draw, (draws,)."""
        if not k:
            return np.zeros(len(self.drawn))
        place = int(np.searchsorted(self.ks, k))
        if place < len(self.ks) and self.ks[place] == k:
            return self.drawn[:, place]
        return self._resampled(self.solved(np.array([k])))[:, 0]

    def cost_at(self, k: int) -> float:
        """What `k` samples of a problem cost, on average over problems; those that stop at a pass, until then."""
        if self.paid is None:
            return k * self.cost
        return float(self._paid_at(np.array([float(k)]), self.paid[None])[0])

    def affordable(self, money: float) -> int | None:
        """The largest k that costs at most `money` a problem; None if every k does, as far as is known."""
        if self.paid is None:
            return int(money / self.cost * (1 + TIE)) if self.cost else None
        enough = money * (1 + TIE)
        if self.paid[-1] <= enough:
            return None
        low, high = 0, self.largest  # the cost rises with k
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.cost_at(middle) <= enough else (low, middle)
        return low

    def fewest_drawn(self, targets: NDArray[np.float64]) -> NDArray[np.float64]:
        """The fewest samples that reach `targets` in every draw, (draws,); inf where no sampled k does."""
        reached = self.drawn >= targets[:, None] - TIE
        at = reached.argmax(axis=1)
        found = self.ks[at].astype(np.float64)
        if not self.whole:
            found = self._straight(at, targets)
        return np.where(reached.any(axis=1), found, np.inf)

    def paid_drawn(self, ks: NDArray[np.float64]) -> NDArray[np.float64]:
        """What ks[draw] samples cost in every draw, (draws,); inf stays inf."""
        known = np.isfinite(ks)
        k = np.where(known, ks, 0.0)
        cost = k * self.drawn_cost if self.drawn_paid is None else self._paid_at(k, self.drawn_paid)
        return np.where(known, cost, np.inf)

    def _straight(self, at: NDArray[np.int64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coverage rises less and less, so a straight line between two k asks for no fewer than it takes."""
        before = np.maximum(at - 1, 0)
        rows = np.arange(len(at))
        here, there = self.drawn[rows, before], self.drawn[rows, at]
        share = np.clip((targets - here) / np.maximum(there - here, 1e-300), 0.0, 1.0)
        between = self.ks[before] + share * (self.ks[at] - self.ks[before])
        return np.where(at > before, np.ceil(between - 1e-9), self.ks[at])

    def _paid_at(self, k: NDArray[np.float64], paid: NDArray[np.float64]) -> NDArray[np.float64]:
        """Between two k at which a problem is solved the cost rises evenly. `paid`: (rows, ks), k: (rows,)."""
        rows = np.arange(len(k))
        after = np.minimum(np.searchsorted(self.ks, k), len(self.ks) - 1)
        before = np.maximum(after - 1, 0)
        low = np.where(after > 0, self.ks[before], 0)
        below = np.where(after > 0, paid[rows, before], 0.0)
        share = np.clip((k - low) / np.maximum(self.ks[after] - low, 1), 0.0, 1.0)
        return below + share * (paid[rows, after] - below)


def solved(samples: Samples, ks: NDArray[np.int64]) -> NDArray[np.float64]:
    judged = samples.n > 0
    if judged.all():
        return samples.solved(ks)
    found = np.zeros((samples.problems, len(ks)))
    found[judged] = samples.take(judged).solved(ks)
    return found


def search(samples: Samples) -> Search | None:
    """Coverage as compare needs it. Problems with n = 0 lost all their samples. None without a k that all others have
    samples for. Costs must be known."""
    judged = samples.n > 0
    of = samples if judged.all() else samples.take(judged)
    largest = of.largest_k
    if largest < 1:
        return None
    if of.first is None:
        ks, whole = grid.dense(largest), False
    else:
        ks, whole = np.unique(np.concatenate([[1], of.first[of.first > 0], [largest]])), True
        ks = ks[ks <= largest]
    values = solved(samples, ks)
    drawn = bootstrap.resampled_means(np.column_stack([values, samples.cost]), clusters=samples.cluster)
    paid = drawn_paid = None
    if of.first is not None:
        by_problem = np.tile(ks * samples.cost[:, None], 1)
        by_problem[judged] = attempts_cost(of, ks)
        paid = by_problem.mean(axis=0)
        drawn_paid = bootstrap.resampled_means(by_problem, clusters=samples.cluster)
    return Search(
        samples,
        ks,
        whole,
        values,
        values.mean(axis=0),
        drawn[:, :-1],
        float(samples.cost.mean()),
        drawn[:, -1],
        paid,
        drawn_paid,
    )
