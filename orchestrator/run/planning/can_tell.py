"""What a planned sweep can tell: the least difference between two models that it shows in 80% of cases, and whether the
cheap one is sampled as far as the expensive one's money goes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEWEST = 2
"""Problems; one says nothing of others."""


@dataclass(frozen=True, slots=True)
class Side:
    """`samples`: a problem's, as wanted; `each`: pico-dollars of one, as expected; None: not known."""

    alias: str
    samples: int
    each: float | None


@dataclass(frozen=True, slots=True)
class PairTold:
    """`affordable_k`: as many cheap samples as all expensive ones cost; None where costs are unknown or nothing."""

    cheap: str
    expensive: str
    samples: int
    expensive_samples: int
    affordable_k: int | None
    least_difference: float

    @property
    def within(self) -> bool | None:
        return None if self.affordable_k is None else self.affordable_k <= self.samples

    def document(self) -> dict[str, Any]:
        return {
            "cheap": self.cheap,
            "expensive": self.expensive,
            "samples": self.samples,
            "expensive_samples": self.expensive_samples,
            "affordable_k": self.affordable_k,
            "within_samples": self.within,
            "least_difference": self.least_difference,
        }


def can_tell(problems: int, sides: Sequence[Side]) -> tuple[PairTold, ...]:
    """Of every pair. Differences are as `frontier` will tell them: two rows a pair, all at once."""
    from orchestrator.coverage.allocation.power import (
        least_difference,  # late: numpy takes a tenth of a second
    )

    if problems < _FEWEST:
        return ()
    rows = len(sides) * (len(sides) - 1)
    found: list[PairTold] = []
    for pair in combinations(sides, 2):
        cheap, expensive = sorted(pair, key=lambda side: float("inf") if side.each is None else side.each)
        affordable = (
            int(expensive.samples * expensive.each / cheap.each * (1 + 1e-12))
            if cheap.each and expensive.each
            else None
        )
        bought = cheap.samples if affordable is None else max(1, min(cheap.samples, affordable))
        least = least_difference(problems, (bought, expensive.samples), rows)
        found.append(
            PairTold(cheap.alias, expensive.alias, cheap.samples, expensive.samples, affordable, least)
        )
    return tuple(found)
