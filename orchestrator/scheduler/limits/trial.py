"""A rate that was lowered on trial: if as many requests are refused there, they are refused at random. No I/O."""

from __future__ import annotations

from enum import Enum, auto

from orchestrator.scheduler.limits.refused_share import MOST_AT_RANDOM

EXPECTED, EXPECTED_BELOW_LIMIT = 8.0, 1.3
"""Refusals expected, if they came at random, until it ends without two of them: where no limit was known, and else."""
OVERSTATED, LIKELY_AT_RANDOM = 3.0, 0.06
"""The share refused that began a trial is that of a bad moment: as many are expected as at a third of it, and no more
than at this share."""
LEAST = 20
MOST_STEP, CORRECTS_MOST = 0.2, 0.25
"""A rate falls by no more than this share at a time; a rough one to no less than that share."""
SAFE = 0.9
"""Of what was taken on average: a limit refuses nothing there."""


class Verdict(Enum):
    """What a trial shows."""

    LOWER = auto()
    """Refused again, but the rate tried may have been above the limit, too: one that is certainly below it follows."""
    AT_RANDOM = auto()
    LIMIT = auto()


class Trial:
    """`before`: the rate a second until it began, None if it was unlimited; `share`: refused at that rate;
    `average`: what was taken there, None if nothing lower is tried."""

    def __init__(self, before: float | None, share: float, average: float | None) -> None:
        self.before = before
        self.found: float | None = None
        """The rate that was taken, while a lower one is tried."""
        self.taken = 0
        self._refused = 0
        self._share = share
        self._average = average

    @property
    def refused_share(self) -> float:
        return self._refused / max(1, self.taken + self._refused)

    def counts(self, *, taken: bool) -> None:
        self.taken += taken
        self._refused += not taken

    def begin_again(self) -> None:
        self.taken = self._refused = 0

    def verdict(self, *, doubted: bool) -> Verdict | None:
        """`doubted`: whether refusals at random are likely."""
        sent = self.taken + self._refused
        again = self._refused >= 2 and (sent >= LEAST or self._average is not None)
        share = min(LIKELY_AT_RANDOM, self._share / OVERSTATED)
        if not again and sent * share < (EXPECTED if doubted else EXPECTED_BELOW_LIMIT):
            return None
        if again and self._average is not None:
            return Verdict.LOWER
        at_random = self._refused >= 2 and self.refused_share <= MOST_AT_RANDOM
        return Verdict.AT_RANDOM if at_random else Verdict.LIMIT

    def lower(self) -> float:
        """The rate to try next."""
        self.found, self._average = self._average, None
        return SAFE * (self.found or 0.0)


def tried(before: float, *, share: float, recent: float | None, between: float | None) -> float:
    """The rate a second to try instead of `before`, of which that share was refused. `recent`: what was taken of the
    last requests; `between`: what was taken between the last refusals, if `before` is rough."""
    if between is not None:
        return min(before, max(CORRECTS_MOST * before, between, recent or 0.0))
    return min(before, max(before * (1 - min(share, MOST_STEP)), recent or 0.0))
