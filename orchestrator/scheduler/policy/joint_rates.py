"""How the pass rates of several models are spread over problems, and go together: what is believed of a problem from
the samples that failed on it.

Each model's spread is a mass on a grid of rates. They are joined by a Gaussian copula of one factor, the problem's
ease: given it, the models are independent (Vasicek's one-factor form). Fitted by EM on the counts of all problems, so
that problems which were asked because others failed on them don't mislead: what was drawn is all that it depended on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATES = np.array(
    (
        *(
            0.0,
            0.0003,
            0.001,
            0.002,
            0.004,
            0.008,
            0.015,
            0.025,
            0.04,
            0.06,
            0.09,
            0.13,
            0.18,
            0.24,
            0.31,
            0.39,
        ),
        *(0.47, 0.55, 0.63, 0.71, 0.79, 0.86, 0.92, 0.96, 0.985, 0.996),
    )
)
EASES = 9
"""Nodes of the shared factor: the middles of equally likely parts of a normal."""
SHARED = (0.0, 0.3, 0.6, 0.8, 0.93)
"""Shares of a model's spread that the factor may explain."""
PRIOR_PROBLEMS = 3.0
"""The vague start counts like so many problems."""
_TURNS = 12

Counts = tuple[tuple[int, int], ...]
"""Of one problem: (right, wrong) by model."""


@dataclass(frozen=True, slots=True)
class Spread:
    """`mass`: (models, RATES) each model's spread; `shared`: how much of it the factor explains."""

    mass: NDArray[np.float64]
    shared: float


def vague(models: int) -> Spread:
    """Before anything is known: small rates are likelier, and models agree more often than not."""
    density = (RATES + 0.02) ** -0.6 * (1.02 - RATES) ** -0.2 * np.gradient(RATES)
    density[0] = density[1:].sum() * 0.08
    mass = density / density.sum()
    return Spread(np.tile(mass, (models, 1)), 0.6)


def stated(rates: Sequence[float | None]) -> Spread | None:
    """Before anything is known but each model's mean pass rate, where it is stated. None: of no model."""
    if all(rate is None for rate in rates):
        return None
    start = vague(len(rates))
    mass = [
        one if rate is None else _with_mean(one, rate) for one, rate in zip(start.mass, rates, strict=True)
    ]
    return Spread(np.array(mass), start.shared)


def _with_mean(mass: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """The same shape, tilted by a power of the odds until its mean is `rate`."""
    odds = np.log((RATES + 0.02) / (1.02 - RATES))
    low, high, tilted = -40.0, 40.0, mass
    for _ in range(60):
        power = (low + high) / 2
        logs = np.log(mass) + power * odds
        tilted = np.exp(logs - logs.max())
        tilted /= tilted.sum()
        low, high = (power, high) if float(tilted @ RATES) < rate else (low, power)
    return tilted


class JointRates:
    """What a spread says of a problem on which each model failed so many times."""

    def __init__(self, spread: Spread) -> None:
        self.spread = spread
        self._given = [given_ease(mass, spread.shared) for mass in spread.mass]
        """(EASES, RATES) by model."""
        self._fail: list[list[tuple[float, ...]]] = [[] for _ in spread.mass]
        self._then_pass: list[list[tuple[float, ...]]] = [[] for _ in spread.mass]
        self._known: dict[tuple[int, ...], tuple[float, tuple[float, ...]]] = {}

    def pass_next(self, failures: tuple[int, ...]) -> tuple[float, ...]:
        """By model, the probability that its next sample passes where all so far failed."""
        return self._of(failures)[1]

    def all_fail(self, failures: tuple[int, ...]) -> float:
        """The probability that a problem's first samples, so many by model, all fail."""
        return self._of(failures)[0]

    def _of(self, failures: tuple[int, ...]) -> tuple[float, tuple[float, ...]]:
        known = self._known.get(failures)
        if known is None:
            known = self._known[failures] = self._found(failures)
        return known

    def _found(self, failures: tuple[int, ...]) -> tuple[float, tuple[float, ...]]:
        weights = [1.0] * EASES
        for model, failed in enumerate(failures):
            if failed:
                fail = self._table(model, failed)[0]
                weights = [w * f for w, f in zip(weights, fail, strict=True)]
        total = sum(weights)
        if total <= 1e-300:
            return 0.0, tuple(0.0 for _ in failures)
        found: list[float] = []
        for model, failed in enumerate(failures):
            fail, then_pass = self._table(model, failed)
            some = sum(w * t / f for w, t, f in zip(weights, then_pass, fail, strict=True) if f > 0)
            found.append(some / total)
        return total / EASES, tuple(found)

    def _table(self, model: int, failed: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """By ease: the probability of so many failures in a row, and of a pass after them."""
        fail, then_pass = self._fail[model], self._then_pass[model]
        while len(fail) <= failed:
            powers = (1.0 - RATES) ** len(fail)
            fail.append(tuple(self._given[model] @ powers))
            then_pass.append(tuple(self._given[model] @ (powers * RATES)))
        return fail[failed], then_pass[failed]


def fit(
    prior: Spread,
    start: Spread,
    counts: Mapping[Counts, int],
    *,
    shared: Sequence[float] = SHARED,
    prior_problems: float = PRIOR_PROBLEMS,
) -> Spread:
    """What is likely by `prior`, which counts like `prior_problems`, sought from `start` on: the mean over `shared`,
    since which of these is likeliest turns with a few verdicts. `counts`: how many problems have these counts."""
    if not counts:
        return start
    patterns = np.array(list(counts), np.float64)  # (patterns, models, 2)
    weight = np.array(list(counts.values()), np.float64)
    right, wrong = patterns.transpose(2, 1, 0)[..., None]
    likelihood = RATES**right * (1.0 - RATES) ** wrong  # (models, patterns, RATES)
    masses, fits = _em(prior_problems * prior.mass, start.mass, likelihood, weight, np.array(shared))
    likely = np.exp(fits - fits.max())
    likely /= likely.sum()
    return Spread(np.einsum("s,smr->mr", likely, masses), float(likely @ np.array(shared)))


def _em(
    prior: NDArray[np.float64],
    start: NDArray[np.float64],
    likelihood: NDArray[np.float64],
    weight: NDArray[np.float64],
    shared: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each of `shared`: the likeliest masses (models, RATES), and how well they fit, a logarithm."""
    mass = np.repeat(start[None], len(shared), axis=0)
    weighed = (weight[:, None] * likelihood).swapaxes(-1, -2)  # (models, RATES, patterns)
    fits = np.zeros(len(shared))
    for _ in range(_TURNS):
        given = given_ease(mass, shared[:, None])  # (shared, models, EASES, RATES)
        by_ease = likelihood @ given.swapaxes(-1, -2)  # (shared, models, patterns, EASES)
        joint = by_ease.prod(axis=1, keepdims=True)
        whole = np.maximum(joint.sum(axis=-1, keepdims=True), 1e-300)
        fits = np.log(whole[:, 0, :, 0]) @ weight
        fits += (prior * np.log(np.maximum(mass, 1e-12))).sum(axis=(-1, -2))
        rest = joint / np.maximum(by_ease, 1e-300) / whole
        # How many problems are expected at each rate.
        found = prior + ((weighed @ rest) * given.swapaxes(-1, -2)).sum(axis=-1)
        mass = found / found.sum(axis=-1, keepdims=True)
    return mass, fits


def log_likelihood(spread: Spread, counts: Mapping[Counts, int]) -> float:
    """Of the counts, as many problems as each has."""
    patterns = np.array(list(counts), np.float64)  # (patterns, models, 2)
    joint = np.ones((len(patterns), EASES))
    for model, mass in enumerate(spread.mass):
        right, wrong = patterns[:, model, :1], patterns[:, model, 1:]
        joint = joint * (RATES**right * (1.0 - RATES) ** wrong @ given_ease(mass, spread.shared).T)
    weight = np.array(list(counts.values()), np.float64)
    return float(weight @ np.log(np.maximum(joint.mean(axis=1), 1e-300)))


def given_ease(mass: NDArray[np.float64], shared: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """(…, EASES, RATES): the masses, (…, RATES), where the factor has each of its values. `shared`: of all, or (…)."""
    edges = _quantile(np.clip(np.cumsum(mass, axis=-1)[..., :-1], 1e-12, 1 - 1e-12))
    eases = np.array(_eases())[:, None]
    share = np.asarray(shared)[..., None, None]
    above = (edges[..., None, :] - np.sqrt(share) * eases) / np.sqrt(1.0 - share)
    ends = np.ones((*above.shape[:-1], 1))
    given = np.diff(np.concatenate([0.0 * ends, _normal(above), ends], axis=-1), axis=-1)
    given = np.maximum(given, 1e-30)  # what rounding makes of next to nothing may be below it
    # Few nodes: the masses hold all the same.
    return given * (mass / given.mean(axis=-2))[..., None, :]


@cache
def _eases() -> tuple[float, ...]:
    from statistics import NormalDist

    return tuple(NormalDist().inv_cdf((at + 0.5) / EASES) for at in range(EASES))


@cache
def _normal_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Quantiles of a normal, and the shares below them, close enough to go straight from one to the next."""
    from statistics import NormalDist

    at = np.arange(-7.1, 7.1, 0.002)
    return at, np.array([NormalDist().cdf(one) for one in at.tolist()])


def _quantile(share: NDArray[np.float64]) -> NDArray[np.float64]:
    at, below = _normal_table()
    return np.interp(share, below, at)


def _normal(at: NDArray[np.float64]) -> NDArray[Any]:
    """Its distribution function, by Abramowitz & Stegun 26.2.17 (error below 1e-7)."""
    t = 1.0 / (1.0 + 0.2316419 * np.abs(at))
    poly = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    tail = np.exp(-0.5 * at * at) / np.sqrt(2 * np.pi) * poly
    return tail + (at >= 0) * (1.0 - 2.0 * tail)
