"""How fast a limit that headers state refills, from all replies that told of it. No I/O.

Headers state a size, what remains of it and when it is whole again, but not the span. A minute is usual. A bucket of a
day shows itself by a reset that lies further away. A shorter span shows itself by resets that come too soon for a
minute, or that don't fit a bucket which refills evenly: then it is a window, and the furthest reset is its length.
"""

from __future__ import annotations

from orchestrator.scheduler.limits.bucket import MARGIN, MINUTE_S
from providers.reading.rate_limits import VendorLimit

LONGER_S, SHORTER_S = 66.0, 54.0
"""A span of a minute lies between them: one of a minute is sometimes told a little longer or shorter."""
USUAL_S = (1.0, 5.0, 10.0, 30.0, 60.0)
"""Spans; one of them is meant where resets are told in whole seconds."""
JITTER_S = 0.03
"""Requests come in further apart, or closer, than they went out."""
FINE_S = 0.1
FASTER, FEW = 1.5, 3
"""No minute's limit gives back so many times as much as it should, and so many requests more."""
NEARLY = 0.8
"""Of a usual span: a window is rarely seen at its very beginning."""
FREELY = 0.1
"""Of a limit whose span isn't known: so much may be used at twice the pace of a minute's."""


class ReportedLimit:
    """One limit of one kind. `burst`: what may go at once, where it refills over more than a minute."""

    def __init__(self) -> None:
        self.per_minute = 0.0
        self.burst: float | None = None
        self.limit = 0
        self.is_used_up = False
        """By the last reply."""
        self._begin()

    def _begin(self) -> None:
        self._furthest_s = 0.0
        self._least_s, self._most_s = 0.0, float("inf")
        """Of the span, if it refills evenly."""
        self._exact_s = float("inf")
        self._first: tuple[float, int] | None = None
        """When a request went out whose reply told first what remains, and how much had come back then."""
        self._comes_back_sooner = False

    def learn(self, limit: VendorLimit, *, sent_at: float = 0.0, counted: int | None = None) -> None:
        """What one more reply told. `counted`: of ours, until it went out at `sent_at`, where that is known."""
        if limit.limit != self.limit:
            self.limit = limit.limit
            self._begin()
        self.is_used_up = limit.remaining == 0
        used = 0 if limit.remaining is None else limit.limit - limit.remaining
        self.per_minute, self.burst = float(limit.limit), None
        if used and limit.reset_s is not None:
            self._exact_s = min(self._exact_s, limit.reset_exact_s)
            self._furthest_s = max(self._furthest_s, limit.reset_s)
            self._least_s = max(self._least_s, (limit.reset_s - self._exact_s) * limit.limit / used)
            most_s = (limit.reset_s + self._exact_s) * limit.limit / max(0.5, used - 1)
            self._most_s = min(self._most_s, most_s)
        if counted is not None and limit.remaining is not None:
            self._compare(sent_at, counted - used)
        if self._furthest_s > LONGER_S:
            if used and limit.reset_s and (seen := used / limit.reset_s * MINUTE_S) < limit.limit:
                self.per_minute, self.burst = seen, float(limit.limit)
        elif (short_s := self.short_span_s) is not None:
            self.per_minute = (
                limit.limit / (short_s * MARGIN) * MINUTE_S
            )  # a bucket keeps the margin below itself
        elif 0 < used < FREELY * limit.limit and max(self._furthest_s, self._least_s) < 30.0:
            self.per_minute *= (
                2  # so little of it is used that it isn't missed, and it shows whether it comes back sooner
            )

    def _compare(self, at: float, came_back: int) -> None:
        """`came_back` as far as nobody else draws on it, from a beginning that is not known."""
        if self._first is None:
            self._first = at, came_back
        since, before = self._first
        in_a_minute = (at - since) * self.limit / MINUTE_S
        if came_back - before > FASTER * in_a_minute + FEW:
            self._comes_back_sooner = True

    @property
    def _is_short(self) -> bool:
        if self._furthest_s >= SHORTER_S:
            return False
        return self._comes_back_sooner or self._most_s < SHORTER_S or self._least_s > self._most_s

    @property
    def short_span_s(self) -> float | None:
        """Over which no more than the limit may go, where that isn't a minute."""
        return max(self._span_s + JITTER_S, self._span_s / MARGIN) if self._is_short else None

    @property
    def _span_s(self) -> float:
        """What remains keeps one that is too short from being overrun, until a reset further away shows it."""
        if self._exact_s < FINE_S:
            return next((s for s in USUAL_S if NEARLY * s <= self._furthest_s <= s), self._furthest_s)
        least_s = self._furthest_s - min(1.0, self._exact_s)
        return next((span for span in USUAL_S if span >= least_s), self._furthest_s)
