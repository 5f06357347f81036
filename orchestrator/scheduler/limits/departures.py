"""When requests left, so that no more go out in a span than a limit of that span allows. No I/O."""

from __future__ import annotations

import statistics
from collections import deque

KEEPS = 1000
"""Times of requests: a limit of more in a short span is kept by its pace alone."""
DELAYS = 20
"""Of the last requests: how long after they might be admitted they left."""
UNSURE_S = 0.015
"""By so much more than the quickest of them the next is taken to leave late."""


class Departures:
    """A request may be admitted, is, its reservation is written, and then its first byte leaves: a vendor counts from
    there. What all that takes is no time lost where it is known before."""

    def __init__(self) -> None:
        self._numbers = deque[int]()
        self._at: dict[int, float] = {}
        self._due = 0.0
        """When the next might be admitted, as far as a limit kept it back."""
        self._waited_from: dict[int, float] = {}
        """Of each that has not left: when it might have been admitted."""
        self._delays = deque[float](maxlen=DELAYS)
        self._delay_s = 0.0

    def admitted(self, number: int, now: float) -> None:
        """Until it leaves, it is taken to leave at once."""
        if len(self._numbers) == KEEPS:
            oldest = self._numbers.popleft()
            del self._at[oldest]
            self._waited_from.pop(oldest, None)
        self._numbers.append(number)
        self._at[number] = now
        self._waited_from[number] = self._due if 0.0 <= now - self._due < UNSURE_S else now

    def left(self, number: int, now: float) -> None:
        """The first byte of the request of that number is about to leave."""
        since = self._waited_from.pop(number, None)
        if since is None or now < since:
            return  # a clock that jumps back
        self._at[number] = now
        self._delays.append(now - since)
        if self._due:  # such a limit is known
            self._delay_s = min(statistics.median_low(self._delays), min(self._delays) + UNSURE_S)

    def next_at(self, limit: int, span_s: float) -> float:
        """When one more may be admitted, so that no more than `limit` leave within `span_s`."""
        if len(self._numbers) < limit:
            return 0.0
        self._due = self._at[self._numbers[-limit]] + span_s - self._delay_s
        return self._due
