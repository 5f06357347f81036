"""The pace of requests below a limit that was found: lowered at once, raised again as CUBIC does. No I/O.

After a decrease the pace comes back slowly to what was found, then faster and faster beyond it: the limit may have been
raised, or found too low.
"""

from __future__ import annotations

from orchestrator.scheduler.limits.bucket import MINUTE_S, Bucket

BELOW = 0.03
"""So far below what was found it begins."""
RETURNS, RETURNS_ROUGH = 150, 50
"""Requests until it is back there; where few requests told what the limit is."""
FASTEST_RETURN_S, SLOWEST_RETURN_S = 4.0, 45.0
STEEP = 3.0
"""Times that until the pace doubles in each such time: what was found is no limit any more."""
UNPROVED = 200
"""Requests until it has doubled, where all that was seen is one time in which everything was refused …"""
SLOWEST_DOUBLE_S = 25.0
"""… or this long."""
DOUBLES = 40
"""Requests until it has doubled, where what was found has proved to be no limit."""
FASTEST_DOUBLE_S, SLOWEST_DOUBLE_FREE_S = 3.0, 6.0
LEAST, MOST = 1 / MINUTE_S, 1e5
"""Requests a second."""
NOTICED = 1.01
BURST_S = 0.05


class Pace:
    """`bucket` is None while there is no limit. Rates are requests a second."""

    def __init__(self) -> None:
        self.bucket: Bucket | None = None
        self.doubles = False
        self.sure = True
        """Whether what was found is more than a guess."""
        self.found = 0.0
        self._least_return_s = 0.0
        self._found_at = self._raised_at = 0.0

    @property
    def rate(self) -> float | None:
        return None if self.bucket is None else self.bucket.per_minute / MINUTE_S

    @property
    def is_guess(self) -> bool:
        """Whether what was found is no more than that, and the pace is above it."""
        return not self.sure and (self.rate or 0.0) > self.found

    def lower(self, rate: float, now: float, *, sure: bool = True, holds_s: float = 0.0) -> None:
        """To a little less than `rate`, and back there no sooner than in `holds_s`."""
        self._least_return_s = holds_s
        rate = min(max(rate, LEAST), MOST)
        per_minute = max(LEAST, rate * (1 - BELOW)) * MINUTE_S
        self.found, self._found_at, self.doubles = rate, now, False
        self.sure = sure
        if self.bucket is None:
            self.bucket = Bucket(per_minute, 1.0)
        else:
            self.bucket.change(per_minute, now, burst=1.0)
        self.bucket.updated = now
        self.bucket.cap(0.0, now)

    def confirm(self, now: float, *, found: float | None = None) -> None:
        """From now on it may be raised: to `found`, which is a little more than was tried, and beyond."""
        self._found_at, self.sure = now, True
        if found is not None:
            self.found = max(self.found, found)

    def refute(self, before: float | None, now: float) -> None:
        """What was found is no limit: back to the rate before, and beyond."""
        self._found_at, self.sure = now, True
        if before is None:
            self.bucket = None
        else:
            self.found, self.doubles, self._raised_at = before, True, now

    def pause(self, now: float) -> None:
        """It isn't raised now."""
        self._raised_at = now

    @property
    def is_idle(self) -> bool:
        """Something else keeps requests back, so that a higher pace would not be tried."""
        return self.bucket is not None and self.bucket.was_full

    def climb(self, now: float, *, rough: bool, doubted: bool) -> None:
        """`rough`: few requests told what the limit is. `doubted`: refusals came lately, so it stays as it is."""
        assert self.bucket is not None
        if doubted and not self.doubles:
            self._found_at += now - self._raised_at
        since, self._raised_at = now - self._raised_at, now
        passed = now - self._found_at
        if self.doubles:
            rate = max(self.found, self.bucket.per_minute / MINUTE_S)
            whole = min(SLOWEST_DOUBLE_FREE_S, max(FASTEST_DOUBLE_S, DOUBLES / rate))
            rate = min(MOST, rate * 2 ** min(30.0, since / whole))
        else:
            whole = (RETURNS_ROUGH if rough else RETURNS) / self.found
            whole = min(SLOWEST_RETURN_S, max(FASTEST_RETURN_S, whole, self._least_return_s))
            rate = self.found * (1 + BELOW * (min(STEEP, passed / whole) - 1) ** 3)
            rate *= 2 ** min(30.0, max(0.0, passed / whole - STEEP))
            if not self.sure:
                whole = min(SLOWEST_DOUBLE_S, max(FASTEST_DOUBLE_S, UNPROVED / self.found))
                rate = max(rate, self.found * (1 - BELOW) * 2 ** min(30.0, passed / whole))
            rate = min(MOST, rate)
        if rate * MINUTE_S > self.bucket.per_minute * (1.0 if self.doubles else NOTICED):
            self.bucket.change(rate * MINUTE_S, now, burst=max(1.0, rate * BURST_S))
