"""Many of the cheap or a few of the expensive: one pair of models on the same problems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from orchestrator.coverage import bootstrap
from orchestrator.coverage.pairs import lost
from orchestrator.coverage.search import TIE, Search
from orchestrator.coverage.special import ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GAP, _GAP_SD = 0.03, 0.05
"""Of the gap in coverage where the expensive side's money buys more cheap samples than were drawn, on simulated pairs:
such prices favour the cheap side a little (docs/statistics.md, Comparisons)."""
_ALIKE = 0.03
"""As many pairs cover the same as cover within so much of it without being the same."""
_LEAD = 0.3
"""Of a problem, on such pairs, for the cheap side: prices favour it there, too."""
_ONE_SIDED = 2
"""Problems added, of which each side solves one alone (Bonett and Price 2012): draws of few problems vary too little,
and draws of problems on which both do the same don't vary at all."""

Beyond = Callable[[int], "NDArray[np.float64] | None"]
"""The cheap model's coverage of more samples than were drawn, in every draw; None if nothing can be said."""


@dataclass(frozen=True, slots=True)
class Banded:
    """A figure and its 95% band over problems; None: not reached, or in so many draws that the band is open there."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class EqualCost:
    """What the cheap model covers for what `expensive_k` of the expensive one cost."""

    cheap_k: int
    """As many as that buys, at most as many as were sampled."""
    capped: bool
    """It would buy more than were sampled: the coverage is at least what is told."""
    coverage: Banded
    gain: Banded
    """Coverage of the cheap model less that of the expensive one, paired."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """By problem, what the cheap model solves less what the expensive one does, (problems,) each: as judged; and with
    lost samples wrong on one side and right on the other as far as verdicts allow."""

    judged: NDArray[np.float64]
    against_cheap: NDArray[np.float64]
    against_expensive: NDArray[np.float64]
    only_expensive: float
    """Problems that only the expensive model is expected to solve, with lost samples against it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many of the cheap model reach `expensive_k` of the expensive one. The cheap side is None if none do. Costs
    are a problem's, in the axis' unit."""

    cheap_k: int | None
    cheap_k_low: int | None
    cheap_k_high: int | None
    sure_k: int | None
    """The fewest that cover as much in 95% of draws."""
    affordable_k: int | None
    """As many as the expensive side's money buys; None if it buys any number."""
    compared_k: int
    """Of them, as many as were sampled."""
    expensive_k: int
    coverage_cheap: float | None
    coverage_expensive: float
    cost_cheap: float | None
    cost_expensive: float
    probability: float | None
    """That the affordable samples cover at least as much: what the gap over paired draws of problems says, and what
    gaps are like. One half where nothing speaks for either side."""
    basis: Literal["sampled", "extrapolated"] | None
    gap_beyond: tuple[float, float] | None
    """What affordable_k cheap samples are expected to cover more (less, if below 0), and its spread over draws, where
    that is extrapolated."""
    equal_coverage: Banded
    """What the cheap model costs where it covers as much; cheap_k is found anew in every draw."""
    equal_cost: EqualCost | None
    """None if the cheap model costs nothing."""
    price_ratio: float | None
    """An expensive sample's cost over a cheap one's; None if the cheap model costs nothing."""
    turns_at: Banded
    """The price ratio above which the cheap model wins: cheap_k / expensive_k."""
    gaps: Gaps
    """At compared_k."""


def compare(cheap: Search, expensive: Search, beyond: Beyond | None = None) -> list[Comparison]:
    """Against one sample of the expensive model, and against as many as it has."""
    return [
        _one(cheap, expensive, expensive_k, beyond or nothing_beyond)
        for expensive_k in sorted({1, expensive.largest})
    ]


def nothing_beyond(_: int) -> None:
    """Where no law speaks of more samples."""
    return


def _one(cheap: Search, expensive: Search, expensive_k: int, beyond: Beyond) -> Comparison:
    at = int(np.searchsorted(expensive.ks, expensive_k))
    target, targets = float(expensive.coverage[at]), expensive.drawn[:, at]
    money = expensive.cost_at(expensive_k)
    cheap_k, drawn = cheap.fewest(target), cheap.fewest_drawn(targets)
    affordable = cheap.affordable(money)
    compared = cheap.largest if affordable is None else min(affordable, cheap.largest)
    likely = _probability(cheap, targets, affordable, compared, beyond)
    band = _banded(None if cheap_k is None else float(cheap_k), drawn)
    return Comparison(
        cheap_k=cheap_k,
        cheap_k_low=_whole(band.low),
        cheap_k_high=_whole(band.high),
        sure_k=cheap.surely(targets),
        affordable_k=affordable,
        compared_k=compared,
        expensive_k=expensive_k,
        coverage_cheap=None if cheap_k is None else cheap.at(cheap_k),
        coverage_expensive=target,
        cost_cheap=None if cheap_k is None else cheap.cost_at(cheap_k),
        cost_expensive=money,
        probability=likely.probability,
        basis=likely.basis,
        gap_beyond=likely.gap_beyond,
        equal_coverage=_banded(None if cheap_k is None else cheap.cost_at(cheap_k), cheap.paid_drawn(drawn)),
        equal_cost=_for_as_much(cheap, compared, affordable, target, targets),
        price_ratio=expensive.cost / cheap.cost if cheap.cost else None,
        turns_at=_banded(None if cheap_k is None else cheap_k / expensive_k, drawn / expensive_k),
        gaps=_gaps(cheap, compared, expensive, expensive_k),
    )


class _Likely(NamedTuple):
    """Of a Comparison."""

    probability: float | None
    basis: Literal["sampled", "extrapolated"] | None
    gap_beyond: tuple[float, float] | None = None


def _probability(
    cheap: Search, targets: NDArray[np.float64], affordable: int | None, compared: int, beyond: Beyond
) -> _Likely:
    gaps = cheap.at_drawn(compared) - targets
    enough = float((gaps >= -TIE).mean()) >= bootstrap.LEVEL
    if affordable is None or affordable <= cheap.largest or enough:
        return _Likely(_of_sampled(gaps, cheap.samples.problems), "sampled")
    drawn = beyond(affordable)
    if drawn is None:
        return _Likely(None, None)
    gaps = np.maximum(drawn, cheap.at_drawn(cheap.largest)) - targets
    return _Likely(_of_extrapolated(gaps), "extrapolated", (float(gaps.mean()), float(gaps.std())))


def _of_sampled(gaps: NDArray[np.float64], problems: int) -> float:
    """Gaps of any size are as likely, and some pairs are equal, which counts half."""
    spread = float(np.hypot(gaps.std(), _ONE_SIDED**0.5 / problems))
    errors = (float(gaps.mean()) + _LEAD / problems) / spread
    odds = 2 * _ALIKE * float(np.exp(-0.5 * errors**2)) / (spread * np.sqrt(2 * np.pi))
    return float((odds / 2 + _normal(errors)) / (1 + odds))


def _of_extrapolated(gaps: NDArray[np.float64]) -> float:
    """Draws that rest on laws know so little that what gaps are like counts as much: a normal prior."""
    mean, spread = float(gaps.mean()), max(float(gaps.std()), TIE)
    whole = np.hypot(spread, _GAP_SD)
    posterior = (mean * _GAP_SD**2 + _GAP * spread**2) / whole**2
    return _normal(posterior * whole / (spread * _GAP_SD))


def _normal(errors: float) -> float:
    return float(ndtr(np.array([errors]))[0])


def _gaps(cheap: Search, k: int, expensive: Search, expensive_k: int) -> Gaps:
    at, against = np.array([max(k, 1)]), np.array([expensive_k])
    some = float(k > 0)
    ours, theirs = some * cheap.solved(at)[:, 0], expensive.solved(against)[:, 0]
    judged = ours - theirs
    if not any(one.samples.lost is not None and one.samples.lost.any() for one in (cheap, expensive)):
        return Gaps(judged, judged, judged, float((theirs * (1 - ours)).sum()))
    least, most = (
        some * bound(cheap.samples, at)[:, 0] for bound in (lost.solved_at_least, lost.solved_at_most)
    )
    few, many = (
        bound(expensive.samples, against)[:, 0] for bound in (lost.solved_at_least, lost.solved_at_most)
    )
    return Gaps(judged, least - many, most - few, float((few * (1 - most)).sum()))


def _for_as_much(
    cheap: Search, k: int, affordable: int | None, target: float, targets: NDArray[np.float64]
) -> EqualCost | None:
    """Nothing is bought in part: the money buys whole samples, on average over problems."""
    if not cheap.cost:
        return None
    coverage, drawn = cheap.at(k), cheap.at_drawn(k)
    return EqualCost(
        cheap_k=k,
        capped=affordable is not None and affordable > cheap.largest,
        coverage=_banded(coverage, drawn),
        gain=_banded(coverage - target, drawn - targets),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


@lru_cache(maxsize=8)
def _ends(draws: int) -> NDArray[np.int64]:
    """Where so many sorted draws have the ends of a band."""
    tail = (1 - bootstrap.LEVEL) / 2
    ends = np.quantile(np.arange(draws), [tail, 1 - tail], method="closest_observation")
    return ends.astype(np.int64)


def _banded(value: float | None, drawn: NDArray[np.float64]) -> Banded:
    """Observed quantiles, not between two draws, one of which may be inf. A band holds its figure."""
    ends = _ends(len(drawn))
    low, high = np.partition(drawn, ends)[ends].tolist()
    if value is not None:
        low, high = min(low, value), max(high, value)
    return Banded(value, low if np.isfinite(low) else None, high if np.isfinite(high) else None)
