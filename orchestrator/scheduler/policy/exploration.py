"""How much better than expected a sample is taken for, since what stands behind that expectation is little. No I/O.

What is taken for worse than it is isn't bought, and so never found out; what is taken for better is soon known. So the
index of each sample is an upper bound: the less has passed on problems like this one, and the more the rest of the
money could still gain by knowing, the farther it lies above the mean. It has the form of the finite-horizon Gittins
index's approximations (Lattimore, "Regret Analysis of the Finite-Horizon Gittins Index Strategy for Multi-Armed
Bandits", 2016): the mean and a share of √(log(what is left / what is known) · variance / what is known).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log1p, sqrt
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.scheduler.policy.joint_rates import Counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNTRIED, FADES = 30.0, 3.0
"""What is believed of a problem of which nothing is known counts like so many passes, since all models' shapes and
prices speak for it; with each failure like a third of them …"""
AFTER_FAILURES = 2.0
"""… and these: whether a model does better where others failed often, little but its own samples tells."""
_MANY = 30


class Evidence:
    """The samples that tell of a problem: a model's on problems on which the others failed about as often, after about
    as many of its own; at least half as many, each."""

    def __init__(self, counts: Mapping[Counts, int]) -> None:
        """`counts`: how many problems have these."""
        self._problems = np.array(list(counts.values()), np.float64)
        patterns = np.array(list(counts) or [((0, 0),)], np.int64)  # (patterns, models, 2)
        self._samples, self._wrong = patterns.sum(axis=2), patterns[:, :, 1]
        self._known: dict[tuple[int, ...], tuple[float, ...]] = {}

    def samples(self, failures: tuple[int, ...]) -> tuple[float, ...]:
        """By model."""
        # Failures of one order of magnitude share a place, so that few are counted.
        place = tuple(map(int.bit_length, failures))
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = self._counted(place)
        return known

    def _counted(self, place: tuple[int, ...]) -> tuple[float, ...]:
        if not len(self._problems):
            return (0.0,) * len(place)
        least: NDArray[np.int64] = np.array([1 << bits >> 2 for bits in place])
        enough = self._wrong >= least
        failed = enough.sum(axis=1)
        found: list[float] = []
        for model, of in enumerate(least.tolist()):
            others = failed - enough[:, model] == len(place) - 1
            later = np.maximum(0, self._samples[others, model] - of)
            found.append(float(self._problems[others] @ later))
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """`share`: of the bound above, 0 for one who is told the truth. `open_problems`: how many may still be solved."""

    share: float
    evidence: Evidence
    open_problems: int
    room_pico: int

    def times(self, failures: tuple[int, ...], model: int, chance: float, cost: float) -> float:
        """So many times its `chance` to pass a sample is taken for, which costs so many pico-dollars."""
        if not self.share or chance <= 0.0:
            return 1.0
        believed = AFTER_FAILURES + UNTRIED / FADES ** min(sum(failures), _MANY)
        passes = believed + chance * self.evidence.samples(failures)[model]
        left = min(chance * self.room_pico / cost, self.open_problems)
        return 1.0 + self.share * sqrt(log1p(left / passes) * (1.0 - chance) / passes)
