"""How many requests a second a vendor took: lately, and between two moments at which its limit was used up. No I/O."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

LAST, LEAST_LAST = 50, 15
MARK_S, MARKS = 0.5, 64
LEAST, LEAST_S = 5, 0.3
"""Taken between two moments, and the time between them: less tells no rate."""
LEFT_OVER = 1.25
"""A limit that had nothing taken from it during a standstill has more for a moment after it. Where this many times as
much was taken from its end on, it had; else the time of the standstill was lost."""


class Moment(NamedTuple):
    """A time."""

    at: float
    taken: int
    """Before it."""


class TakenRate:
    """Told of each request taken."""

    def __init__(self) -> None:
        self.count = 0
        self.between: float | None = None
        """The rate that was taken between the last two moments at which the limit was used up."""
        self._few: float | None = None
        self._used_up: Moment | None = None
        self._last: deque[float] = deque(maxlen=LAST)
        """When the last ones were taken."""
        self._marks: deque[Moment] = deque(maxlen=MARKS)

    def takes(self, now: float) -> None:
        self.count += 1
        self._last.append(now)
        if not self._marks or now - self._marks[-1].at >= MARK_S:
            self._marks.append(Moment(now, self.count))

    def recent(self, until: float, *, over_s: float = 0.0) -> float | None:
        """Of the last ones, or of those of so many seconds if these are more."""
        if len(self._last) <= LEAST_LAST or until <= self._last[0]:
            return None
        since, taken = self._last[0], len(self._last) - 1
        for mark in reversed(self._marks):
            if since <= until - over_s:
                break
            if mark.at < since:
                since, taken = mark.at, self.count - mark.taken
        return taken / (until - since)

    def used_up(self, now: float, released: Moment | None) -> None:
        """A refusal shows it. `released`: when it last took more after a standstill."""
        if self._used_up is not None:
            seconds, taken = now - self._used_up.at, self.count - self._used_up.taken
            self._few = (taken + 1) / seconds if 0 < taken < LEAST and seconds >= LEAST_S else None
            if taken >= LEAST and seconds >= LEAST_S:
                self.between = taken / seconds
                if released is not None and self._used_up.at < released.at < now:
                    since = (self.count - released.taken) / (now - released.at)
                    self.between = since if since < LEFT_OVER * self.between else self.between
        self._used_up = Moment(now, self.count)

    @property
    def between_or_few(self) -> float | None:
        """The same; where too few were taken to tell it, no more than it."""
        return self.between if self._few is None else self._few

    def stood_still(self, whole_again: Moment | None) -> None:
        """What was taken before says nothing of the time after. `whole_again`: from when on a whole window is there."""
        self._last.clear()
        self._marks.clear()
        self.between = self._few = None
        self._used_up = whole_again or self._used_up
