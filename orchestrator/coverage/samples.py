"""One model's outcomes as arrays, and the share of k samples that solve each problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.coverage import passk, stopping

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Samples:
    """By problem, shape (problems,): `n` samples with a verdict, `c` passes, `cost` the mean cost of a sample (nan:
    not known). `first`: sampled until solved, the trial of the first pass, 0 if none; None: a fixed number."""

    n: NDArray[np.int64]
    c: NDArray[np.int64]
    cost: NDArray[np.float64]
    first: NDArray[np.int64] | None = None

    @property
    def problems(self) -> int:
        return len(self.n)

    @property
    def largest_k(self) -> int:
        """The largest k that every problem has samples for; 0 without problems."""
        if not self.problems:
            return 0
        if self.first is None:
            return int(self.n.min())
        return stopping.largest_k(self.first, self.n)

    def take(self, at: NDArray[np.int64]) -> Samples:
        """The problems at these positions."""
        return Samples(self.n[at], self.c[at], self.cost[at], None if self.first is None else self.first[at])

    def solved(self, ks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Shape (problems, ks): an unbiased estimate of the chance that k samples solve the problem; nan if it
        has too few."""
        if self.first is None:
            return passk.pass_at_k(self.n, self.c, ks)
        return stopping.first_success(self.first, self.n, ks)
