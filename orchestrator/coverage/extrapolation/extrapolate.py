"""Coverage beyond the largest sampled k. What lies there depends on pass rates too small to have been seen. Many laws
of such rates (tail_laws), weighted by how well they explain the problems with few passes (tail_fit), give a median and
how far they disagree; the less they agree, the nearer the point is to the power law through the sampled coverage. The
band is over laws and over problems drawn anew. Where it would say next to nothing there is no extrapolation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage import bootstrap, grid
from orchestrator.coverage.extrapolation import power_law, tail_fit, tail_laws
from orchestrator.coverage.extrapolation.thinning import thinned
from orchestrator.grammar import by, many

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.samples import Samples

_FEWEST_PROBLEMS = 10
_WIDEST = 0.75
"""A band wider than this is most of all coverages."""
_OF_A_PROBLEM = 0.25
"""Where a band's upper end leaves less than this of one problem unsolved, it includes that all are solved."""
TRUSTED = 5
"""Times the sampled k beyond which figures depend on the laws more than on the data."""
_BACK_TEST = 10
_FEWEST_SOLVED = 8
"""Fewer solved problems leave even the sampled coverage uncertain by a factor."""
_LAW_ERROR, _EXPONENT_ERROR = 0.15, 0.04
"""Of the power law: how far off, in ln coverage and in its exponent, it is trusted to be, against what the tail laws
disagree by. The exponent's error counts by ln coverage times how far the law goes on: where most problems are still
unsolved, a power law is too low."""
_POINTS = 40
_DECADE = 10
"""Its exponent is that of the k from a tenth of the largest on, alike."""
_LATE = 2.0
_LAST = 3
_CHECKED = 3
"""How much its check counts: the squared distance of a law of all k, the later ones more (nearly least squares on
coverage), from one of the k from a third of the largest on. Where coverage isn't a power of k, they part."""
_NOTHING = 1e-300
_ONE_SD = (0.16, 0.84)


@dataclass(frozen=True, slots=True)
class BackTest:
    """What a tenth of the samples would have foretold of all of them, goodness one can see: `coverage`, `low`, `high`
    at `to_k` from `from_k` samples a problem, and what was `observed`."""

    from_k: int
    to_k: int
    coverage: float
    low: float
    high: float
    observed: float

    @property
    def log_error(self) -> float:
        """ln foretold − ln observed coverage."""
        return float(np.log(self.coverage / self.observed))

    @property
    def held(self) -> bool:
        return self.low <= self.observed <= self.high


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """Shape (ks,) each. `model_dependent`: beyond TRUSTED times the sampled k."""

    method: str
    ks: NDArray[np.int64]
    coverage: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    model_dependent: NDArray[np.bool_]
    back_test: BackTest | None
    """None with fewer than 20 samples a problem, or where the tenth says nothing."""


def extrapolate(samples: Samples, factor: int = tail_laws.FAR) -> Extrapolation | str:
    """From the largest sampled k to `factor` times it (at most 100), in 1-2-5 steps. A string says why there is
    none."""
    if not 1 <= factor <= tail_laws.FAR:
        raise ValueError(f"the laws speak of 1 to {tail_laws.FAR} times the sampled k, not {factor}")
    largest = samples.largest_k
    if lacks(samples) is None and (few := _few_solved(samples)) is not None:
        return few
    found = _estimate(samples, grid.beyond(largest, factor))
    if isinstance(found, str):
        return found
    ks, coverage, low, high = found
    return Extrapolation(
        _method(largest), ks, coverage, low, high, ks > TRUSTED * largest, _back_test(samples)
    )


def _method(largest: int) -> str:
    return (
        "median over laws of pass rates, weighted by the likelihood of the problems with few passes, and the power law "
        "of coverage, the more of it the less these laws agree; "
        "band: 95% over these laws and over problems; "
        f"beyond k = {TRUSTED * largest:,} ({TRUSTED} × the sampled k) it depends on the choice of laws"
    )


def _estimate(
    samples: Samples, ks: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | str:
    if (lack := lacks(samples)) is not None:
        return lack
    largest, problems = samples.largest_k, samples.problems
    values = samples.solved(np.array([largest]))
    observed = float(values.mean())
    means = bootstrap.resampled_means(values, clusters=samples.cluster)
    at_low, _ = bootstrap.coverage_band(values, means, samples.cluster)
    left = tail_fit.fit(samples).unsolved(ks)
    coverage = np.maximum.accumulate(np.maximum(_point(samples, ks, left), observed))
    low, high = bootstrap.quantiles(1 - left.anew)
    low, high = np.maximum(np.minimum(low, coverage), at_low[0]), np.maximum(high, coverage)
    high = np.where(problems * (1 - high) < _OF_A_PROBLEM, 1.0, high)
    if len(ks) and (wide := float((high - low).max())) > _WIDEST:
        return f"the data can't tell: by k = {int(ks[-1]):,} the band would be {wide:.0%} wide"
    return ks, coverage, low, high


def _point(samples: Samples, ks: NDArray[np.int64], left: tail_fit.Unsolved) -> NDArray[np.float64]:
    """The laws' median and the power law, each by its precision in ln coverage."""
    middle = np.median(1 - left.mildly, axis=0)
    found = _power_law(samples, ks)
    if found is None:
        return middle
    law, off = found
    low, high = np.quantile(1 - left.these, _ONE_SD, axis=0)
    spread = np.log(high / np.maximum(low, _NOTHING)) / 2
    exponent = _EXPONENT_ERROR * np.log(ks / samples.largest_k) * np.log(law)
    weight = spread**2 / (spread**2 + _LAW_ERROR**2 + exponent**2 + _CHECKED * off**2)
    return middle ** (1 - weight) * law**weight


def _power_law(
    samples: Samples, ks: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """What a power law from the sampled coverage on gives, and how far apart, in ln coverage, are those of all k and
    of the last."""
    largest = samples.largest_k
    sampled, every = grid.spaced(largest, _POINTS), grid.every(largest)
    coverage, whole = samples.solved(sampled).mean(axis=0), samples.solved(every).mean(axis=0)
    far, at = ks / largest, float(coverage[-1])
    decade, last = sampled * _DECADE >= largest, every * _LAST >= largest
    law = power_law.fit(sampled[decade], coverage[decade])
    if isinstance(law, str):
        return None
    beyond = law.beyond(at, far)
    of_all = power_law.fit(sampled, coverage, _LATE)
    check = power_law.fit(every[last], whole[last])
    if isinstance(of_all, str) or isinstance(check, str):
        return beyond, np.zeros(len(ks))
    return beyond, np.log(check.beyond(at, far) / of_all.beyond(at, far))


def _few_solved(samples: Samples) -> str | None:
    solved = int((samples.solved(np.array([samples.largest_k])) > 0).sum())
    if solved >= _FEWEST_SOLVED:
        return None
    found = f"{many(solved, 'problem')} {by(solved, 'is', 'are')} solved"
    return f"the data can't tell: {found}, and it needs {_FEWEST_SOLVED}"


def lacks(samples: Samples) -> str | None:
    """Why nothing can be said beyond the largest sampled k; None where it can."""
    largest, problems = samples.largest_k, samples.problems
    if largest < 2:
        return "it needs at least 2 samples of every problem"
    if samples.chosen:
        return "how many samples a problem has was chosen by how it went"
    if samples.alike:
        return "the samples of most problems are all the same text, so more of them would bring nothing new"
    values = samples.solved(np.array([largest]))
    if values.mean() <= 0:
        return "no problem is solved"
    if not (values < 1).any():
        return f"every problem is solved by k = {largest:,}, so nothing is left to extrapolate"
    if problems < _FEWEST_PROBLEMS:
        says = by(problems, "says", "say")
        return f"{many(problems, 'problem')} {says} too little of others; it needs {_FEWEST_PROBLEMS}"
    return None


def _back_test(samples: Samples) -> BackTest | None:
    largest = samples.largest_k
    if largest < 2 * _BACK_TEST:
        return None
    fewer = thinned(samples, largest // _BACK_TEST)
    found = _estimate(fewer, np.array([largest]))
    if isinstance(found, str):
        return None
    _, coverage, low, high = found
    observed = float(samples.solved(np.array([largest])).mean())
    return BackTest(fewer.largest_k, largest, float(coverage[0]), float(low[0]), float(high[0]), observed)
