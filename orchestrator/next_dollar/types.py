"""One comparison, and what further money does for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.coverage.allocation.until_solved import Attempts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orchestrator.coverage.allocation.fixed import Allocation, Side
    from orchestrator.coverage.samples import Samples

Z = 1.959964
"""Of a 95% band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A model on the shared problems."""

    alias: str
    samples: Samples
    side: Side | Attempts

    @property
    def by_problem(self) -> NDArray[np.float64]:
        """Sampled until solved, with the chance of being solved if it is open."""
        if isinstance(self.side, Attempts):
            return self.side.solved()
        return self.samples.solved(np.array([self.side.k]))[:, 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreProblems:
    """What the same money does for the band over problems if it buys new ones, `samples` of each by either model."""

    problems: int
    samples: int
    half_width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The difference is coverage of the cheap model's k less the expensive one's. Half-widths are of 95% bands:
    `given`, of these problems, which more samples narrow without end; `over`, over problems, which they narrow to
    `over_limit`. `stops`: both are sampled until solved, and the difference is of problems that fall within k
    attempts."""

    stops: bool
    cheap: Named
    expensive: Named
    problems: tuple[str, ...]
    difference: float
    planned: Allocation
    even: Allocation
    spread: float
    """Variance over problems of the difference as it would be if nothing were open …"""
    noise: float
    """… and what is open of it now, a problem."""
    more: MoreProblems | None
    settles_all: float | None = None
    """Of what `stops`: expected dollars after which nothing of the comparison is open on these problems."""

    @property
    def given_now(self) -> float:
        return Z * float(np.sqrt(self.noise / len(self.problems)))

    @property
    def given_planned(self) -> float:
        return Z * self.planned.error

    @property
    def given_even(self) -> float:
        return Z * self.even.error

    @property
    def over_now(self) -> float:
        return Z * float(np.sqrt((self.spread + self.noise) / len(self.problems)))

    @property
    def over_planned(self) -> float:
        return Z * float(np.sqrt(self.spread / len(self.problems) + self.planned.error**2))

    @property
    def over_limit(self) -> float:
        return Z * float(np.sqrt(self.spread / len(self.problems)))
