"""How often a vendor is asked how a batch stands, and for how long it may fail to answer. No I/O."""

from __future__ import annotations

from orchestrator.scheduler.lane import BATCH_LIFE_S

FIRST_LOOK_S = 5.0
"""Small batches are often done within a minute …"""
LONGEST_LOOK_S = 120.0
"""… and large ones take hours."""
GROWTH = 1.5
FIND_S = 600.0
"""A batch whose making went unanswered is sought for so long. A vendor that does not list it by then did not make it,
as far as can be known: what it was to cost stays charged, and its samples are asked for anew."""
LISTED_S = 30.0
"""A vendor may list a batch some time after it was made: that it isn't listed is believed only once two readings of the
list, so far apart, lack it."""
READINGS = 6
"""… nor before the list was read so often, and with it the results of the batches that it may be: these are unnamed or
empty for a while, and a machine that slept has waited long without having looked."""
LIFE_S = BATCH_LIFE_S
GONE_S = 29 * 24 * 3600.0
"""Vendors keep results for about a month: one that knows nothing of a batch of this age will never say more."""
QUEUE_S = 60.0
"""Until a batch is tried again that the vendor refused since too much is enqueued."""
HOLD_S = 120.0
"""A batch that is not full waits so long for retries that fall due."""


class Growing:
    """Waits that grow, in seconds."""

    def __init__(self) -> None:
        self._next = FIRST_LOOK_S

    def next(self) -> float:
        """The wait from here; the one after it is longer."""
        now, self._next = self._next, min(LONGEST_LOOK_S, self._next * GROWTH)
        return now


class Patience:
    """A vendor may fail to answer for `most_s` in a row. Times are a monotonic clock's."""

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._since: float | None = None
        self._waits = Growing()

    def answered(self) -> None:
        self._since, self._waits = None, Growing()

    def wait(self, now: float, asked_s: float | None) -> float | None:
        """Seconds until the next try, by what the vendor asked for, if it did; None: enough."""
        self._since = now if self._since is None else self._since
        wait = max(self._waits.next(), asked_s or 0.0)
        return wait if now + wait - self._since <= self._most_s else None
