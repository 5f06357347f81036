"""Where further samples narrow the difference between two models' coverage most.

The difference is of a mean over the problems at hand: coverage of k samples of one model less that of j of another. Its
variance over what is sampled, the problems given, is the sum of each problem's and model's own. Of n samples, k at a
time, that is the variance of the U-statistic C(n−c, k)/C(n, k) (Hoeffding 1948): over the overlap of two choices of k
from n, hypergeometric, of (1−p)^(2k−overlap) − (1−p)^(2k). Its mean over what is known of p, the Beta posterior of the
fitted spread of pass rates, has a closed form, since the mean of (1−p)^r is B(a, b+r)/B(a, b). For large n it falls as
1/n, so money is best spent where n is proportional to the root of (variance at n = 1) / (cost of a sample), Neyman's
allocation with costs (Cochran 1977, Sampling Techniques, 5.5); samples already there are not given back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import beta_binomial
from orchestrator.coverage.special import betaln, gammaln

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

JEFFREYS = 0.5
_ROUNDS = 3
"""The variance falls as 1/n only about, so the factor is found anew at the n that it led to."""
_NO_CAP = 1 << 60
_STEPS = 80
"""Halvings: as fine as a float is."""


@dataclass(frozen=True, slots=True)
class Side:
    """One model: what is known of each problem's pass rate, Beta(alpha, beta), (problems,); `n` samples there, `cost`
    of one; `k` of them are what is compared."""

    k: int
    n: NDArray[np.int64]
    cost: NDArray[np.float64]
    alpha: NDArray[np.float64]
    beta: NDArray[np.float64]

    def variance(self, n: NDArray[np.int64]) -> NDArray[np.float64]:
        """Expected variance of each problem's estimate from n samples; n below k counts as k."""
        n = np.maximum(n, self.k)
        overlap = np.arange(1, self.k + 1)
        share = np.exp(
            _log_choose(self.k, overlap)
            + _log_choose((n - self.k)[:, None], self.k - overlap)
            - _log_choose(n, self.k)[:, None]
        )
        missed = self.missed(2 * self.k - overlap) - self.missed(np.array([2 * self.k]))
        return np.asarray((share * missed).sum(axis=1))

    def price(self, more: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of so many more samples of each problem."""
        return more * self.cost

    def missed(self, draws: NDArray[np.int64]) -> NDArray[np.float64]:
        """The mean of (1 − p)^draws, (problems, draws)."""
        before = betaln(self.alpha, self.beta)[:, None]
        return np.exp(betaln(self.alpha[:, None], self.beta[:, None] + draws) - before)


def side(samples: Samples, k: int) -> Side:
    """Costs must be known. The posterior is of the fitted spread; without a fit, of Jeffreys' prior."""
    fitted = beta_binomial.fit(samples.n, samples.c) if samples.problems > 1 else None
    a = b = JEFFREYS
    if fitted is not None and not fitted.at_edge:
        a, b = float(np.exp(fitted.log_a)), float(np.exp(fitted.log_b))
    right, wrong = samples.c.astype(np.float64), (samples.n - samples.c).astype(np.float64)
    return Side(k, samples.n, samples.cost, a + right, b + wrong)


@dataclass(frozen=True, slots=True)
class Allocation:
    """Samples to have of each problem, by side; `spent`: expected cost of what is not there yet; `error`: expected
    standard error of the difference, the problems given."""

    targets: tuple[NDArray[np.int64], ...]
    spent: float
    error: float


def standard_error(sides: tuple[Side, ...], targets: tuple[NDArray[np.int64], ...]) -> float:
    """Of the difference of the sides' coverage over the problems at hand."""
    problems = len(sides[0].n)
    total = sum(float(one.variance(n).sum()) for one, n in zip(sides, targets, strict=True))
    return float(np.sqrt(total)) / problems


def best(
    sides: tuple[Side, ...], money: float, most: tuple[NDArray[np.int64], ...] | None = None
) -> Allocation:
    """The allocation of `money` that is expected to leave the least error. Costs are above 0. `most`: how many samples
    a problem gets at most, by side."""
    cost = np.concatenate([one.cost for one in sides])
    there = np.concatenate([one.n for one in sides])
    cap = np.full(len(there), _NO_CAP) if most is None else np.concatenate(most)
    targets = there
    for _ in range(_ROUNDS):
        at = np.split(targets, len(sides))
        factor = np.concatenate([n * one.variance(n) for one, n in zip(sides, at, strict=True)])
        targets = _fill(there, np.sqrt(np.maximum(factor, 0.0) / cost), cost, money, cap)
    return _allocation(sides, targets)


def uniform(sides: tuple[Side, ...], money: float) -> Allocation:
    """The same money on as many more samples of every problem by every side."""
    more = int(money / sum(float(one.cost.sum()) for one in sides) * (1 + 1e-12))
    return _allocation(sides, np.concatenate([one.n + more for one in sides]))


def _allocation(sides: tuple[Side, ...], targets: NDArray[np.int64]) -> Allocation:
    parts = tuple(np.split(targets, len(sides)))
    spent = sum(float(((n - one.n) * one.cost).sum()) for one, n in zip(sides, parts, strict=True))
    return Allocation(parts, spent, standard_error(sides, parts))


def _fill(
    there: NDArray[np.int64],
    weight: NDArray[np.float64],
    cost: NDArray[np.float64],
    money: float,
    cap: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Targets max(there, level × weight), at most `cap`, with the level that `money` just pays; whole samples, rounded
    down, and the rest where it helps most."""

    def exact_at(level: float) -> NDArray[np.float64]:
        return np.minimum(np.maximum(level * weight, there), np.maximum(cap, there))

    def costs(level: float) -> float:
        return float(((exact_at(level) - there) * cost).sum())

    low, high = 0.0, 1.0
    while high < 1e18 and costs(high) <= money:
        high *= 2
    for _ in range(_STEPS):
        level = (low + high) / 2
        low, high = (level, high) if costs(level) <= money else (low, level)
    exact = exact_at(low)
    targets = np.floor(exact).astype(np.int64)
    left = money - float(((targets - there) * cost).sum())
    for at in np.argsort(targets - exact, kind="stable").tolist():
        if cost[at] <= left and exact[at] > targets[at]:
            targets[at] += 1
            left -= float(cost[at])
    return targets


def _log_choose(n: NDArray[np.int64] | int, k: NDArray[np.int64] | int) -> NDArray[np.float64]:
    """ln C(n, k); −inf if k is more than n."""
    over = np.asarray(k) > np.asarray(n)
    below = np.where(over, 0, np.asarray(n) - np.asarray(k))
    return np.where(
        over, -np.inf, gammaln(np.asarray(n) + 1.0) - gammaln(np.asarray(k) + 1.0) - gammaln(below + 1.0)
    )
