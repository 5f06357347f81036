"""The upper envelope of coverage against cost. A policy is what one would buy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_TIE = 1e-12
"""Coverages closer than this are equal: sums in another order differ by less."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`samples`: at most how many of each alias, asked in `order`."""

    kind: Literal["fixed", "mix", "cascade"]
    stop: Literal["none", "first_success"]
    order: tuple[str, ...]
    samples: Mapping[str, int]


def best(cost: NDArray[np.float64], coverage: NDArray[np.float64], among: NDArray[np.bool_]) -> list[int]:
    """Positions that no other of `among` beats: by rising cost, each with more coverage than all that cost no more."""
    kept: list[int] = []
    highest = 0.0
    for at in np.lexsort((-coverage, cost)).tolist():
        if among[at] and coverage[at] > highest + _TIE:
            highest = float(coverage[at])
            kept.append(at)
    return kept
