"""How fast a limit that headers state refills, from all replies that told of it. No I/O.

Headers state a size, what remains of it and when it is whole again, but not the span. A minute is usual. A bucket of a
day shows itself by a reset that lies further away, a limit of a second by resets that are always close.
"""

from __future__ import annotations

from orchestrator.scheduler.limits.bucket import MINUTE_S
from providers.reading.rate_limits import VendorLimit

LONGER_S, SHORTER_S = 66.0, 30.0
"""A reset further away than this is of a longer span than a minute; one of a minute is sometimes further than that."""
FASTER = 2.0


class ReportedLimit:
    """One limit of one kind. `burst`: what may go at once, where it refills over more than a minute."""

    def __init__(self) -> None:
        self.per_minute = 0.0
        self.burst: float | None = None
        self._furthest_s = 0.0

    def learn(self, limit: VendorLimit) -> None:
        """What one more reply told."""
        self.per_minute, self.burst = float(limit.limit), None
        used = 0 if limit.remaining is None else limit.limit - limit.remaining
        if not used or not limit.reset_s:
            return
        self._furthest_s = max(self._furthest_s, limit.reset_s)
        seen = used / limit.reset_s * MINUTE_S
        if limit.reset_s > LONGER_S and seen < limit.limit:
            self.per_minute, self.burst = seen, float(limit.limit)
        elif self._furthest_s < SHORTER_S and seen > FASTER * limit.limit:
            self.per_minute = seen
