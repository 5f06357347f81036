"""Many laws of how pass rates may be spread over problems, to be weighed by data: mixtures of one to three simple
spreads (tail_parts), and single Betas, which count for as much as all mixtures together: real pass rates are often
near one. Half of the laws have problems that are never solved. How many of the problems unsolved so far stay unsolved
depends on rates too small to be seen; these laws say how the rates that are seen may go on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.extrapolation.tail_parts import ALONE, TailParts, log_rate, tail_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAR = 100
"""Times the sampled k: how far the laws speak, and the farthest that is drawn."""

_MIXED = 20_000
_LAWS = _MIXED + ALONE
_SEED = 20240731
_MOST_PARTS = 3
_HOPELESS = 0.5
"""The share of laws with problems that are never solved."""
_SOME, _MOST, _ABOVE = 0.3, 0.9, 0.15
"""How many of all problems these are: up to 0.3, or, in 0.15 of such laws (a weak model), 0.3 to 0.9."""
_BLOCK = 64
"""Events at a time: 10 MB of chances."""


@dataclass(frozen=True, slots=True)
class TailLaws:
    """`part`, `weight`: (laws, 3), which of `parts` each law mixes, and their shares of problems. `hopeless`: (laws,),
    the share at rate 0. `prior`: (laws,), how much each counts before any data."""

    parts: TailParts
    part: NDArray[np.int64]
    weight: NDArray[np.float64]
    hopeless: NDArray[np.float64]
    prior: NDArray[np.float64]

    @property
    def log_rate(self) -> NDArray[np.float64]:
        return log_rate(self.parts.logit)

    @property
    def log_miss(self) -> NDArray[np.float64]:
        return log_rate(-self.parts.logit)

    def take(self, at: NDArray[np.int64]) -> TailLaws:
        """The laws at these positions, each mixed into one part."""
        part, weight = self.part[at], self.weight[at]
        mass = np.zeros((len(at), len(self.parts.logit)))
        for one, share in zip(part.T, weight.T, strict=True):
            mass += share[:, None] * self.parts.mass[one]
        never = (weight * self.parts.never[part]).sum(axis=1)
        mixed = TailParts(self.parts.logit, mass, never)
        whole = np.ones((len(at), 1))
        return TailLaws(mixed, np.arange(len(at))[:, None], whole, self.hopeless[at], self.prior[at])

    def chance(
        self, given_rate: NDArray[np.float64], of_hopeless: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Of events, (laws, events). `given_rate`: (events, points), their chances at each logit; `of_hopeless`:
        (events,), at rate 0."""
        of_part = self.parts.mass @ given_rate.T + self.parts.never[:, None] * of_hopeless
        chance = self.hopeless[:, None] * of_hopeless
        for part, weight in zip(self.part.T, self.weight.T, strict=True):
            chance += weight[:, None] * of_part[part]
        return chance

    def log_likelihood(
        self, given_rate: NDArray[np.float64], of_hopeless: NDArray[np.float64], times: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """ln of the chance of all events, each so many times, (laws,)."""
        total = np.zeros(len(self.hopeless))
        for start in range(0, len(times), _BLOCK):
            block = slice(start, start + _BLOCK)
            total += np.log(self.chance(given_rate[block], of_hopeless[block])) @ times[block].astype(float)
        return total


@lru_cache(maxsize=4)
def tail_laws(k: int) -> TailLaws:
    """The same laws at every call. `k`: the sampled k, at least 1."""
    generator = np.random.default_rng(_SEED)
    parts = tail_parts(k)
    part = generator.integers(0, len(parts.never) - ALONE, (_LAWS, _MOST_PARTS))
    weight = generator.standard_exponential((_LAWS, _MOST_PARTS))
    many = generator.integers(1, _MOST_PARTS + 1, (_LAWS, 1))
    part[_MIXED:, 0], many[_MIXED:] = np.arange(len(parts.never) - ALONE, len(parts.never)), 1
    weight *= np.arange(_MOST_PARTS) < many
    hopeless = _hopeless(generator)
    weight *= ((1 - hopeless) / weight.sum(axis=1))[:, None]
    prior = np.where(np.arange(_LAWS) < _MIXED, 1.0, _MIXED / ALONE)
    return TailLaws(parts, part, weight, hopeless, prior)


def _hopeless(generator: np.random.Generator) -> NDArray[np.float64]:
    some, many = generator.uniform(0.0, _SOME, _LAWS), generator.uniform(_SOME, _MOST, _LAWS)
    kind = generator.random(_LAWS) / _HOPELESS
    return np.where(kind < _ABOVE, many, np.where(kind < 1, some, 0.0))
