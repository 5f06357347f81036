"""How well each tail law explains the problems with few passes, and what they then leave unsolved after k samples.

Only the hard end is fitted, since laws fitted to all problems bend to the easy ones, which say nothing of the rest: a
problem counts if it has few passes, or, sampled until solved, was not solved early. The likelihood is conditional on
that, so no problem is chosen by its outcome. It is the same whether sampling stopped at a pass or not (dynamic sampling
too: Kazdan et al. 2025, arXiv 2510.05197), and for unequal n.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import bootstrap
from orchestrator.coverage.extrapolation.tail_laws import TailLaws, tail_laws
from orchestrator.coverage.special import betainc, betaln

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

_FEW, _SHARE = 60, 5
"""Passes within the sampled k that still count as few: up to a fifth of it, and to 60. 20 do nearly as well at
k = 100; 200 at k = 1,000 let easy ones in."""
_MOST_FEW = 100
"""Of a problem with more samples than that: the laws' rates are 10% apart."""
_DRAWS = 2000
_SEED = 20250224
_ENOUGH = 50
"""Laws that share the weight, at least, counted by 1/sum of squared shares (Kish 1965)."""
_MILD = 0.3
"""Of the point: the power of the laws' weights. None of them is the truth, so chance in the counts moves the median
too far if they are weighted as if one were."""
_EASY = 0.5
"""Of problems outside the tail: their rate has the density of Beta(c + 1/2, n − c + 1)."""


@dataclass(frozen=True, slots=True)
class Unsolved:
    """Shares of problems that k fresh samples leave unsolved, (draws, ks) each: of these problems; of them, by laws
    whose weights are nearer to one another; and of problems drawn anew as the bootstrap does."""

    these: NDArray[np.float64]
    mildly: NDArray[np.float64]
    anew: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TailFit:
    """`laws`: those in the posterior draws; `drawn`: (draws,), which of them; `mild`: the same by weights that are
    nearer to one another; `tail`: (problems,), who was fitted."""

    samples: Samples
    laws: TailLaws
    drawn: NDArray[np.int64]
    mild: NDArray[np.int64]
    tail: NDArray[np.bool_]

    def unsolved(self, ks: NDArray[np.int64]) -> Unsolved:
        n, c, tail, back = self._pairs()
        counts = np.bincount(back, minlength=len(n))
        problems = self.samples.problems
        anew = self._anew(counts, back)
        these, mildly, others = (np.empty((len(self.drawn), len(ks))) for _ in range(3))
        kernel, hopeless = _kernel(self.laws, n[tail], c[tail])
        seen = self.laws.chance(kernel, hopeless)
        for i, k in enumerate(ks):
            easy = _easy_unsolved(n[~tail], c[~tail], int(k))
            left = self.laws.chance(kernel * np.exp(k * self.laws.log_miss), hopeless) / seen
            by_law = (left @ counts[tail] + easy @ counts[~tail]) / problems
            these[:, i], mildly[:, i] = by_law[self.drawn], by_law[self.mild]
            others[:, i] = (anew[:, tail] * left[self.drawn]).sum(axis=1) + anew[:, ~tail] @ easy
        return Unsolved(these, mildly, others)

    def _anew(self, counts: NDArray[np.int64], back: NDArray[np.int64]) -> NDArray[np.float64]:
        """The share of each kind of problem in every draw of problems, or of clusters of them."""
        problems = self.samples.problems
        if self.samples.cluster is None:
            generator = np.random.default_rng(_SEED)
            return generator.multinomial(problems, counts / problems, len(self.drawn)) / problems
        blocks = bootstrap.weights(problems, len(self.drawn), _SEED, self.samples.cluster)
        return np.concatenate([block @ _of_kind(back, len(counts)) for block in blocks])

    def solving(self, blocks: Iterable[NDArray[np.float64]]) -> Callable[[int], NDArray[np.float64]]:
        """The share that k fresh samples solve in every draw of problems, (draws,), as a function of k; each draw takes
        one law. `blocks`: weights of the problems, (some draws, problems)."""
        n, c, tail, back = self._pairs()
        kernel, hopeless = _kernel(self.laws, n[tail], c[tail])
        weight = np.concatenate([block @ _of_kind(back, len(n)) for block in blocks])
        law = self.drawn[np.arange(len(weight)) % len(self.drawn)]
        # All but the last factor of a rate's share is the same for every k, so that each costs one product.
        of_kind = weight[:, tail] / self.laws.chance(kernel, hopeless)[law]
        mixed = self.laws.parts  # a part is a law: those of a fit were taken
        left = mixed.mass[law] * (of_kind @ kernel)
        never = (mixed.never + self.laws.hopeless)[law] * (of_kind @ hopeless)
        whole, of_easy = weight.sum(axis=1), weight[:, ~tail]

        def solved(k: int) -> NDArray[np.float64]:
            easy = of_easy @ _easy_unsolved(n[~tail], c[~tail], k)
            return whole - left @ np.exp(k * self.laws.log_miss) - never - easy

        return solved

    def _pairs(
        self,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
        """n, c and whether they are in the tail, of each kind of problem, and every problem's kind."""
        pairs, back = np.unique(
            np.stack([self.samples.n, self.samples.c, self.tail]), axis=1, return_inverse=True
        )
        return pairs[0].astype(float), pairs[1].astype(float), pairs[2] > 0, back.reshape(-1)


def _of_kind(back: NDArray[np.int64], kinds: int) -> NDArray[np.float64]:
    """Which kind each problem is of, as ones, (problems, kinds)."""
    return (back[:, None] == np.arange(kinds)).astype(np.float64)


def fit(samples: Samples) -> TailFit:
    """Needs a problem and a largest k of 1 at least."""
    k = samples.largest_k
    laws = tail_laws(k)
    if samples.first is None:
        few = min(_FEW, 1 + k // _SHARE)
        most = np.minimum(np.clip(np.ceil(few * samples.n / k), few, _MOST_FEW), samples.n)
        tail = samples.c <= most
    else:
        most = np.zeros(samples.problems)
        tail = (samples.first == 0) | (samples.first > k // _FEW)
    n, c, limit = (x[tail].astype(float) for x in (samples.n, samples.c, most))
    pairs, times = np.unique(np.stack([n, c]), axis=1, return_counts=True)
    log_weight = laws.log_likelihood(*_kernel(laws, pairs[0], pairs[1]), times)
    if samples.first is None:
        sizes, times = np.unique(np.stack([n, limit]), axis=1, return_counts=True)
        into_tail = _at_most(sizes[1][:, None], sizes[0][:, None], np.exp(laws.log_miss))
    else:
        into_tail, times = np.exp((k // _FEW) * laws.log_miss)[None], np.array([len(n)])
    log_weight = log_weight - laws.log_likelihood(into_tail, np.ones(len(times)), times)
    return _drawn(samples, laws, log_weight, tail)


def _drawn(
    samples: Samples, laws: TailLaws, log_weight: NDArray[np.float64], tail: NDArray[np.bool_]
) -> TailFit:
    """Posterior draws of laws, evenly spaced through the weights, then shuffled."""
    weight, power = _tempered(log_weight - log_weight.max(), laws.prior)
    both = np.concatenate([_spaced(weight), _spaced(weight ** min(1.0, _MILD / power))])
    used, at = np.unique(both, return_inverse=True)
    drawn, mild = at.reshape(2, -1).astype(np.int64)
    drawn = np.random.default_rng(_SEED).permutation(drawn)
    return TailFit(samples, laws.take(used), drawn, mild, tail)


def _spaced(weight: NDArray[np.float64]) -> NDArray[np.int64]:
    summed = np.cumsum(weight)
    spaced = (np.arange(_DRAWS) + 0.5) / _DRAWS * summed[-1]
    return np.asarray(np.searchsorted(summed, spaced), np.int64)


def _tempered(
    log_weight: NDArray[np.float64], prior: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Weights, the likelihood to a power below 1 if many problems leave but a few of the laws: none of these is the
    truth, so which of them is nearest says less than it seems to, and a band over so few would be too narrow. And that
    power."""
    power = 1.0
    while True:
        weight = prior * np.exp(power * log_weight)
        if weight.sum() ** 2 >= _ENOUGH * (weight**2).sum():
            return weight, power
        power *= 0.8


def _easy_unsolved(n: NDArray[np.float64], c: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    return np.exp(betaln(c + _EASY, n - c + 1 + k) - betaln(c + _EASY, n - c + 1))


def _at_most(
    most: NDArray[np.float64], n: NDArray[np.float64], miss: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The chance of at most so many passes among n samples that fail with chance `miss`."""
    return np.where(most < n, betainc(np.maximum(n - most, 1.0), most + 1, miss), 1.0)


def _kernel(
    laws: TailLaws, n: NDArray[np.float64], c: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """p^c (1−p)^(n−c), each scaled to a largest value of 1 if it has a pass: (pairs, points) and, at p = 0,
    (pairs,)."""
    log = c[:, None] * laws.log_rate + (n - c)[:, None] * laws.log_miss
    top = np.where(c > 0, log.max(axis=1, initial=-np.inf), 0.0)
    return np.exp(log - top[:, None]), np.where(c == 0, 1.0, 0.0)
