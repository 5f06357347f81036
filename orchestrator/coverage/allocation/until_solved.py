"""Where further attempts settle most, of problems that are asked until solved.

Solved problems are settled; of an unsolved one it is open whether it falls within k attempts. After n failures its pass
rate is Beta(a, b+n) by the fitted spread (the likelihood does not care about the stop), so it stays unsolved for m more
with chance S(m) = B(a, b+n+m)/B(a, b+n). With M attempts left until k the variance of what is open is S(M)(1 − S(M));
m of them, stopped at a success, leave on average S(M)(1 − S(M)/S(m)) (the value of information before the sample:
Raiffa and Schlaifer 1961, Applied Statistical Decision Theory), so they take away S(M)²(1/S(m) − 1), which is convex
in m: half of the way to k brings less than half. Money is therefore spent problem by problem, those first that settle
most for their expected cost, c·(S(0) + … + S(m−1)), and not on all problems alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import beta_binomial
from orchestrator.coverage.allocation.fixed import JEFFREYS, Allocation
from orchestrator.coverage.special import betaln

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

_FARTHEST = 100
"""Times as many attempts as were made at any problem: as far as the extrapolation goes."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """One model asked until solved, by problem: `n` attempts, `first` the one that passed or 0, `cost` of one. Within
    `k` of them is what is compared. The spread is Beta(a, b)."""

    k: int
    n: NDArray[np.int64]
    first: NDArray[np.int64]
    cost: NDArray[np.float64]
    a: float
    b: float

    @property
    def left(self) -> NDArray[np.int64]:
        """Attempts that would settle each problem; 0 if it is."""
        return np.where(self.first > 0, 0, np.maximum(self.k - self.n, 0))

    def stays(self, more: NDArray[np.int64]) -> NDArray[np.float64]:
        """The chance that a problem, unsolved now, is unsolved after so many more."""
        after = self.b + self.n.astype(np.float64)
        return np.exp(
            betaln(np.full(len(after), self.a), after + more) - betaln(np.full(len(after), self.a), after)
        )

    def solved(self) -> NDArray[np.float64]:
        """Whether each problem falls within k: known, or the chance of it."""
        known = (self.first > 0) & (self.first <= self.k)
        return np.where(self.left > 0, 1 - self.stays(self.left), known.astype(np.float64))

    def open(self, more: NDArray[np.int64]) -> NDArray[np.float64]:
        """Expected variance of each problem after so many more attempts, stopped at a success."""
        end = self.stays(self.left)
        return np.where(self.left > 0, end * (1 - end / self.stays(np.minimum(more, self.left))), 0.0)

    def price(self, more: NDArray[np.int64]) -> NDArray[np.float64]:
        """Expected cost of so many more at each unsolved problem."""
        more = np.where(self.first > 0, 0, more)
        total = np.zeros(len(more))
        for n in np.unique(self.n[more > 0]):
            here = (self.n == n) & (more > 0)
            total[here] = _tried(self.a, self.b + float(n), int(more[here].max()))[more[here]]
        return total * self.cost

    def fresh(self) -> float:
        """Expected attempts at a new problem, until solved or up to k."""
        return float(_tried(self.a, self.b, self.k)[-1])

    def at(self, k: int) -> Attempts:
        return replace(self, k=k)


def _tried(a: float, b: float, most: int) -> NDArray[np.float64]:
    """Expected attempts for at most 0 … `most`."""
    after = b + np.arange(most).astype(np.float64)
    chance = np.exp(betaln(np.full(most, a), after) - betaln(np.array([a]), np.array([b])))
    return np.concatenate([[0.0], np.cumsum(chance)])


def attempts(samples: Samples, k: int) -> Attempts:
    """Of a model asked until solved. Without a fit Jeffreys' prior stands in."""
    assert samples.first is not None
    solved = samples.first > 0
    n = np.where(solved, samples.first, samples.n)
    fitted = beta_binomial.fit(n, solved.astype(np.int64)) if samples.problems > 1 else None
    a = b = JEFFREYS
    if fitted is not None and not fitted.at_edge:
        a, b = float(np.exp(fitted.log_a)), float(np.exp(fitted.log_b))
    return Attempts(k, n, samples.first, samples.cost, a, b)


def reach(cheap: Attempts, expensive: Attempts, fewest: int, money: float) -> tuple[Attempts, Attempts]:
    """Both at the counts to compare: at least `fewest` of the expensive one, more if `money` is expected to settle
    those too, and as many cheap ones as these pay for."""
    ratio = float(expensive.cost.mean() / cheap.cost.mean()) * (1 + 1e-12)
    farthest = _FARTHEST * int(cheap.n.max())

    def at(k: int) -> tuple[Attempts, Attempts]:
        return cheap.at(min(max(1, int(k * ratio)), farthest)), expensive.at(k)

    low, high = fewest, _FARTHEST * int(expensive.n.max())
    while low < high:
        middle = (low + high + 1) // 2
        price = sum(float(one.price(one.left).sum()) for one in at(middle))
        low, high = (middle, high) if price <= money else (low, middle - 1)
    return at(low)


def settle(sides: tuple[Attempts, ...], money: float) -> Allocation:
    """The problems to go on with: those first that settle most for their cost, and the last as far as money goes."""
    left = np.concatenate([one.left for one in sides])
    price = np.concatenate([one.price(one.left) for one in sides])
    now = np.concatenate([one.open(np.zeros_like(one.n)) for one in sides])
    worth = np.divide(now, price, out=np.zeros_like(now), where=price > 0)
    more = np.zeros_like(left)
    order: list[int] = np.argsort(-worth, kind="stable").tolist()
    for at in order:
        if not left[at]:
            continue
        if price[at] <= money * (1 + 1e-12):
            more[at] = left[at]
            money -= float(price[at])
            continue
        side, place = divmod(at, len(sides[0].n))
        one = sides[side]
        tried = _tried(one.a, one.b + float(one.n[place]), int(left[at])) * float(one.cost[place])
        more[at] = int(np.searchsorted(tried, money, side="right")) - 1
        break
    return allocation(sides, tuple(np.split(more, len(sides))))


def alike(sides: tuple[Attempts, ...], money: float) -> Allocation:
    """The same money on as many more attempts at every unsolved problem by every side."""
    low, high = 0, 1
    while high < 10**7 and _all(sides, high) <= money:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _all(sides, middle) <= money else (low, middle)
    return allocation(sides, tuple(np.where(one.first > 0, 0, low) for one in sides))


def _all(sides: tuple[Attempts, ...], more: int) -> float:
    return sum(float(one.price(np.full(len(one.n), more)).sum()) for one in sides)


def allocation(sides: tuple[Attempts, ...], more: tuple[NDArray[np.int64], ...]) -> Allocation:
    """The effect of that many more; its targets are upper limits, since a problem ends at its first success."""
    spent = sum(float(one.price(of).sum()) for one, of in zip(sides, more, strict=True))
    targets = tuple(one.n + of for one, of in zip(sides, more, strict=True))
    return Allocation(targets, spent, open_error(sides, more))


def open_error(sides: tuple[Attempts, ...], more: tuple[NDArray[np.int64], ...]) -> float:
    """Standard error of the difference in problems solved that is left after so many more."""
    total = sum(float(one.open(of).sum()) for one, of in zip(sides, more, strict=True))
    return float(np.sqrt(max(total, 0.0))) / len(sides[0].n)
