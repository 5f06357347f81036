"""A request rate that nobody states, found by its refusals: quick search, then slow increase and sharp decrease, as
congestion control does. No I/O.

Nothing is limited until the first refusal. Then the rate doubles every few seconds until the next one. From then on
each refusal lowers it to what the vendor really took lately and marks a ceiling, to which it climbs back in about
half a minute and above which it only creeps. Refusals of requests sent before the last decrease say nothing new.

Some vendors refuse at random, whatever the rate. So if the rate has come down to half and as large a share is
refused there for half a minute, the rate is not the cause: that share is tolerated, and the search begins anew.
"""

from __future__ import annotations

from collections import deque

from orchestrator.scheduler.bucket import MINUTE_S, Bucket

FIRST = 60.0
"""Requests a minute to begin the search with, where the vendor took fewer until then."""
DOUBLES_S = 3.0
CLIMBS_S = 30.0
CREEPS = 0.001
"""Of the rate, a second, above the ceiling: the limit may have been raised, or never been there. After minutes without
a decrease so many times as much."""
LOWER = 0.92
LOWEST = 0.5
SEEN_S = 10.0
SHARE_S = 30.0
TOLERATED = 0.025
"""Refusals that are so few of the last half minute's answers say nothing of the rate."""
AT_RANDOM = 0.2
"""More than that is refused at random by no vendor: and where a limit refuses less, half the rate is below it."""
AS_MANY = 0.6
"""Of the share before: what a limit would refuse at half the rate is nothing."""
SPARE = 1.6
"""Over a share that is tolerated, for its chance ups and downs."""
LEAST = 1.0


class FoundRate:
    """Learns of each request admitted and refused; `bucket` is None until one is refused."""

    def __init__(self) -> None:
        self.bucket: Bucket | None = None
        self._ceiling: float | None = None
        self._taken: deque[float] = deque()
        self._refused: deque[float] = deque()
        self._changed = 0.0
        self._raised = 0.0
        self._tolerated = TOLERATED
        self._top: tuple[float, float] | None = None
        """The rate that it comes down from, and the share that was refused there."""
        self._tried_until: float | None = None
        """At half of that rate: for so long refusals are only counted."""

    def taken(self, now: float) -> None:
        """The vendor answered a request."""
        self._taken.append(now)
        self._forget(now)
        if self.bucket is None:
            return
        if self._tried_until is not None and now >= self._tried_until:
            self._judge_trial(now)
        passed = min(now - self._raised, 1.0)
        if passed >= 0.1:
            self._raised = now
            self.bucket.change(self._higher(self.bucket.per_minute, passed, now), now)

    def refused(self, sent_at: float, now: float) -> None:
        """A 429."""
        self._refused.append(now)
        self._forget(now)
        seen = sum(now - at <= SEEN_S for at in self._taken) / SEEN_S * MINUTE_S
        if self.bucket is None:
            self.bucket = Bucket(max(FIRST, seen / 2))
        elif sent_at >= self._changed and self._tried_until is None and self._share > self._tolerated:
            rate = self.bucket.per_minute
            if self._comes_down(rate, now):
                return
            self._ceiling = rate
            self.bucket.change(max(LEAST, LOWEST * rate, min(LOWER * rate, seen)), now)
        else:
            return
        self.bucket.updated = now
        self.bucket.cap(0.0, now)
        self._changed = self._raised = now

    def _comes_down(self, rate: float, now: float) -> bool:
        """Notes from where. Whether it has come down so far that half a minute at this rate must tell why."""
        if self._top is None or rate > self._top[0] or self._top[1] > AT_RANDOM:
            self._top = rate, self._share
        top, _ = self._top
        if rate > top / 2:
            return False
        self._tried_until = now + SHARE_S
        return True

    def _judge_trial(self, now: float) -> None:
        assert self._top is not None
        _, before = self._top
        share = self._share
        by_chance = AS_MANY * before <= share <= AT_RANDOM
        self._tolerated = max(TOLERATED, SPARE * share) if by_chance else TOLERATED
        if by_chance:
            self._ceiling = None
        self._top = self._tried_until = None
        self._changed = self._raised = now

    def _higher(self, rate: float, passed: float, now: float) -> float:
        if self._tried_until is not None:
            return rate
        if self._ceiling is None:
            return rate * 2 ** (passed / DOUBLES_S)
        creeps = CREEPS * max(1.0, (now - self._changed) / MINUTE_S)
        if rate < self._ceiling:
            return rate + (self._ceiling - rate) * passed / CLIMBS_S + rate * creeps * passed
        return rate * (1 + creeps * passed)

    @property
    def _share(self) -> float:
        return len(self._refused) / (len(self._refused) + len(self._taken))

    def _forget(self, now: float) -> None:
        for seen in (self._taken, self._refused):
            while seen and now - seen[0] > SHARE_S:
                seen.popleft()
