"""Many laws of how small pass rates may be spread over problems, to be weighed by data.

Power laws of coverage come from the spread of pass rates near 0 (Schaeffer et al. 2025, arXiv 2502.17578), so only
that end is described. Against v = ln(p/(1−p)) a law's density is p^a (1−p)^b: the tail of a Beta(a, b). A part of the
laws also bends as a log-normal does, or ends at some least rate, or leaves problems that are never solved. Rates are
in units of one pass among the sampled k, since that is where sight ends.

Laws are weighed beforehand by what they say of the one thing that is asked and not seen: which share of the problems
that no sampled k solves stays unsolved after 100 times as many. Beta(1, 3), mean 1/4, and besides a chance of 15% that
hardly any does, and of 3% that nearly all do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAR = 100
"""Times the sampled k: how far the prior speaks, and the farthest that is drawn."""

_LAWS = 4096
_SEED = 20250224
_STEP = 0.1
_LOWEST, _HIGHEST = 1e-5, 8.0
"""The least rate, in passes per sampled k (1/1000 of what FAR can solve), and the largest logit."""

_SLOPE, _SLOPE_SD = 0.4, 0.8
"""Of a, the exponent with which coverage nears 1. Chosen, and wide: two thirds lie between −0.4 and 1.2."""
_UPPER = 0.5, 100.0
_BENT, _BEND = 0.25, (0.02, 0.4)
"""The share of laws with a curvature in ln p, and its range: log-normals of standard deviation 7 to 1.6."""
_CUT, _LEAST = 0.5, (0.01, 2.0)
"""The share of laws with a least rate, and its range in passes per sampled k."""
_HOPELESS, _MOST_HOPELESS = 0.4, 0.9
"""The share of laws with problems that are never solved, and how many of those unsolved so far these may be."""
_CENTRE = 3.0
_FLATTEST = 0.015

_ALL_SOLVED, _NEARLY_NONE = 0.15, 0.002
_NONE_SOLVED, _NEARLY_ALL = 0.03, 3
"""The latter in bins, from the top."""
_BINS = 25
_PRIOR_POWER = 3
"""The share that stays unsolved is Beta(1, 3): above r it has the chance (1 − r)^3."""


@dataclass(frozen=True, slots=True)
class TailLaws:
    """`logit`: (points,). `mass`: (laws, points), each law's share of problems about each logit, in any unit.
    `never`: (laws,), its problems too hard for any k, in that unit. `log_prior`: (laws,)."""

    logit: NDArray[np.float64]
    mass: NDArray[np.float64]
    never: NDArray[np.float64]
    log_prior: NDArray[np.float64]

    @property
    def log_rate(self) -> NDArray[np.float64]:
        return -np.logaddexp(0.0, -self.logit)

    @property
    def log_miss(self) -> NDArray[np.float64]:
        return -np.logaddexp(0.0, self.logit)

    def take(self, at: NDArray[np.int64]) -> TailLaws:
        """The laws at these positions."""
        return TailLaws(self.logit, self.mass[at], self.never[at], self.log_prior[at])

    def chance(
        self, given_rate: NDArray[np.float64], of_hopeless: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Of events, (laws, events), in the laws' unit. `given_rate`: (events, points), their chances at each logit;
        `of_hopeless`: (events,), at rate 0."""
        return self.mass @ given_rate.T + self.never[:, None] * of_hopeless


@lru_cache(maxsize=8)
def tail_laws(k: int) -> TailLaws:
    """The same laws at every call. `k`: the sampled k, at least 1."""
    u = _latin_hypercube(8)
    slope = _SLOPE + _SLOPE_SD * ndtri(u[:, 0])
    upper = _log_uniform(u[:, 1], *_UPPER)
    bend = np.where(u[:, 2] < _BENT, _log_uniform(u[:, 3], *_BEND), 0.0)
    least = np.where(u[:, 4] < _CUT, _log_uniform(u[:, 5], *_LEAST), 0.0)
    hopeless = np.where(u[:, 6] < _HOPELESS, u[:, 7] * _MOST_HOPELESS, 0.0)
    logit = np.arange(np.log(_LOWEST / k), _HIGHEST, _STEP)
    laws = TailLaws(logit, np.empty((0, len(logit))), np.empty(0), np.empty(0))
    x = laws.log_rate - np.log(_CENTRE / k)
    log_mass = slope[:, None] * x - bend[:, None] * (x**2 / 2) + upper[:, None] * laws.log_miss
    log_mass -= (least / k)[:, None] * np.exp(-laws.log_rate)
    steepness = (log_mass[:, 1] - log_mass[:, 0]) / _STEP
    ends = steepness > _FLATTEST  # else most problems would lie below every rate that matters
    log_mass = log_mass[ends] - log_mass[ends].max(axis=1, keepdims=True)
    mass = np.exp(log_mass) * _STEP
    below = mass[:, 0] / _STEP / steepness[ends]
    unsolved = mass @ np.exp(k * laws.log_miss) + below
    never = below + unsolved * hopeless[ends] / (1 - hopeless[ends])
    left = (mass @ np.exp((1 + FAR) * k * laws.log_miss) + never) / (unsolved + never - below)
    return TailLaws(logit, mass, never, _log_prior(left))


def _log_prior(left: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights that give the share left the wanted distribution, whatever the parameters gave it."""
    edges = np.concatenate([[0.0, _NEARLY_NONE], np.linspace(1 / _BINS, 1.0, _BINS)])
    at = np.clip(np.searchsorted(edges, left, side="right") - 1, 0, len(edges) - 2)
    wanted = (1 - _ALL_SOLVED - _NONE_SOLVED) * -np.diff((1 - edges) ** _PRIOR_POWER)
    wanted[0] += _ALL_SOLVED
    wanted[-_NEARLY_ALL:] += _NONE_SOLVED / _NEARLY_ALL
    return np.log(wanted[at] / np.bincount(at, minlength=len(wanted))[at])


def _latin_hypercube(columns: int) -> NDArray[np.float64]:
    """(laws, columns) in (0, 1), each column evenly spread (McKay, Beckman and Conover 1979)."""
    generator = np.random.default_rng(_SEED)
    evenly = (np.arange(_LAWS) + 0.5) / _LAWS
    return generator.permuted(np.tile(evenly, (columns, 1)), axis=1).T


def _log_uniform(share: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    return low * (high / low) ** share
