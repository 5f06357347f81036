"""One model's outcomes as arrays, and the share of k samples that solve each problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.coverage import passk, stopping

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from orchestrator.coverage.acceptance import Acceptance, FalsePasses


@dataclass(frozen=True, slots=True)
class Samples:
    """By problem, shape (problems,): `n` samples with a verdict, `c` passes, `cost` the mean cost of a sample (nan:
    not known). `first`: sampled until solved, the trial of the first pass, 0 if none; None: a fixed number.
    None in what follows: not known."""

    n: NDArray[np.int64]
    c: NDArray[np.int64]
    cost: NDArray[np.float64]
    first: NDArray[np.int64] | None = None
    failed_cost: NDArray[np.float64] | None = None
    """The mean cost of a failed attempt; nan if there is none."""
    passed_cost: NDArray[np.float64] | None = None
    """The mean cost of a pass; nan if there is none."""
    most: NDArray[np.float64] | None = None
    """The cost of the most expensive sample seen."""
    apart: NDArray[np.float64] | None = None
    """What a sample costs more on average if it is asked for by itself: those of one request shared its prompt."""
    packed: NDArray[np.float64] | None = None
    """How many samples a request held, on average."""
    lost: NDArray[np.int64] | None = None
    """Samples without a verdict, and those that failed for good."""
    alike: bool = False
    """All samples of most problems are the same text, so more of them would bring nothing new."""
    chosen: bool = False
    """How many of a problem there are was chosen by how it went: laws that are fitted to all would be misled."""
    sure_k: int | None = None
    """As far as draws that stop at a success and were cut off would have gone had nothing been solved: whether they got
    any further was up to their outcomes. None: not cut off."""
    cluster: NDArray[np.int64] | None = None
    """Which cluster each problem is of, such as its repository; None: each stands for itself."""
    verdict_cost: float = 0.0
    """Of a sample's verdict, where a model gives it: part of what a policy costs that waits for verdicts."""
    acceptance: Acceptance | FalsePasses | None = None
    """What an imperfect verifier accepts of them, if the truth isn't what stops."""

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
        return stopping.largest_k(self.first, self.n, self.sure_k)

    def take(self, at: NDArray[Any]) -> Samples:
        """The problems at these positions."""
        of = (self.first, self.failed_cost, self.passed_cost, self.most, self.apart, self.packed, self.lost)
        taken: list[Any] = [None if one is None else one[at] for one in of]
        accepts = None if self.acceptance is None else self.acceptance.take(at)
        cluster = None if self.cluster is None else self.cluster[at]
        return Samples(
            self.n[at],
            self.c[at],
            self.cost[at],
            *taken,
            alike=self.alike,
            chosen=self.chosen,
            sure_k=self.sure_k,
            cluster=cluster,
            verdict_cost=self.verdict_cost,
            acceptance=accepts,
        )

    def solved(self, ks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Shape (problems, ks): an unbiased estimate of the chance that k samples solve the problem; nan if it
        has too few."""
        if self.first is None:
            return passk.pass_at_k(self.n, self.c, ks)
        return stopping.first_success(self.first, self.n, ks)
