"""How many requests may be unanswered while no rate is known, so that a limit which is met refuses few. No I/O.

Few at first, and more with each that is taken. Once several in a row were refused, few again: what was taken in a burst
says nothing of how fast a limit refills, and a bucket that is empty refuses all that are on their way.
"""

from __future__ import annotations

FIRST_OPEN, OPEN = 4, 6
"""So many may be unanswered at first, and after a few were taken …"""
TAKEN_PER_OPEN, TAKEN_PER_OPEN_LATER = 100, 30
"""… and one more for each so many taken …"""
CAREFUL_S, CAREFUL_MORE = 10.0, 18
"""… until then, and no more than so many more. After it the shortest windows have shown themselves."""
REOPENS, TAKEN_PER_REOPEN = 4, 8
"""Unanswered after several in a row were refused, and one more for each so many taken since."""


class Opening:
    """Told of each request taken. `ramps`: whether the first ones go out a few at a time."""

    def __init__(self, *, ramps: bool) -> None:
        self.taken = 0
        """Since the last standstill: as many more may be unanswered."""
        self._ramps = ramps
        self._reopened: int | None = None
        """The last request that was sent before it reopened."""
        self._taken_since_reopened = 0

    def takes(self, number: int) -> None:
        self.taken += 1
        self._taken_since_reopened += self._reopened is not None and number > self._reopened

    def stood_still(self) -> None:
        """From here on it opens anew."""
        self.taken = 0

    def reopen(self, last: int) -> None:
        """Several in a row were refused; `last` is the number of the last request sent."""
        self._reopened, self._taken_since_reopened = last, 0

    def forget(self) -> None:
        """They were refused at random, or for another reason than a rate."""
        self._reopened = None

    @property
    def is_reopened(self) -> bool:
        """Whether several in a row were refused, which shows a limit."""
        return self._reopened is not None

    def most(self, taken: int, passed_s: float, *, rough: bool, tries: bool, paced: bool) -> float:
        """`taken` of all, `passed_s` since the first was sent. `rough`: a rate is known roughly; `tries`: a limit of
        requests at a time is tried; `paced`: a rate limits them already."""
        most = float("inf")
        if rough or (self._ramps and tries):
            most = _most(self.taken, self.taken, passed_s, first=1)
        elif self._ramps:
            most = _most(taken, self.taken, passed_s, first=FIRST_OPEN)
        if self._reopened is not None and not paced:
            most = min(most, REOPENS + self._taken_since_reopened / TAKEN_PER_REOPEN)
        return most


def _most(taken: int, opened: int, passed_s: float, *, first: int) -> float:
    careful = passed_s <= CAREFUL_S
    more = min(CAREFUL_MORE, taken / TAKEN_PER_OPEN) if careful else taken / TAKEN_PER_OPEN_LATER
    return min(first + opened, OPEN) + more
