"""A request rate that nobody states, found by its refusals. No I/O.

At first few requests may be unanswered at once, so that a limit which is met refuses few. When the vendor refuses
everything for a while (Hold), its limit was used up, and what it took between two such moments is the rate that it
allows. When it refuses some of many, the rate is lowered on trial: if as many are refused then, they are refused at
random and the former rate is back; if not, it was a limit. From below a limit the pace climbs again (Pace).
Where what is in flight explains the refusals, the limit is one of requests at a time, not a rate (FoundConcurrency).
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from orchestrator.scheduler.limits.found_concurrency import FoundConcurrency
from orchestrator.scheduler.limits.hold import Hold
from orchestrator.scheduler.limits.pace import Pace
from orchestrator.scheduler.limits.refused_share import MOST_AT_RANDOM, RefusedShare
from orchestrator.scheduler.limits.unanswered import Unanswered

FIRST_OPEN, OPEN = 4, 6
"""So many may be unanswered at first, and after a few were taken …"""
TAKEN_PER_OPEN, TAKEN_PER_OPEN_LATER = 100, 30
"""… and one more for each so many taken …"""
CAREFUL_S = 10.0
"""… until then. After it the shortest windows have shown themselves."""
FIRST_HOLD_S, LEAST_HOLD_S, MOST_HOLD_S = 1.0, 0.05, 2.0
SHORT_WAIT_S = 2.0
"""A vendor that asks for no longer wait, once, may have refused at random: one more request finds out."""
LONG_HOLD = 5
"""Requests that would have gone out during a hold that was no accident."""
EXCESS_FREE, EXCESS_NOISY, EXCESS = 6.0, 3.5, 1.8
"""Refusals beyond those at random that are too many: without a limit known, with refusals at random known, else."""
DOUBTED = 1.2
"""Beyond those at random, so that the pace stays as it is."""
MOSTLY = 0.3
"""Of requests refused: the limit is used up."""
MOST_STEP = 0.2
TRIAL, TRIAL_BELOW_LIMIT = 8.0, 1.3
"""Refusals expected in a trial, if they came at random, until it ends without two of them."""
OVERSTATED = 3.0
"""The share refused that began a trial is that of a bad moment."""
LEAST_TRIAL = 20
FEW, LONG_S = 3, 3.0
"""Taken before the first standstill, and how long that was: as likely to be an outage as a limit."""
ROUGH = 20
"""Requests taken between two standstills: fewer tell the limit roughly."""
RECENT, LEAST_RECENT = 50, 15
SPANS_S = (60.0, 30.0, 10.0, 5.0, 1.0)
"""That vendors count over."""
PROBED_S = (10.2, 60.5)
"""From its start, when a window of the usual lengths is over."""


class _Trial(NamedTuple):
    before: float | None
    """The rate a second, None if it was unlimited."""
    share: float
    """Refused at that rate."""


class FoundRate:
    """Told of each request sent, taken and refused. `ramps`: whether the first ones go out a few at a time."""

    def __init__(self, *, ramps: bool = False) -> None:
        self.pace = Pace()
        self.share = RefusedShare()
        self.concurrency = FoundConcurrency()
        self.hold: Hold | None = None
        self._ramps = ramps
        self._unanswered = Unanswered()
        self._now = 0.0
        self._first_at: float | None = None
        self._last = 0
        self._changed = 0
        """Refusals of requests before this number tell nothing of the present rate."""
        self._taken = 0
        self._taken_at = 0.0
        self._opened = 0
        """Taken since the last standstill: as many more may be unanswered."""
        self._recent: deque[float] = deque(maxlen=RECENT)
        """When the last ones were taken."""
        self._lowered_at = 0.0
        self._taken_since_lowered = 0
        self._trial: _Trial | None = None
        self._trial_taken = self._trial_refused = 0
        self._safe: float | None = None
        """The rate to try next: so much was taken on average."""
        self._released_at: float | None = None
        """When the vendor last took more after a standstill …"""
        self._taken_before_release = 0
        self._rough = False
        self._instead: tuple[float, bool] | None = None
        """The rate that a limit of requests at a time explains too, and whether it is rough."""
        self._used_up = False
        """Whether the end of the hold is the end of a standstill, however few it refused."""

    @property
    def per_minute(self) -> float | None:
        """Requests, as they go out now; None: as many as may be in flight."""
        return None if self.pace.bucket is None else self.pace.bucket.per_minute

    @property
    def begins(self) -> bool:
        """Whether nothing was refused so far that would show a limit: more go out as replies come."""
        return self.pace.bucket is None and self.hold is None and not self._rough

    # -- may one go -------------------------------------------------------------------------------------------------

    def ready_at(self, now: float) -> float:
        """When one may; `now` if it may."""
        its_now, now = now, self._at(now)
        self._settle(now)
        at = now
        if self.hold is not None:
            at = self.hold.ready_at(now, self._unanswered)
        elif len(self._unanswered) >= self._most_open(now):
            at = max(at, self._unanswered.next_at() or now)
        if at <= now and self.pace.bucket is not None:
            self._climb(now)
            at = self.pace.bucket.ready_at(1.0, now)
        return its_now + (at - now)

    def _most_open(self, now: float) -> float:
        if not (self._ramps or self._rough):
            return float("inf")
        early = self._first_at is None or now - self._first_at <= CAREFUL_S
        more = self._taken / (TAKEN_PER_OPEN if early else TAKEN_PER_OPEN_LATER)
        return min((1 if self._rough else FIRST_OPEN) + self._opened, OPEN) + more

    def _climb(self, now: float) -> None:
        if self._trial is not None or self.hold is not None:
            self.pace.pause(now)
        else:
            self.pace.climb(now, rough=self._rough, doubted=self.share.excess >= DOUBTED)

    def _at(self, now: float) -> float:
        """A clock that jumps back changes nothing."""
        self._now = max(self._now, now)
        return self._now

    # -- what happened ----------------------------------------------------------------------------------------------

    def sent(self, number: int, now: float) -> None:
        """Numbers rise."""
        now = self._at(now)
        if self._first_at is None:
            self._first_at = self.share.since = now
        self._last = number
        self._unanswered.sent(number, now)
        self.concurrency.sent(number)
        if self.hold is not None:
            self.hold.sent(number)
        if self.pace.bucket is not None:
            self.pace.bucket.debit(1.0, now)

    def ended(self, number: int) -> None:
        """Neither taken nor refused, as far as is known."""
        self._unanswered.ended(number)
        self.concurrency.ended(number)
        if self.hold is not None:
            self.hold.ended(number)

    def taken(self, number: int, now: float) -> None:
        now = self._at(now)
        waited_for = self._unanswered.answered(number, taken=True)
        if waited_for:
            self.concurrency.taken(number)
        self._settle(now)
        if waited_for:
            self._end_hold(number, now)
        self.concurrency.replied(number)

    def refused(self, number: int, sent_at: float, now: float, wait_s: float | None) -> None:
        """A 429; `wait_s` if the vendor told how long to wait."""
        now = self._at(now)
        self._unanswered.refused_after(now - sent_at)
        if self.concurrency.refused(number, wait_s):
            self._unanswered.ended(number)
            self._settle(now)
            return
        if number >= self._changed:
            if self.hold is None:
                self.hold = self._held(number, now, wait_s)
            self.hold.refuses(number, now, wait_s, sent_at=sent_at)
        if not self._unanswered.answered(number, taken=False):
            self._count(number, now, taken=False)
        self._settle(now)

    def _held(self, number: int, now: float, wait_s: float | None) -> Hold:
        unexplained = self.pace.bucket is None or self.share.at_random > 0.002
        alone = (
            unexplained and self.share.excess < 1.0 and not self._rough and (wait_s or 0.0) <= SHORT_WAIT_S
        )
        first_s = FIRST_HOLD_S
        if self.pace.rate is not None and not self._rough:
            first_s = min(MOST_HOLD_S, max(LEAST_HOLD_S, 1 / self.pace.rate))
        start = self._released_at if self._released_at is not None else self._first_at or 0.0
        return Hold(number, now, first_s=first_s, at_once=alone, ends=tuple(start + s for s in PROBED_S))

    def _settle(self, now: float) -> None:
        for number, taken in self._unanswered.settled(now):
            if taken:
                self.concurrency.taken(number)
            self._count(number, now, taken=taken)
            if taken:
                self._end_hold(number, now)

    def _count(self, number: int, now: float, *, taken: bool) -> None:
        """What became of a request, in the order of sending."""
        tells = number >= self._changed
        if taken:
            self._skip_gap(now)
            self._taken += 1
            self._opened += 1
            self._taken_since_lowered += 1
            self._recent.append(now)
            self.share.takes(now)
            self._trial_taken += tells
        else:
            self.share.refuses(counts=tells)
            self._trial_refused += tells
        if not tells:
            return
        if self._trial is not None:
            self._judge(self._trial, now)
        elif not taken and self.share.excess >= self._too_much:
            self._refuses_too_many(number, now)

    def _skip_gap(self, now: float) -> None:
        """A time in which nothing was taken, since a server was down or nobody asked, tells nothing of its limit."""
        before = self._taken_at if self._taken else self._first_at
        gap, self._taken_at = 0.0 if before is None else now - before, now
        if self.hold is not None or gap <= max(LONG_S, LONG_HOLD / (self.pace.rate or LONG_HOLD)):
            return
        if self._released_at is not None:
            self._released_at += gap
        elif self._first_at is not None:
            self._first_at += gap

    # -- everything was refused -------------------------------------------------------------------------------------

    def _end_hold(self, number: int, now: float) -> None:
        """A request of that number was taken."""
        if self.hold is None or not self.hold.ends_by(number):
            return
        hold, self.hold = self.hold, None
        self.share.held_s += now - hold.began
        if self._used_up or (hold.tried and hold.refused >= self._least_in_a_row(hold, now)):
            self._stood_still(hold, now)
        elif hold.refused == 1:
            self.concurrency.forget_refusals()

    def _least_in_a_row(self, hold: Hold, now: float) -> int:
        """So many refusals tell that the limit was used up."""
        at_random = self.share.at_random > 0 or (self._trial is not None and self._trial.before is None)
        if (
            self.pace.rate is not None
            and not at_random
            and now - hold.began >= max(1.0, LONG_HOLD / self.pace.rate)
            and (hold.refused > 1 or hold.told_s is not None)
        ):
            return 1
        if self._rough:
            return 1 if self._opened < FIRST_OPEN else 2
        return self.share.in_a_row(self._taken)

    def _stood_still(self, hold: Hold, now: float) -> None:
        """The limit was used up: what was taken between two such moments is what it allows."""
        before = self._taken - hold.tried
        taken = before - self._taken_before_release
        start = self._released_at if self._released_at is not None else self._first_at or 0.0
        rate = max(1, taken) / _span(hold.last_refused - start, now - start)
        if self._released_at is not None and (recent := self._recent_rate(hold.began)) is not None:
            # It climbed since: what was taken last tells more, for the part of the time that it went on.
            rate = max(rate, recent * (hold.began - start) / max(0.1, now - start))
        self._recent.clear()
        first = self._released_at is None
        if self._released_at is None or not self._rough or taken >= ROUGH:
            self._rough = self._released_at is None or (not self._rough and taken < ROUGH)
            self._released_at, self._taken_before_release = now, before
            self._opened = 0
        sure = not first or now - hold.began < LONG_S
        if (pace := self.pace.rate) is not None:
            if self._is_long(hold, now) and rate < pace / 2:
                rate, sure = pace / 2, False  # an outage, rather than a new limit that is so much lower
            rate = min(pace, rate)
        self._trial, self._used_up = None, False
        on_trial = self.concurrency.is_on_trial
        if self.concurrency.explains(now, all_refused=True):
            self._instead = rate, self._rough
            self.pace.bucket, self._rough = None, False
            self._tells_from_here(now)
            return
        if on_trial and self._instead is not None:
            rate, self._rough = self._instead
        if first and (taken < 1 or (taken < FEW and now - hold.began >= LONG_S)):
            self._tells_from_here(now)  # as at the start, but one at a time
            return
        self._lower(rate, now, sure=sure)

    def _is_long(self, hold: Hold, now: float) -> bool:
        """Longer than where a limit that held is met again."""
        return self.pace.sure and now - hold.began >= max(LONG_S, LONG_HOLD / (self.pace.rate or LONG_HOLD))

    def _recent_rate(self, until: float) -> float | None:
        if len(self._recent) <= LEAST_RECENT or until <= self._recent[0]:
            return None
        return (len(self._recent) - 1) / (until - self._recent[0])

    # -- some of many were refused ----------------------------------------------------------------------------------

    @property
    def _too_much(self) -> float:
        if self.concurrency.is_on_trial:
            return EXCESS
        if self.pace.bucket is None:
            return EXCESS_FREE
        return EXCESS_NOISY if self.share.at_random else EXCESS

    def _refuses_too_many(self, number: int, now: float) -> None:
        share = self.share.share
        if share > MOSTLY and self.share.refused > 2:
            if self.hold is None:
                hold = Hold(number, self.share.since, first_s=0.0, at_once=False)
                self._stood_still(hold, now)
            else:
                self._used_up = True
            return
        if self.concurrency.is_on_trial:
            self.concurrency.refute(now)
            if self._instead is not None:
                rate, self._rough = self._instead
                self._lower(rate, now)
                return
        before = self.pace.rate
        if before is None and self.concurrency.explains(now, all_refused=False):
            self._instead = None
            self._tells_from_here(now)
            self.hold = None
            return
        if before is None:
            rate = self.share.taken / max(0.1, now - self.share.since - self.share.held_s)
            self._safe = None
        else:
            rate = before * (1 - min(share, MOST_STEP))
            if (recent := self._recent_rate(now)) is not None:
                rate = min(before, max(rate, recent))
            average = self._taken_since_lowered / max(1.0, now - self._lowered_at)
            self._safe = min(rate, max(average, before / 2))
        self._trial = _Trial(before, share)
        self._lower(rate, now)

    def _judge(self, trial: _Trial, now: float) -> None:
        """Whether the lower rate brought fewer refusals."""
        sent = self._trial_taken + self._trial_refused
        again = self._trial_refused >= 2 and (sent >= LEAST_TRIAL or self._safe is not None)
        doubted = trial.before is None or self.share.at_random > 0
        if not again and sent * trial.share / OVERSTATED < (TRIAL if doubted else TRIAL_BELOW_LIMIT):
            return
        if again and self._safe is not None:
            safe, self._safe = self._safe, None
            self._lower(safe, now)
            return
        self._trial, self._rough = None, False
        refused = self._trial_refused / sent
        if self._trial_refused >= 2 and refused <= MOST_AT_RANDOM:
            self.share.is_at_random(refused, now)
            self.pace.refute(trial.before, now)
        else:
            self.pace.confirm(now)

    def _lower(self, rate: float, now: float, *, sure: bool = True) -> None:
        self.pace.lower(rate, now, sure=sure)
        self._tells_from_here(now)

    def _tells_from_here(self, now: float) -> None:
        self.share.reset(now)
        self._changed = self._last + 1
        self._trial_taken = self._trial_refused = 0
        self._lowered_at, self._taken_since_lowered = now, 0


def _span(over_s: float, within_s: float) -> float:
    """Of the vendor's window, which is longer than the one and no longer than the other."""
    return next((span for span in SPANS_S if over_s < span <= within_s), max(0.1, within_s))
