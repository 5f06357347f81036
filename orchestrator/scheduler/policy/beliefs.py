"""Which spreads of pass rates the verdicts allow, for a band of what comes. No I/O.

A few samples a problem don't tell the spread's shape, and least of the problems on which all failed: these may be
hopeless, or all be solved in time. Three groups of spreads count alike: the free one, fitted anew to the counts of
resampled problems; shapes of a gamma frailty with a share out of reach, each as often as it is likely; and the free one
with its hardest problems drawn together to one rate, none, or a part or a multiple of their mean.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from orchestrator.scheduler.policy.frailty import drawn_spreads
from orchestrator.scheduler.policy.joint_rates import (
    PRIOR_PROBLEMS,
    RATES,
    Counts,
    Spread,
    fit,
    log_likelihood,
    vague,
)
from orchestrator.scheduler.policy.related import refitted
from orchestrator.scheduler.policy.solve_fit import FRESH_FITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

FITS = 6
"""Spreads that are fitted freely …"""
FRAILTIES = 4
"""… and by the family: so many sets of counts …"""
OF_EACH = 2
"""… with so many shapes of each."""
HARDEST = (0.6, 1.0)
"""Shares of the problems like those that are unsolved, which are drawn together …"""
TOGETHER = (0.0, 0.3, 1.0, 2.0)
"""… to so many times their mean rate."""
APART = 0.1
"""What stays where it was, so that the counts can move it."""
LEAST = 0.03
"""What is less likely among these takes time and moves no end of the band."""
TEMPER = 4.0
"""Likelihoods count by this root: neither the shapes nor the counts' independence are certain."""


class Beliefs(NamedTuple):
    """`weight` of each spread. The first `likely` are the likeliest, for what is expected."""

    spreads: list[Spread]
    weight: list[float]
    likely: int


def beliefs(
    generator: np.random.Generator,
    counts: Sequence[Counts],
    costs: Sequence[float],
    prior: Spread | None,
) -> Beliefs:
    """By (right, wrong) of each problem and model, and dollars a sample by model. With a stated `prior` the free spread
    alone, fitted from that."""
    known = [one for one in counts if any(right or wrong for right, wrong in one)]
    before = prior or vague(len(costs))
    if not known:
        return Beliefs([before], [1.0], 1)
    counted = [Counter(known)]
    for _ in range(FITS - 1):
        chosen: list[int] = generator.integers(len(known), size=len(known)).tolist()
        counted.append(Counter(known[at] for at in chosen))
    if prior is not None:
        whole = fit(before, before, counted[0])
        others = [fit(before, whole, one, shared=(whole.shared,)) for one in counted[1:]]
        return Beliefs([whole, *others], [1.0] * FITS, FITS)
    seen = [sum(any(of[model]) for of in known) for model in range(len(costs))]
    above_none = [max(one, 1e-15) for one in costs]
    whole = before
    for _ in range(FRESH_FITS):
        whole = refitted(whole, seen, above_none, counted[0])
    free = [whole, *(refitted(whole, seen, above_none, one) for one in counted[1:])]
    family = [
        one
        for of in counted[:FRAILTIES]
        for one in drawn_spreads(generator, of, above_none, OF_EACH, temper=TEMPER)
    ]
    unsolved = sum(not any(right for right, _ in one) for one in known) / len(known)
    hardest = [
        _together(counted[0], whole, share * unsolved, times) for share in HARDEST for times in TOGETHER
    ]
    fits = np.array([log_likelihood(one, counted[0]) for one in hardest])
    likely = np.exp((fits - fits.max()) / TEMPER)
    likely = np.where(likely < LEAST * likely.sum(), 0.0, likely)
    shares: list[float] = (likely / likely.sum()).tolist()
    kept = [(one, share) for one, share in zip(hardest, shares, strict=True) if share]
    spreads = [*free, *family, *(one for one, _ in kept)]
    weight = [1 / len(free)] * len(free) + [1 / len(family)] * len(family) + [share for _, share in kept]
    return Beliefs(spreads, weight, len(free))


def _together(counts: Mapping[Counts, int], whole: Spread, share: float, times: float) -> Spread:
    """That share of each model's problems, the hardest, at one rate: so many times their mean; then fitted."""
    mass: list[NDArray[np.float64]] = []
    for row in whole.mass:
        hardest = np.clip(share - (np.cumsum(row) - row), 0.0, row)
        moved = (1.0 - APART) * float(hardest.sum())
        rate = times * float(hardest @ RATES) / max(float(hardest.sum()), 1e-12)
        at = min(int(np.searchsorted(RATES, rate, side="right")) - 1, len(RATES) - 2)
        above = min(1.0, (rate - RATES[at]) / (RATES[at + 1] - RATES[at]))
        new = row - (1.0 - APART) * hardest
        new[at] += moved * (1.0 - above)
        new[at + 1] += moved * above
        mass.append(new)
    start = Spread(np.array(mass), whole.shared)
    return fit(start, start, counts, shared=(whole.shared,), prior_problems=PRIOR_PROBLEMS)
