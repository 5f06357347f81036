"""After a refusal: whether the vendor refuses everything now, or refused this one request. No I/O.

A request that was sent later and taken answers that. As long as one is on its way, nothing else is sent; where none
is, one is sent after a wait: the vendor's own, or twice as long as the last.
"""

from __future__ import annotations

from orchestrator.scheduler.limits.unanswered import Unanswered

LONGEST_S = 16.0


class Hold:
    """From the first refusal, of request `number`, until a later one is taken. `at_once`: whether the first try may
    follow without a wait. `ends`: times at which the vendor may take more."""

    def __init__(
        self, number: int, now: float, *, first_s: float, at_once: bool, ends: tuple[float, ...] = ()
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
        self._number = number
        self._wait_s = first_s
        self._at_once = at_once
        self._ends = ends
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
                until = min([until, *(end for end in self._ends if end > now)])
            self._until = max(self._until, until)

    def ends_by(self, number: int) -> bool:
        """Whether that request, which was taken, shows that the vendor takes more."""
        return number > self._number
