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

from orchestrator.coverage.special import betainc, betaln
from orchestrator.coverage.tail_laws import TailLaws, tail_laws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

_FEW = 6
"""Passes within the sampled k that still count as few, less below k = 40. 5 to 10 do alike in simulation; more lets
easy ones in."""
_MOST_FEW = 50
_DRAWS = 2000
_SEED = 20250224
_EASY = 0.5
"""Of problems outside the tail: their rate has the density of Beta(c + 1/2, n − c + 1)."""


@dataclass(frozen=True, slots=True)
class TailFit:
    """`laws`: those in the posterior draws; `drawn`: (draws,), which of them; `tail`: (problems,), who was fitted."""

    samples: Samples
    laws: TailLaws
    drawn: NDArray[np.int64]
    tail: NDArray[np.bool_]

    def unsolved(self, ks: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Shares of problems that k fresh samples leave unsolved, (draws, ks) each: of these problems, and of
        problems drawn anew as the bootstrap does."""
        pairs, back = np.unique(
            np.stack([self.samples.n, self.samples.c, self.tail]), axis=1, return_inverse=True
        )
        n, c, tail = pairs[0].astype(float), pairs[1].astype(float), pairs[2] > 0
        counts = np.bincount(back.reshape(-1), minlength=len(n))
        problems = self.samples.problems
        generator = np.random.default_rng(_SEED)
        anew = generator.multinomial(problems, counts / problems, len(self.drawn)) / problems
        these, others = np.empty((len(self.drawn), len(ks))), np.empty((len(self.drawn), len(ks)))
        kernel, hopeless = _kernel(self.laws, n[tail], c[tail])
        seen = self.laws.chance(kernel, hopeless)
        for i, k in enumerate(ks):
            easy = _easy_unsolved(n[~tail], c[~tail], int(k))
            left = self.laws.chance(kernel * np.exp(k * self.laws.log_miss), hopeless) / seen
            these[:, i] = (left @ counts[tail] + easy @ counts[~tail])[self.drawn] / problems
            others[:, i] = (anew[:, tail] * left[self.drawn]).sum(axis=1) + anew[:, ~tail] @ easy
        return these, others


def fit(samples: Samples) -> TailFit:
    """Needs a problem and a largest k of 1 at least."""
    k = samples.largest_k
    laws = tail_laws(k)
    if samples.first is None:
        few = min(_FEW, 2 + k // 10)
        most = np.minimum(np.clip(np.ceil(few * samples.n / k), few, _MOST_FEW), samples.n)
        tail = samples.c <= most
    else:
        most = np.zeros(samples.problems)
        tail = (samples.first == 0) | (samples.first > k // _FEW)
    n, c, limit = (x[tail].astype(float) for x in (samples.n, samples.c, most))
    log_weight = laws.log_prior + _log_likelihood(laws, n, c)
    if samples.first is None:
        sizes, back = np.unique(np.stack([n, limit]), axis=1, return_inverse=True)
        within = _at_most(sizes[1][:, None], sizes[0][:, None], np.exp(laws.log_miss))
        into_tail = np.log(laws.chance(within, np.ones(len(within))))
        log_weight = log_weight - into_tail @ np.bincount(back.reshape(-1), minlength=len(within))
    else:
        late = np.exp((k // _FEW) * laws.log_miss)[None]
        log_weight = log_weight - len(n) * np.log(laws.chance(late, np.ones(1)))[:, 0]
    return _drawn(samples, laws, log_weight, tail)


def _drawn(
    samples: Samples, laws: TailLaws, log_weight: NDArray[np.float64], tail: NDArray[np.bool_]
) -> TailFit:
    """Posterior draws of laws, evenly spaced through the weights, then shuffled."""
    weight = np.cumsum(np.exp(log_weight - log_weight.max()))
    spaced = (np.arange(_DRAWS) + 0.5) / _DRAWS * weight[-1]
    at = np.asarray(np.searchsorted(weight, spaced), np.int64)
    used, drawn = np.unique(at, return_inverse=True)
    drawn = np.random.default_rng(_SEED).permutation(drawn.reshape(-1).astype(np.int64))
    return TailFit(samples, laws.take(used), drawn, tail)


def _easy_unsolved(n: NDArray[np.float64], c: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    return np.exp(betaln(c + _EASY, n - c + 1 + k) - betaln(c + _EASY, n - c + 1))


def _at_most(
    most: NDArray[np.float64], n: NDArray[np.float64], miss: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The chance of at most so many passes among n samples that fail with chance `miss`."""
    return np.where(most < n, betainc(np.maximum(n - most, 1.0), most + 1, miss), 1.0)


def _log_likelihood(laws: TailLaws, n: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
    pairs, weight = np.unique(np.stack([n, c]), axis=1, return_counts=True)
    kernel, hopeless = _kernel(laws, pairs[0], pairs[1])
    return np.log(laws.chance(kernel, hopeless)) @ weight.astype(np.float64)


def _kernel(
    laws: TailLaws, n: NDArray[np.float64], c: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """p^c (1−p)^(n−c), each scaled to a largest value of 1 where it has a pass: (pairs, points) and, at p = 0,
    (pairs,)."""
    log = c[:, None] * laws.log_rate + (n - c)[:, None] * laws.log_miss
    top = np.where(c > 0, log.max(axis=1, initial=-np.inf), 0.0)
    return np.exp(log - top[:, None]), np.where(c == 0, 1.0, 0.0)
