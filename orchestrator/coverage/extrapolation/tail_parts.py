"""Simple ways in which pass rates may be spread over problems; tail_laws mixes them.

Four families in equal numbers, of random but always the same parameters: Beta distributions (pass@k then nears 1 as a
power of k: Schaeffer et al. 2025, arXiv 2502.17578), logit-normals, evenly spread in ln p between two ends, and one to
four sharp rates. Their rates are in units of one pass among the sampled k, since that is where sight ends. More Betas
follow, for laws of one part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.special import betaln, ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EACH = 1500
"""Parts of a family that are mixed."""
ALONE = 2000
"""Betas that aren't."""
_SEED = 20250224
STEP = 0.1
_LOWEST, _HIGHEST = 1e-5, 9.0
"""The least rate, in passes per sampled k (1/1000 of what 100 times as many can solve), and the largest logit."""

_A, _B_FROM = (0.15, 3.0), 0.5
"""Of Beta(a, b): a, and the least b; the largest is the sampled k. Both evenly in the logarithm."""
_WEAK = 10
"""Times as large is the largest b of those that aren't mixed: most problems are then out of sight."""
_MEAN_FROM, _SD = 0.1, (0.5, 4.0)
"""Of logit-normals: the mean's least rate in passes per sampled k (the greatest rate is 1/2), and the deviation."""
_LOW_END, _NARROWEST = (1e-4, 10.0), 3.0
"""Of even spreads: the lower end in passes per sampled k, and the least ratio of the ends."""
_RATES, _RATE_FROM, _RATE_TO = 4, 1e-3, 0.9
"""Of sharp rates: how many at most, the least in passes per sampled k, the greatest."""

_STRAY = 1e-4
"""Of every part, spread over all rates: no problem is impossible under any law."""


@dataclass(frozen=True, slots=True)
class TailParts:
    """`logit`: (points,). `mass`: (parts, points), each part's share of problems about each logit. `never`: (parts,),
    its share below them all, too hard for any k that matters."""

    logit: NDArray[np.float64]
    mass: NDArray[np.float64]
    never: NDArray[np.float64]


def tail_parts(k: int) -> TailParts:
    """`k`: the sampled k, at least 1. Those to be mixed in random order, then ALONE Betas."""
    generator = np.random.default_rng(_SEED)
    logit = np.arange(np.log(_LOWEST / k), _HIGHEST, STEP)
    families = [family(generator, logit, k) for family in (_betas, _logit_normals, _even, _sharp)]
    order = generator.permutation(len(families) * _EACH)
    mixed = [np.concatenate(each)[order] for each in zip(*families, strict=True)]
    alone = _betas(generator, logit, _WEAK * k, ALONE)
    mass, never = (np.concatenate(each) for each in zip(mixed, alone, strict=True))
    return TailParts(logit, mass * (1 - _STRAY) + _STRAY / len(logit), never * (1 - _STRAY))


_Family = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def _betas(generator: np.random.Generator, logit: NDArray[np.float64], k: int, count: int = _EACH) -> _Family:
    a = _log_uniform(generator, *_A, count)
    b = _log_uniform(generator, _B_FROM, max(float(k), 2 * _B_FROM), count)
    scale = betaln(a, b)
    log_mass = a[:, None] * log_rate(logit) + b[:, None] * log_rate(-logit) - scale[:, None]
    below = np.exp(a * log_rate(logit[0] - STEP / 2) - scale) / a
    return np.exp(log_mass) * STEP, below


def _logit_normals(generator: np.random.Generator, logit: NDArray[np.float64], k: int) -> _Family:
    mean = generator.uniform(np.log(_MEAN_FROM / k), 0.0, _EACH)
    sd = generator.uniform(*_SD, _EACH)
    edges = np.append(logit, logit[-1] + STEP) - STEP / 2
    below = ndtr((edges - mean[:, None]) / sd[:, None])
    return np.diff(below, axis=1), below[:, 0]


def _even(generator: np.random.Generator, logit: NDArray[np.float64], k: int) -> _Family:
    low = np.log(np.minimum(_log_uniform(generator, *_LOW_END) / k, 1 / _NARROWEST**2))
    high = (low + np.log(_NARROWEST)) * generator.random(_EACH)
    edges = log_rate(np.append(logit, logit[-1] + STEP) - STEP / 2)
    below = np.clip((edges - low[:, None]) / (high - low)[:, None], 0.0, 1.0)
    return np.diff(below, axis=1), below[:, 0]


def _sharp(generator: np.random.Generator, logit: NDArray[np.float64], k: int) -> _Family:
    """Each rate's share goes to the points on both sides of it."""
    weight = generator.standard_exponential((_EACH, _RATES))
    weight *= np.arange(_RATES) < generator.integers(1, _RATES + 1, (_EACH, 1))
    weight /= weight.sum(axis=1, keepdims=True)
    rate = _RATE_FROM / k * (_RATE_TO * k / _RATE_FROM) ** generator.random((_EACH, _RATES))
    place = (np.log(rate / (1 - rate)) - logit[0]) / STEP
    point = place.astype(np.int64)
    mass, row = np.zeros((_EACH, len(logit))), np.arange(_EACH)[:, None]
    np.add.at(mass, (row, point), weight * (1 - place + point))
    np.add.at(mass, (row, point + 1), weight * (place - point))
    return mass, np.zeros(_EACH)


def log_rate(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return -np.logaddexp(0.0, -logit)


def _log_uniform(
    generator: np.random.Generator, low: float, high: float, count: int = _EACH
) -> NDArray[np.float64]:
    return low * (high / low) ** generator.random(count)
