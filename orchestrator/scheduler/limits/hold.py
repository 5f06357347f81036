"""After a refusal: whether the vendor refuses everything now, or refused this one request. No I/O.

A request that was sent later and taken answers that. As long as one is on its way, nothing else is sent; where none
is, one is sent after a wait: the vendor's own, or twice as long as the last.
"""

from __future__ import annotations

from orchestrator.scheduler.limits.standstill import Standstill
from orchestrator.scheduler.limits.unanswered import Unanswered

FIRST_S, LEAST_FIRST_S, MOST_FIRST_S = 1.0, 0.05, 2.0
"""The first wait, where no rate is known; and its bounds, where one is."""
LONGEST_S = 16.0
SHORT_WAIT_S = 2.0
"""A vendor that asks for no longer wait, once, may have refused at random: one more request finds out."""
ENDS_S = (10.2, 30.5, 60.5)
"""When a window of the usual lengths is over, from its start."""
BURST_S, LEAST_TAKEN = 5.0, 10
"""A limit that so many requests used up so soon is likely to be a window: only its ends are worth a try."""
DENSE = 0.5
"""Of the requests from the first refused to the last: more refused than that are no chance."""


class Hold:
    """From the first refusal, of request `number`, until a later one is taken. `rate`: requests a second that go out,
    where that is known; `at_once`: whether the first try may follow without a wait; `since`: when the vendor began to
    take requests, and `taken`: how many."""

    def __init__(
        self, number: int, now: float, *, rate: float | None, at_once: bool, since: float, taken: int
    ) -> None:
        self.began = now
        self.refused = 0
        """In a row, from the first on."""
        self.last_refused = 0.0
        """When it was sent."""
        self.told_s: float | None = None
        """The longest wait that the vendor told."""
        self.tried = False
        """Whether one was sent to find out."""
        self._number = self._first = self._last = number
        self._wait_s = FIRST_S
        if rate is not None:
            self._wait_s = min(MOST_FIRST_S, max(LEAST_FIRST_S, 1 / rate))
        self._at_once = at_once
        self._ends = tuple(since + end for end in ENDS_S)
        self.ends_burst = taken >= LEAST_TAKEN and now < since + BURST_S
        """Whether it follows a burst that used up what looks like a window."""
        self._until = now
        self._probe: int | None = None

    def ready_at(self, now: float, unanswered: Unanswered) -> float:
        """When a request may go, if no answer comes first."""
        if self._probe is not None or unanswered.follows(self._number):
            return unanswered.next_at() or now
        return max(now, self._until)

    def sent(self, number: int) -> None:
        self._probe, self.tried = number, True

    def ended(self, number: int) -> None:
        """Neither taken nor refused."""
        if number == self._probe:
            self._probe = None

    def refuses(self, number: int, now: float, wait_s: float | None, *, sent_at: float) -> None:
        """One more refusal; `wait_s` as the vendor told."""
        self.refused += 1
        self._first, self._last = min(number, self._first), max(number, self._last)
        self.last_refused = max(self.last_refused, sent_at)
        if wait_s is not None:
            self.told_s = max(wait_s, self.told_s or 0.0)
        if number == self._probe:
            self._probe, self._at_once = None, False
            self._wait_s = min(LONGEST_S, 2 * self._wait_s)
        if self.refused > 1:
            self._at_once = False
        if not self._at_once:
            until = now + (self._wait_s if wait_s is None else wait_s)
            if wait_s is None:
                next_end = next((end for end in self._ends if end > now), until)
                waits = self.ends_burst and next_end > self._ends[0]
                until = next_end if waits else min(until, next_end)
            self._until = max(self._until, until)

    @property
    def is_dense(self) -> bool:
        """Whether most of those that were sent from the first refused to the last were refused, which is no chance."""
        return self.refused > 1 and self.refused > DENSE * (self._last - self._first + 1)

    def was_told_long(self, now: float) -> bool:
        """Whether the vendor told a wait that no refusal at random tells, and it has passed."""
        told_s = self.told_s or 0.0
        return told_s > SHORT_WAIT_S and now - self.began >= told_s - 1

    def standstill(self, since: float, taken: int, now: float) -> Standstill:
        """What it was, if the limit was used up. `taken`: `since` the last one."""
        told_s = self.told_s or 0.0
        return Standstill(since, taken, self.began, self.last_refused, now, told_s, self.ends_burst)

    def ends_by(self, number: int) -> bool:
        """Whether that request, which was taken, shows that the vendor takes more."""
        return number > self._number
