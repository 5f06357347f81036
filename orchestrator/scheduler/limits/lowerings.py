"""Whether lower and lower rates brought as many refusals, which then come at random. No I/O."""

from __future__ import annotations

from orchestrator.scheduler.limits.refused_share import MOST_AT_RANDOM

TIMES, REQUESTS = 4, 100
LEAST_SHARE = 0.025
"""Refused: no rate that keeps to a limit has as many."""
BELOW = 0.7
"""Of the first rate."""


class Lowerings:
    """Since the last standstill. `taken` and `refused`: requests so far."""

    def __init__(self) -> None:
        self._times = 0
        self.first = 0.0
        """The rate to which it was lowered first."""
        self._taken = self._refused = 0
        self._since, self._taken_since = 0.0, 0

    def average_from(self, now: float) -> None:
        """Another rate begins, or what is known of it."""
        self._since, self._taken_since = now, 0

    def takes(self) -> None:
        self._taken_since += 1

    def average(self, now: float) -> float:
        """Requests a second that were taken since then."""
        return self._taken_since / max(1.0, now - self._since)

    def begin(self, taken: int, refused: int) -> None:
        self._times, self._taken, self._refused = 0, taken, refused
        self.first = 0.0

    def lowered(self, rate: float) -> None:
        self._times += 1
        if self._times == 1:
            self.first = rate

    def in_vain(self, rate: float, taken: int, refused: int) -> float | None:
        """At that rate, which is to be lowered again: the share refused at random, if they were in vain."""
        refused -= self._refused
        sent = taken - self._taken + refused
        if self._times < TIMES or rate > BELOW * self.first or sent < REQUESTS:
            return None
        return refused / sent if LEAST_SHARE <= refused / sent <= MOST_AT_RANDOM else None
