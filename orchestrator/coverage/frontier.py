"""The upper envelope of coverage against cost. A policy is what one would buy; here fixed numbers of samples of one
model, with room for mixes and cascades, which need outcomes by problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Policy:
    """`samples`: how many of each alias in `order`."""

    kind: Literal["fixed", "mix", "cascade"]
    stop: Literal["none", "first_success"]
    order: tuple[str, ...]
    samples: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Point:
    """`cost` a problem, in the axis' unit; the band is None where it can't be estimated."""

    cost: float
    coverage: float
    low: float | None
    high: float | None
    policy: Policy


def envelope(points: Iterable[Point]) -> list[Point]:
    """The points that no other beats: by rising cost, each with more coverage than all that cost no more."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda point: (point.cost, -point.coverage)):
        if point.coverage > (kept[-1].coverage if kept else 0.0):
            kept.append(point)
    return kept
