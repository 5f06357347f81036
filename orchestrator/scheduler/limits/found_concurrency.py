"""How many requests a vendor takes at a time, found by its refusals. No I/O.

What is in flight when a request goes out tells such a limit from one of time: a limit of so many at a time refuses from
that many on and never below, however much time passes; a limit of time does both. Once it is found, as many are kept in
flight, and now and then one more finds out whether the limit was raised.
"""

from __future__ import annotations

FIRST_TRY, FIRST_TRY_LEAST = 0.5, 8
"""Of the limit, and at least: requests taken until one more than it is tried."""
TRY_AGAIN, TRY_AGAIN_MOST = 100, 400
"""Requests taken after one more was refused, and twice as many each time."""
PROVED, PROVED_LEAST = 3, 20
"""Times the limit, and at least: requests taken until it has proved to be one."""
NEAR = 0.7
"""Then a refusal from this share of it on means that it is a little lower."""
SLACK = 20
"""A refusal that comes later than the replies to what was sent after it makes more seem to be in
flight than were: one for each so many."""
LONG_WAIT_S = 2.0
"""A vendor that knows when it takes more, and that it takes so long, counts over time."""
FIRST_DOUBT_S = 30.0
"""How long no limit of this kind is sought after what looked like one was none; twice as long each time."""


class FoundConcurrency:
    """`most` may be in flight; None: no such limit is known."""

    def __init__(self) -> None:
        self.most: int | None = None
        self._before: dict[int, int] = {}
        """Of each request in flight: how many were when it went out, the refused ones not counted."""
        self._taken_open = set[int]()
        """Those in flight that seem to have been taken. A slow refusal may show that one was not."""
        self._most_taken = -1
        self._least_refused: int | None = None
        """By what was in flight before them, lately."""
        self._tried: int | None = None
        """The one that went out beyond the limit."""
        self._taken = 0
        """Since the limit or what is tried changed."""
        self._due = 0
        self._step = 1
        self._taken_since_set = 0
        self._told_long = False
        self._doubted_until = 0.0
        self._doubt_s = FIRST_DOUBT_S

    @property
    def full(self) -> bool:
        """Whether as many are in flight as may be."""
        if self.most is None:
            return False
        tries = self._tried is None and self._taken >= self._due
        return len(self._before) >= self.most + tries

    def sent(self, number: int) -> None:
        before = len(self._before)
        self._before[number] = before
        if self.most is not None and before >= self.most and self._tried is None:
            self._tried = number

    def ended(self, number: int) -> None:
        """Neither taken nor refused, as far as is known."""
        self._forget(number)
        if number == self._tried:
            self._tried = None

    def replied(self, number: int) -> None:
        self._most_taken = max(self._most_taken, self._forget(number))

    def taken(self, number: int) -> None:
        """The vendor took it: while it is still in flight, or by its reply."""
        if number in self._before:
            self._taken_open.add(number)
        self._taken += 1
        self._taken_since_set += 1
        if number == self._tried and self.most is not None:
            self._tried, self._taken = None, 0
            self.most += self._step
            self._step = min(2 * self._step, max(1, self.most))
            self._due = self._first_due

    def refused(self, number: int, wait_s: float | None) -> bool:
        """`wait_s`: the wait that it told. Whether this was the one beyond the limit, so that it says nothing else."""
        if number not in self._before:
            return False
        before = self._forget(number)
        for later in self._before:
            if later > number:
                self._before[later] -= 1
        if self.most is not None and before >= self.most:
            if number == self._tried:
                self._tried, self._taken, self._step = None, 0, 1
                self._due = min(TRY_AGAIN_MOST, max(TRY_AGAIN, 2 * self._due))
            return True
        self._told_long = self._told_long or (wait_s or 0.0) > LONG_WAIT_S
        self._least_refused = before if self._least_refused is None else min(before, self._least_refused)
        return False

    def forget_refusals(self) -> None:
        """They came at random."""
        self._least_refused, self._told_long = None, False

    @property
    def is_on_trial(self) -> bool:
        """What was found has not proved to be a limit yet."""
        return self.most is not None and self._taken_since_set < max(PROVED_LEAST, PROVED * self.most)

    def refute(self, now: float) -> None:
        """It is none."""
        self.most = self._tried = None
        self._doubted_until = now + self._doubt_s
        self._doubt_s *= 2

    def explains(self, now: float, *, all_refused: bool) -> bool:
        """Whether the vendor, which refused many, or everything for a while, has a limit of this kind; `most` is set
        then."""
        least, told_long = self._least_refused, self._told_long
        most_taken = max((self._before[number] for number in self._taken_open), default=self._most_taken)
        most_taken = max(most_taken, self._most_taken)
        self._most_taken = -1
        self.forget_refusals()
        if self.most is not None:
            if least is None:
                return True
            if told_long or self.is_on_trial or least < max(1.0, NEAR * self.most):
                self.refute(now)
                return False
            self._set(min(least, self.most))
            return True
        if least is None or least < 1 or told_long or now < self._doubted_until:
            return False
        slack = 1 + least // SLACK if all_refused and least >= SLACK else 0
        if most_taken >= least + slack:
            return False
        self._set(least)
        return True

    def _set(self, most: int) -> None:
        self.most, self._tried = most, None
        self._taken, self._step, self._due = 0, 1, self._first_due
        self._taken_since_set = 0

    @property
    def _first_due(self) -> int:
        return max(FIRST_TRY_LEAST, round(FIRST_TRY * (self.most or 0)))

    def _forget(self, number: int) -> int:
        """No longer in flight. How many were before it, or -1."""
        self._taken_open.discard(number)
        return self._before.pop(number, -1)
