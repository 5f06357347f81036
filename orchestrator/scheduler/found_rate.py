"""A request rate that nobody states, found by its refusals: quick search, then slow increase and sharp decrease, as
congestion control does. No I/O.

Nothing is limited until the first refusal. Then the rate doubles every few seconds until the next one. From then on
each refusal lowers it to what the vendor really took lately and marks a ceiling, to which it climbs back in about
half a minute and above which it only creeps. Refusals of requests sent before the last decrease say nothing new.
"""

from __future__ import annotations

from collections import deque

from orchestrator.scheduler.bucket import MINUTE_S, Bucket

FIRST = 60.0
"""Requests a minute to begin the search with, where the vendor took fewer until then."""
DOUBLES_S = 3.0
CLIMBS_S = 30.0
CREEPS = 0.001
"""Of the rate, a second, above the ceiling: the limit may have been raised."""
LOWER = 0.92
LOWEST = 0.5
SEEN_S = 10.0
SHARE_S = 30.0
TOLERATED = 0.025
"""Refusals that are so few of the last half minute's answers say nothing of the rate: some vendors refuse at random.
Two in a hundred at random already lower it; a stated limit is the remedy."""
LEAST = 1.0


class FoundRate:
    """Told of each request taken and refused; `bucket` is None until one is refused."""

    def __init__(self) -> None:
        self.bucket: Bucket | None = None
        self._ceiling: float | None = None
        self._taken: deque[float] = deque()
        self._refused: deque[float] = deque()
        self._changed = 0.0
        self._raised = 0.0

    def taken(self, now: float) -> None:
        """The vendor answered a request."""
        self._taken.append(now)
        self._forget(now)
        if self.bucket is None:
            return
        passed = min(now - self._raised, 1.0)
        if passed >= 0.1:
            self._raised = now
            self.bucket.change(self._higher(self.bucket.per_minute, passed), now)

    def refused(self, sent_at: float, now: float) -> None:
        """A 429."""
        self._refused.append(now)
        self._forget(now)
        seen = sum(now - at <= SEEN_S for at in self._taken) / SEEN_S * MINUTE_S
        if self.bucket is None:
            self.bucket = Bucket(max(FIRST, seen / 2))
        elif sent_at >= self._changed and self._share > TOLERATED:
            rate = self.bucket.per_minute
            self._ceiling = rate
            self.bucket.change(max(LEAST, LOWEST * rate, min(LOWER * rate, seen)), now)
        else:
            return
        self.bucket.updated = now
        self.bucket.cap(0.0, now)
        self._changed = self._raised = now

    def _higher(self, rate: float, passed: float) -> float:
        if self._ceiling is None:
            return rate * 2 ** (passed / DOUBLES_S)
        if rate < self._ceiling:
            return rate + (self._ceiling - rate) * passed / CLIMBS_S + rate * CREEPS * passed
        return rate * (1 + CREEPS * passed)

    @property
    def _share(self) -> float:
        return len(self._refused) / (len(self._refused) + len(self._taken))

    def _forget(self, now: float) -> None:
        for seen in (self._taken, self._refused):
            while seen and now - seen[0] > SHARE_S:
                seen.popleft()
