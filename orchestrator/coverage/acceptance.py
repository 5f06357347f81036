"""An imperfect verifier beside the truth: whether any of k samples is accepted, and whether the first accepted one is
right. More samples help only until something is accepted: against a weak verifier repeated sampling reaches a plateau
(Stroebl et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.coverage import passk, stopping

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Acceptance:
    """By problem, (problems,) each: of `n` samples that both judged `a` were accepted, and `r` of those are right.
    `first`: the draws were stopped by the verifier that accepts, at this trial, 0 if nothing was accepted;
    `first_right`: whether that one is right. None: a fixed number was drawn. `sure_k`: as in Samples."""

    n: NDArray[np.int64]
    a: NDArray[np.int64]
    r: NDArray[np.int64]
    first: NDArray[np.int64] | None = None
    first_right: NDArray[np.bool_] | None = None
    sure_k: int | None = None

    @property
    def largest_k(self) -> int:
        """The largest k that every problem has samples for."""
        if not len(self.n):
            return 0
        return (
            int(self.n.min()) if self.first is None else stopping.largest_k(self.first, self.n, self.sure_k)
        )

    def take(self, at: NDArray[Any]) -> Acceptance:
        """The problems at these positions."""
        return Acceptance(
            self.n[at],
            self.a[at],
            self.r[at],
            None if self.first is None else self.first[at],
            None if self.first_right is None else self.first_right[at],
            self.sure_k,
        )

    def accepted(self, ks: NDArray[np.int64]) -> NDArray[np.float64]:
        """The chance that any of k is accepted, unbiased: (problems, ks), nan if there are too few."""
        if self.first is None:
            return passk.pass_at_k(self.n, self.a, ks)
        return stopping.first_success(self.first, self.n, ks)

    def delivered(self, ks: NDArray[np.int64]) -> NDArray[np.float64]:
        """The chance that the first accepted of k is right: [1 − C(n−a, k)/C(n, k)] · r/a, unbiased since the samples
        are exchangeable. Of draws that stopped: whether the one that stopped them is."""
        if self.first is None or self.first_right is None:
            share = self.r / np.maximum(self.a, 1)
        else:
            share = self.first_right.astype(np.float64)
        return self.accepted(ks) * share[:, None]

    def attempts(self, ks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Expected samples until the first accepted one, at most k: (problems, ks)."""
        if self.first is None:
            n, a = self.n[:, None].astype(np.float64), self.a[:, None].astype(np.float64)
            return ((n + 1) - (n - ks + 1) * (1.0 - self.accepted(ks))) / (a + 1)
        first = self.first[:, None]
        taken = np.where(first > 0, np.minimum(first, ks), ks).astype(np.float64)
        return np.where(np.isnan(self.accepted(ks)), np.nan, taken)


@dataclass(frozen=True, slots=True)
class FalsePasses:
    """A verifier that accepts every right sample, and of the wrong ones a share `rate`, each by itself. `n`, `c`,
    `first` and `sure_k` are the truth's, as in Samples."""

    n: NDArray[np.int64]
    c: NDArray[np.int64]
    rate: float
    first: NDArray[np.int64] | None = None
    sure_k: int | None = None

    @property
    def largest_k(self) -> int:
        """The largest k that every problem has samples for."""
        if not len(self.n):
            return 0
        return (
            int(self.n.min()) if self.first is None else stopping.largest_k(self.first, self.n, self.sure_k)
        )

    def take(self, at: NDArray[Any]) -> FalsePasses:
        """The problems at these positions."""
        first = None if self.first is None else self.first[at]
        return FalsePasses(self.n[at], self.c[at], self.rate, first, self.sure_k)

    def at_rate(self, rate: float) -> FalsePasses:
        """The same truth, another verifier."""
        return FalsePasses(self.n, self.c, rate, self.first, self.sure_k)

    def accepted(self, ks: NDArray[np.int64]) -> NDArray[np.float64]:
        """1 − P(all k wrong) · (1 − rate)^k: (problems, ks), nan if there are too few."""
        return 1.0 - self._missed(ks) * (1.0 - self.rate) ** ks

    def delivered(self, ks: NDArray[np.int64]) -> NDArray[np.float64]:
        """The sum over j ≤ k of P(j − 1 wrong, the j-th right) · (1 − rate)^(j − 1)."""
        every, kept = self._every(ks)
        right = (kept[:, :-1] - kept[:, 1:]) * (1.0 - self.rate) ** (every[1:] - 1)
        total = np.cumsum(right, axis=1)[:, ks - 1]
        return np.where(np.isnan(self._missed(ks)), np.nan, total)

    def attempts(self, ks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Expected samples until the first accepted one, at most k: (problems, ks)."""
        every, kept = self._every(ks)
        going_on = kept * (1.0 - self.rate) ** every
        return np.where(np.isnan(self._missed(ks)), np.nan, np.cumsum(going_on, axis=1)[:, ks - 1])

    def _every(self, ks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """0, 1 … k, and the chance that so many are all wrong."""
        every = np.arange(int(ks.max(initial=0)) + 1, dtype=np.int64)
        missed = np.ones((len(self.n), len(every)))
        missed[:, 1:] = self._missed(every[1:])
        return every, missed

    def _missed(self, ks: NDArray[np.int64]) -> NDArray[np.float64]:
        if self.first is None:
            return 1.0 - passk.pass_at_k(self.n, self.c, ks)
        return 1.0 - stopping.first_success(self.first, self.n, ks)
