"""Problems and models whose rates are known, and their samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.scheduler.policy.joint_rates import RATES, Spread

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

PROBLEMS = 200
NEVER = 10**7
FINE = 100_000
SHARED = (0.0, 0.8)


class World(NamedTuple):
    """`rates`: (problems, models); `spread`: the true one; `cost` of a sample, the cheapest model's 1. `drawn`: the
    rates of other problems of the same kind; None: there are no others."""

    name: str
    rates: Floats
    cost: Floats
    spread: Spread | None
    most: int = NEVER
    drawn: Callable[[np.random.Generator], Floats] | None = None


@cache
def _beta(a: float, b: float) -> Callable[[Floats], Floats]:
    quantiles = np.sort(np.random.default_rng(0).beta(a, b, FINE))
    return lambda u: quantiles[np.minimum((u * FINE).astype(np.int64), FINE - 1)]


def _half_out_of_reach(u: Floats) -> Floats:
    return np.where(u < 0.5, 0.0, _beta(1, 2)(np.clip(2 * u - 1, 0, 1 - 1e-9)))


SHAPES: dict[str, Callable[[Floats], Floats]] = {
    "Beta(.3,1)": lambda u: _beta(0.3, 1)(u),
    "Beta(1,3)": lambda u: _beta(1, 3)(u),
    "uniform": lambda u: u,
    "two kinds": lambda u: np.where(u < 0.6, 0.02, 0.7),
    "half out of reach": _half_out_of_reach,
    "long tail": lambda u: np.minimum(0.95, np.exp(-6 + 4 * u + 2 * u**3)),
}


def worlds(shapes: list[str]) -> Iterator[World]:
    """Two of each shape and correlation."""
    number = 0
    for shape in SHAPES:
        for shared in SHARED:
            for again in range(2):
                models = 2 + number % 4
                ratio = (3.0, 10.0, 30.0, 100.0)[(number // 4 + number + again) % 4]
                number += 1
                if shape in shapes:
                    yield _world(np.random.default_rng(number), shape, shared, models, ratio)


def _world(generator: np.random.Generator, shape: str, shared: float, models: int, ratio: float) -> World:
    cost = ratio ** (np.arange(models) / (models - 1))
    # A model that costs c times as much is as good as so many tries of the cheapest: between c to the 0.2 and c.
    tries = cost ** generator.uniform(0.2, 1.0, models)

    def drawn(generator: np.random.Generator) -> Floats:
        ease = generator.standard_normal(PROBLEMS)
        own = generator.standard_normal((PROBLEMS, models))
        u = _normal(np.sqrt(shared) * ease[:, None] + np.sqrt(1 - shared) * own)
        return 1 - (1 - SHAPES[shape](u)) ** tries

    fine = SHAPES[shape]((np.arange(FINE) + 0.5) / FINE)
    mass = np.array([_on_the_grid(1 - (1 - fine) ** t) for t in tries.tolist()])
    name = f"{shape}, {models} models, 1:{ratio:g}, {'together' if shared else 'apart'}"
    return World(name, drawn(generator), cost, Spread(mass, shared), drawn=drawn)


def _on_the_grid(rates: Floats) -> Floats:
    middles = (RATES[1:] + RATES[:-1]) / 2
    at: Whole = np.searchsorted(middles, rates)
    return np.bincount(at, minlength=len(RATES)) / len(rates)


def _normal(at: Floats) -> Floats:
    distribution = NormalDist().cdf
    return np.array([distribution(float(x)) for x in at.ravel()]).reshape(at.shape)


def first_tries(generator: np.random.Generator, world: World) -> Whole:
    """(problems, models): at which sample the first pass comes; NEVER if none does."""
    rates = np.maximum(world.rates, 1e-9)
    drawn = generator.geometric(rates)
    return np.where((world.rates <= 0) | (drawn > world.most), NEVER, drawn)
