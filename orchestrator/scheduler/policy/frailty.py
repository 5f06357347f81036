"""What is believed of all models at once, from few verdicts: a gamma frailty, joined by the problems' ease.

A problem's hazard, −ln(1 − its pass rate), is spread over problems as a gamma distribution, the same for each model but
for the model's scale; some problems are out of reach. So a model that is as good as two tries of another has twice its
scale. Scales go with prices, loosely. Few numbers are to be found, so that some tens of verdicts tell them; the free
spread that joint_rates fits starts from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from orchestrator.scheduler.policy.joint_rates import EASES, RATES, Counts, Spread, given_ease, vague

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

SHAPES = (0.15, 0.3, 0.6, 1.0, 2.0, 5.0)
"""Of the gamma distribution: the smaller, the more problems differ."""
OUT_OF_REACH = (0.0, 0.2, 0.5)
"""Shares of the problems that a model never solves."""
SHARED = (0.0, 0.3, 0.6, 0.8, 0.93)
"""Shares of a model's spread that the problems' ease may explain."""
STEP = 0.25
SCALES = np.arange(-8.0, 4.01, STEP)
"""Logarithms of a mean hazard."""
FIRST_RATE, FIRST_SD = 0.3, 4.0
"""The cheapest model's mean pass rate before anything is known, and how loosely the logarithm of its hazard is held to
it."""
PRICE_POWER = 0.55
"""A sample that costs c times as much is taken for as good as c to this power tries of the cheaper model …"""
MOST_RATIO = 1000.0
"""… and prices for no further apart than so many times."""
APART = 0.15
APART_BY_PRICE = 0.25
"""How far off that may be: the standard deviation of its logarithm, for models of one price, and for each unit of ln c
more. Heavy tails: a Student's t of 4 degrees of freedom."""
UNLIKE = 0.1
"""How likely it is that a much more expensive model is like no other, so that one is tried even where all others
fail. It fades with its own verdicts …"""
UNLIKE_FOR = 4.0
KNOWN = 50.0
"""… and means little until others have so many."""
MOST_PATTERNS = 400
_WINDOW = np.arange(-3, 4)
_SWEEPS = 3
_UNLIKELY = 1e-3


class _Tables(NamedTuple):
    """`mass`: (kinds, SCALES, RATES), a kind being a shape and a share out of reach; `given`: (SHARED, kinds, SCALES,
    EASES, RATES); `mean`: (kinds, SCALES)."""

    mass: Floats
    given: Floats
    mean: Floats


@cache
def _tables() -> _Tables:
    logs = np.arange(-80.0, 8.0, 0.01)
    edges = np.log(-np.log1p(-(RATES[1:] + RATES[:-1]) / 2))
    masses: list[Floats] = []
    for shape in SHAPES:
        below = np.cumsum(np.exp(shape * logs - np.exp(logs)))
        below /= below[-1]
        at = np.asarray(np.interp(edges[None, :] - SCALES[:, None] + np.log(shape), logs, below), np.float64)
        ends = np.ones((len(SCALES), 1))
        mass = np.diff(np.concatenate([0 * ends, at, ends], axis=1), axis=1)
        masses.extend((1.0 - out) * mass + out * (RATES == 0.0) for out in OUT_OF_REACH)
    mass = np.maximum(np.array(masses), 1e-12)
    given = np.array([given_ease(mass, shared) for shared in SHARED])
    return _Tables(mass, given, mass @ RATES)


def believed(counts: Mapping[Counts, int], costs: Sequence[float], *, explores: bool = True) -> Spread:
    """By all verdicts so far, and what a sample costs by model. `explores`: much more expensive models that are known
    little are taken for better than is likely, so that they are tried."""
    seen = _Seen.of(counts, costs)
    fits, shared, mass = _searched(seen)
    likely = np.exp(fits - fits.max())
    likely /= likely.sum()
    others = seen.samples.sum() - seen.samples
    unlike = (
        explores
        * UNLIKE
        * (1.0 - 1.0 / seen.times)
        * others
        / (others + KNOWN)
        / (1.0 + seen.samples / UNLIKE_FOR)
    )
    alike = np.einsum("h,hmr->mr", likely, mass)
    start = vague(len(costs)).mass
    return Spread(alike + unlike[:, None] * (start - alike), float(likely @ shared))


def drawn_spreads(
    generator: np.random.Generator,
    counts: Mapping[Counts, int],
    costs: Sequence[float],
    n: int,
    *,
    temper: float,
) -> list[Spread]:
    """So many, each shape and share out of reach as often as its likelihood, to the root `temper`, says."""
    fits, shared, mass = _searched(_Seen.of(counts, costs))
    likely = np.exp((fits - fits.max()) / temper)
    below = np.cumsum(likely) / likely.sum()
    at = np.searchsorted(below, (np.arange(n) + generator.random()) / n)
    chosen: list[int] = np.minimum(at, len(fits) - 1).tolist()
    return [Spread(mass[one], float(shared[one])) for one in chosen]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the search reads. `weight` of each pattern of counts; by model, `like`: the likelihoods at each rate of the
    (right, wrong) that occur, `which` of them each pattern has, how many `samples` and `passes` there are, how many
    `times` the cheapest's price it costs, and how far off its scale may be from what this says (a variance, `apart`).
    """

    weight: Floats
    like: list[Floats]
    which: list[Whole]
    samples: Floats
    passes: Floats
    times: Floats
    by_price: Floats
    apart: Floats

    @classmethod
    def of(cls, counts: Mapping[Counts, int], costs: Sequence[float]) -> _Seen:
        logs = np.log(np.minimum(np.array(costs) / min(costs), MOST_RATIO))
        patterns = np.array(list(counts) or [((0, 0),) * len(costs)], np.float64)  # (patterns, models, 2)
        weight = np.array(list(counts.values()) or [1], np.float64)
        samples, passes = weight @ patterns.sum(axis=2), weight @ patterns[:, :, 0]
        if len(weight) > MOST_PATTERNS:  # evenly from all problems
            ends = np.cumsum(weight)
            share = float(weight.sum()) / MOST_PATTERNS
            middles = np.linspace(0.5, MOST_PATTERNS - 0.5, MOST_PATTERNS) * share
            taken = np.asarray(np.searchsorted(ends, middles), np.int64)
            patterns, weight = patterns[taken], np.full(MOST_PATTERNS, share)
        like, which = _likelihoods(patterns)
        return cls(
            weight,
            like,
            which,
            samples,
            passes,
            np.exp(logs),
            PRICE_POWER * logs,
            APART**2 + (APART_BY_PRICE * logs) ** 2,
        )


def _searched(seen: _Seen) -> tuple[Floats, Floats, Floats]:
    """Of each shape, share out of reach and share explained that is not unlikely: how well it fits (a logarithm), the
    share explained, and (models, RATES) the masses. Scales are sought model by model, given the others'."""
    tables = _tables()
    kinds, models = len(tables.mass), range(len(seen.samples))
    shared_of, kind_of = np.repeat(np.arange(len(SHARED)), kinds), np.tile(np.arange(kinds), len(SHARED))
    level = SCALES[np.abs(tables.mean - FIRST_RATE).argmin(axis=1)]
    scale = _first_scales(tables, level, seen)[kind_of]  # (hypotheses, models)
    level = level[kind_of]
    drawn: list[Floats] = [
        _by_ease(tables.given[shared_of, kind_of, _near(scale[:, m])], seen, m) for m in models
    ]  # (hypotheses, EASES, patterns) each
    informed = np.where(seen.samples > 0, seen.passes + 0.5, 0.0)
    voice = informed / (1.0 + seen.apart * informed)
    mass = np.zeros((len(kind_of), len(models), len(RATES)))
    fits = np.zeros(len(kind_of))
    order: list[int] = np.argsort(-seen.samples, kind="stable").tolist()
    for _ in range(_SWEEPS):
        for model in order:
            others = [o for o in models if o != model]
            told = FIRST_SD**-2 + sum(voice[o] for o in others)
            said = level * FIRST_SD**-2 + sum(voice[o] * (scale[:, o] - seen.by_price[o]) for o in others)
            apart = seen.apart[model]
            centre = said / told + seen.by_price[model] - apart / 2  # on average so many tries
            window = np.clip(_near(scale[:, model])[:, None] + _WINDOW, 0, len(SCALES) - 1)
            each = _by_ease(tables.given[shared_of[:, None], kind_of[:, None], window], seen, model)
            rest: Floats = np.ones_like(drawn[model])
            for o in others:
                rest = rest * drawn[o]
            whole = np.einsum("hep,hwep->hwp", rest, each) / EASES
            off = (SCALES[window] - centre[:, None]) ** 2 / (1.0 / told + apart)
            found = np.log(np.maximum(whole, 1e-300)) @ seen.weight - 2.5 * np.log1p(off / 4.0)
            best = found.max(axis=1)
            likely = np.exp(found - best[:, None])
            fits = best + np.log(likely.mean(axis=1))
            likely /= likely.sum(axis=1, keepdims=True)
            scale[:, model] = (likely * SCALES[window]).sum(axis=1)
            drawn[model] = np.einsum("hw,hwep->hep", likely, each)
            mass[:, model] = np.einsum("hw,hwr->hr", likely, tables.mass[kind_of[:, None], window])
        kept = fits > fits.max() + np.log(_UNLIKELY)
        shared_of, kind_of, level, fits = shared_of[kept], kind_of[kept], level[kept], fits[kept]
        scale, mass, drawn = scale[kept], mass[kept], [one[kept] for one in drawn]
    return fits, np.array(SHARED)[shared_of], mass


def _by_ease(given: Floats, seen: _Seen, model: int) -> Floats:
    """(…, EASES, patterns): how likely each pattern's counts of the model are."""
    return np.asarray((given @ seen.like[model].T)[..., seen.which[model]])


def _likelihoods(patterns: Floats) -> tuple[list[Floats], list[Whole]]:
    """By model: of each (right, wrong) that occurs at each rate, and which of these each pattern has."""
    like: list[Floats] = []
    which: list[Whole] = []
    for model in range(patterns.shape[1]):
        pairs, of = np.unique(patterns[:, model], axis=0, return_inverse=True)
        like.append(RATES ** pairs[:, :1] * (1.0 - RATES) ** pairs[:, 1:])
        which.append(of.reshape(-1))
    return like, which


def _first_scales(tables: _Tables, level: Floats, seen: _Seen) -> Floats:
    """(kinds, models): where the search begins. What few verdicts say of a model by themselves counts little."""
    most = int(seen.samples.argmax())
    if not seen.samples[most]:
        return level[:, None] + seen.by_price[None, :]
    rate = (seen.passes + 0.6) / (seen.samples + 2.0)
    alone = SCALES[np.abs(tables.mean[:, :, None] - rate).argmin(axis=1)]
    as_priced = alone[:, most, None] - seen.by_price[most] + seen.by_price
    return as_priced + (alone - as_priced) * (seen.samples / (seen.samples + KNOWN))


def _near(scale: Floats) -> Whole:
    return np.clip(np.rint((scale - SCALES[0]) / STEP), 0, len(SCALES) - 1).astype(np.int64)
