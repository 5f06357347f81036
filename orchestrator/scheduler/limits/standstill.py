"""What a time in which everything was refused tells of the limit that was used up. No I/O."""

from __future__ import annotations

from typing import NamedTuple

SPANS_S = (60.0, 30.0, 10.0, 5.0, 1.0)
"""That vendors count over."""
LEAST_TAKEN, NARROW, NARROW_OF_BURST = 10, 0.35, 0.55
"""Requests that a window took, and how exactly its end is known, as a share of it: then it was no outage."""
LONG_S = 3.0
"""As likely to be an outage as a limit."""
SHORT_OF = 0.15
"""Of the time since the last standstill: one that was shorter was a moment, which the vendor's own wait may have given
its length."""
STEADY = 1.3
"""Times what was taken since the last standstill: no more than that lately is no climb."""


class Standstill(NamedTuple):
    """`taken`: `since` the last standstill, or the first request."""

    since: float
    taken: int
    began: float
    last_refused: float
    """When it was sent."""
    ended: float
    told_s: float = 0.0
    """The longest wait that the vendor told, in whole seconds; 0: none."""
    of_burst: bool = False
    """It followed a burst that used up what looks like a window, so that only the ends of windows were tried."""

    @property
    def stood_s(self) -> float:
        """How long it was."""
        return self.ended - self.began

    @property
    def is_long(self) -> bool:
        return self.stood_s >= LONG_S

    @property
    def window_s(self) -> float:
        """The length of the vendor's window, which goes on beyond the last refusal and is over at the end."""
        over_s, within_s = self.last_refused - self.since, self.ended - self.since
        if self.told_s > LONG_S:
            least = max(over_s, self.told_s - 1)
            return min((span for span in SPANS_S if span >= least), default=within_s)
        return next((span for span in SPANS_S if over_s < span <= within_s), max(0.1, within_s))

    @property
    def shows_window(self) -> bool:
        """Whether it ended just when a usual window does."""
        within_s = self.ended - self.since
        narrow = NARROW_OF_BURST if self.of_burst else NARROW
        exactly = self.ended - self.last_refused <= narrow * self.window_s
        return self.taken >= LEAST_TAKEN and self.window_s < within_s and exactly

    @property
    def rate(self) -> float:
        """Requests a second that the limit allows."""
        return max(1, self.taken) / self.window_s

    def rate_after_climb(self, recent: float, *, is_second: bool) -> float:
        """The same, if it climbed since: what was taken last tells more, for the part of the time that it went on."""
        if self.stood_s > SHORT_OF * (self.ended - self.since) or self.is_long:
            recent *= (self.began - self.since) / max(0.1, self.ended - self.since)
        steady = is_second and self.taken >= 2 * LEAST_TAKEN and recent < STEADY * self.rate
        return self.rate if steady else max(self.rate, recent)
