"""A request rate that nobody states, found by its refusals. No I/O.

At first few requests may be unanswered at once, so that a limit which is met refuses few (Opening). When the vendor
refuses everything for a while (Hold), its limit was used up, and what it took between two such moments is the rate that
it allows. When it refuses some of many, the rate is lowered on trial: if as many are refused then, they are refused at
random and the former rate is back; if not, it was a limit. From below a limit the pace climbs again (Pace).
Where what is in flight explains the refusals, the limit is one of requests at a time, not a rate (FoundConcurrency).
"""

from __future__ import annotations

from orchestrator.scheduler.limits.found_concurrency import FoundConcurrency
from orchestrator.scheduler.limits.hold import SHORT_WAIT_S, Hold
from orchestrator.scheduler.limits.lowerings import Lowerings
from orchestrator.scheduler.limits.opening import FIRST_OPEN, Opening
from orchestrator.scheduler.limits.pace import Pace
from orchestrator.scheduler.limits.refused_share import RefusedShare
from orchestrator.scheduler.limits.standstill import LONG_S
from orchestrator.scheduler.limits.taken_rate import Moment, TakenRate
from orchestrator.scheduler.limits.trial import CORRECTS_MOST, Trial, Verdict, tried
from orchestrator.scheduler.limits.unanswered import Unanswered

LONG_HOLD = 5
"""Requests that would have gone out during a hold that was no accident."""
FEW = 3
"""Taken before the first standstill: with one that was long, as likely to be an outage as a limit."""
COSTS = 12
"""Times what the last standstill took, until the limit is met again."""
ROUGH = 20
"""Requests taken between two standstills: fewer tell the limit roughly."""
WINDOW_PER_STANDSTILL = 2.5
"""What is looked at to learn the rate is this many times as long as the standstill: a window is longer than that."""
CORRECTS, CORRECTS_FEW = 0.9, 0.4
"""Below this share of a rough rate what was taken corrects it; where few were taken."""
BURST_S = 2.0
"""A limit that was used up only then, and takes more at once, holds a burst: that one tells nothing of its rate."""


class FoundRate:
    """Told of each request sent, taken and refused. `ramps`: whether the first ones go out a few at a time."""

    def __init__(self, *, ramps: bool = False) -> None:
        self.pace = Pace()
        self.share = RefusedShare()
        self.concurrency = FoundConcurrency()
        self.hold: Hold | None = None
        self._opening = Opening(ramps=ramps)
        self._unanswered = Unanswered()
        self._now = 0.0
        self._first_at: float | None = None
        self._last = 0
        self._changed = 0
        """Refusals of requests before this number tell nothing of the present rate."""
        self._took = TakenRate()
        self._refused, self._taken_at = 0, 0.0
        self._lowerings = Lowerings()
        self._trial: Trial | None = None
        self._released: Moment | None = None
        """When the vendor last took more after a standstill."""
        self._standstills = 0
        self._rough = False
        self._instead: tuple[float, bool] | None = None
        """The rate that a limit of requests at a time explains too, and whether it is rough."""
        self._pace_before: float | None = None
        """When the hold began."""
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
        passed_s = 0.0 if self._first_at is None else now - self._first_at
        tries, paced = self.concurrency.is_on_trial, self.pace.bucket is not None
        return self._opening.most(self._took.count, passed_s, rough=self._rough, tries=tries, paced=paced)

    def _climb(self, now: float) -> None:
        if self._trial is not None or self.hold is not None:
            self.pace.pause(now)
        else:
            doubted = self.share.is_doubted or self.pace.is_idle
            self.pace.climb(now, rough=self._rough, doubted=doubted)

    def _at(self, now: float) -> float:
        """A clock that jumps back changes nothing."""
        if now > self._now:
            self._now = now
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
                self._pace_before = self.pace.rate
            self.hold.refuses(number, now, wait_s, sent_at=sent_at)
        if not self._unanswered.answered(number, taken=False):
            self._count(number, now, taken=False)
        self._settle(now)

    def _held(self, number: int, now: float, wait_s: float | None) -> Hold:
        unexplained = self.pace.bucket is None or self.share.at_random > 0.002
        short = (wait_s or 0.0) <= SHORT_WAIT_S
        alone = unexplained and short and self.share.excess < 1.0 and not self._rough
        rate = self.pace.rate if not self._rough or self._opening.taken >= ROUGH else None
        return Hold(number, now, rate=rate, at_once=alone, since=self._start, taken=self._took.count)

    def _settle(self, now: float) -> None:
        if not self._unanswered.any_settled(now):
            return
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
            self._took.takes(now)
            self._opening.takes(number)
            self._lowerings.takes()
            self.share.takes(now)
        else:
            self._refused += 1
            self.share.refuses(counts=tells)
        if not tells:
            return
        if self._trial is not None:
            self._trial.counts(taken=taken)
            self._judge(self._trial, now)
        elif not taken:
            self._doubts(number, now)

    def _doubts(self, number: int, now: float) -> None:
        """The present rate, since that request was refused."""
        self._took.used_up(now, self._released)
        tries, paced = self.concurrency.is_on_trial, self.pace.bucket is not None
        reopened = self._opening.is_reopened and self._took.between is not None
        if self.share.is_too_much(paced=paced, tries=tries, reopened=reopened):
            self._refuses_too_many(number, now)
        elif self.pace.bucket is None and self.share.is_some_of_many:
            self._finds_concurrency(now)
        elif self.pace.is_guess and not self.share.at_random:
            self._lower(self.pace.found, now)  # it was no outage, but a limit
        elif self._rough and not self.share.at_random:
            self._corrects(now)

    def _corrects(self, now: float) -> None:
        """A rate that few requests told, by what was taken since."""
        pace, between = self.pace.rate, self._took.between_or_few
        if pace is None or between is None:
            return
        if between < (CORRECTS if self._opening.taken >= ROUGH else CORRECTS_FEW) * pace:
            self._lower(max(between, CORRECTS_MOST * pace), now)
            self._lowerings.begin(self._took.count, self._refused)
            self._rough = self._opening.taken < ROUGH

    def _skip_gap(self, now: float) -> None:
        """A time in which nothing was taken, since a server was down or nobody asked, tells nothing of its limit."""
        before = self._taken_at if self._took.count else self._first_at
        gap, self._taken_at = 0.0 if before is None else now - before, now
        if gap <= LONG_S or self.hold is not None or gap <= LONG_HOLD / (self.pace.rate or LONG_HOLD):
            return
        if self._released is not None:
            self._released = self._released._replace(at=self._released.at + gap)
        elif self._first_at is not None:
            self._first_at += gap

    # -- everything was refused -------------------------------------------------------------------------------------

    def _end_hold(self, number: int, now: float) -> None:
        """A request of that number was taken."""
        if self.hold is None or not self.hold.ends_by(number):
            return
        hold, self.hold = self.hold, None
        if hold.is_dense and self.pace.bucket is None and not self.share.at_random:
            self._opening.reopen(self._last)
        self.share.held_s += now - hold.began
        if self._used_up or (hold.tried and hold.refused >= self._least_in_a_row(hold, now)):
            self._stood_still(hold, now)
        elif hold.refused == 1:
            self.concurrency.forget_refusals()

    def _least_in_a_row(self, hold: Hold, now: float) -> int:
        """So many refusals tell that the limit was used up."""
        if self._released is None and self.concurrency.most is None and hold.was_told_long(now):
            return 1
        at_random = self.share.at_random > 0 or (self._trial is not None and self._trial.before is None)
        if (
            self.pace.rate is not None
            and not at_random
            and now - hold.began >= max(1.0, LONG_HOLD / self.pace.rate)
            and (hold.refused > 1 or hold.told_s is not None)
        ):
            return 1
        if self._rough:
            return 1 if self._opening.taken < FIRST_OPEN else 2
        return self.share.in_a_row(self._took.count)

    def _stood_still(self, hold: Hold, now: float) -> None:
        """The limit was used up: what was taken between two such moments is what it allows."""
        before = self._took.count - hold.tried
        taken = before if self._released is None else before - self._released.taken
        stood = hold.standstill(self._start, taken, now)
        rate = stood.rate
        recent = self._took.recent(hold.began, over_s=WINDOW_PER_STANDSTILL * stood.stood_s)
        if self._released is not None and recent is not None:
            rate = stood.rate_after_climb(recent, is_second=self._standstills == 1)
        self._took.stood_still(Moment(now, before) if stood.is_long else None)
        if hold.refused > 1:
            self._lowerings.begin(self._took.count, self._refused)
        self._standstills += 1
        first, was_rough = self._released is None, self._rough
        if first or not self._rough or taken >= ROUGH:
            self._rough = (first and not stood.shows_window) or (not self._rough and taken < ROUGH)
            self._released = Moment(now, before)
            self._opening.stood_still()
        sure = not first or not stood.is_long or stood.shows_window
        if (pace := self.pace.rate) is not None:
            if self._is_long(hold, now) and rate < pace / 2:
                rate, sure = pace / 2, False  # an outage, rather than a new limit that is so much lower
            if hold.refused == 1:
                rate = max(rate, (CORRECTS_MOST if was_rough else 0.8 if self.pace.sure else 0.5) * pace)
            rate = min(max(pace, self._pace_before or 0.0) if taken >= ROUGH else pace, rate)
        self._trial, self._used_up = None, False
        doubted = self.concurrency.is_on_trial or (self.concurrency.most is not None and taken < ROUGH)
        if self.concurrency.explains(now, all_refused=True):
            self._instead = rate, self._rough
            self.pace.bucket, self._rough = None, False
            self._opening.stood_still()
            self._opening.forget()
            self._tells_from_here(now)
            return
        if doubted and self._instead is not None:
            rate, self._rough = self._instead
        burst_went = self._opening.is_reopened and not stood.is_long and hold.began - stood.since >= BURST_S
        if first and burst_went and pace is None:
            self._released, self._rough = None, False
            self._opening.reopen(self._last)
            return
        if first and (taken < 1 or (taken < FEW and stood.is_long)):
            self._tells_from_here(now)  # as at the start, but one at a time
            return
        holds_s = stood.window_s if stood.shows_window else 0.0 if first else COSTS * stood.stood_s
        self._lower(rate, now, sure=sure, holds_s=holds_s)

    def _is_long(self, hold: Hold, now: float) -> bool:
        """Longer than where a limit that held is met again."""
        return self.pace.sure and now - hold.began >= max(LONG_S, LONG_HOLD / (self.pace.rate or LONG_HOLD))

    @property
    def _start(self) -> float:
        """Of the time since the last standstill."""
        return self._first_at or 0.0 if self._released is None else self._released.at

    # -- some of many were refused ----------------------------------------------------------------------------------

    def _refuses_too_many(self, number: int, now: float) -> None:
        share = self.share.share
        if self.share.is_most_of(self._took.count):
            if self.hold is None:
                hold = Hold(number, self.share.since, rate=None, at_once=False, since=self._start, taken=0)
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
        if before is None and (self._finds_concurrency(now) or not self.share.taken):
            return
        average = None
        if before is None:
            rate = self.share.taken / max(0.1, now - self.share.since - self.share.held_s)
            if self._opening.is_reopened and self._took.between is not None:
                rate = min(rate, self._took.between)
        else:
            between = self._took.between_or_few if self._rough else None
            rate = tried(before, share=share, recent=self._took.recent(now), between=between)
            average = min(rate, max(self._lowerings.average(now), before / 2))
        self._trial = Trial(before, share, average)
        self._lower(rate, now)

    def _finds_concurrency(self, now: float) -> bool:
        if self.concurrency.most is not None or not self.concurrency.explains(now, all_refused=False):
            return False
        self._instead = None
        self._opening.forget()
        self._tells_from_here(now)
        self.hold = None
        return True

    def _judge(self, trial: Trial, now: float) -> None:
        """Whether the lower rate brought fewer refusals."""
        if not trial.taken and self.hold is not None:
            return  # everything is refused, at any rate
        verdict = trial.verdict(doubted=trial.before is None or self.share.at_random > 0)
        if verdict is None:
            return
        if verdict is Verdict.LOWER:
            self._lower(trial.lower(), now)
            return
        self._trial, self._rough = None, False
        if verdict is Verdict.AT_RANDOM:
            self._opening.forget()
            self.share.is_at_random(trial.refused_share, now)
            self.pace.refute(trial.before and max(trial.before, self._lowerings.first), now)
        else:
            self.pace.confirm(now, found=trial.found)

    def _lower(self, rate: float, now: float, *, sure: bool = True, holds_s: float = 0.0) -> None:
        pace = self.pace.rate
        self._lowerings.lowered(rate if pace is None else min(rate, pace))
        at_random = None
        if pace is not None and not self.share.at_random:
            at_random = self._lowerings.in_vain(pace, self._took.count, self._refused)
        if pace is None or at_random is None:
            self.pace.lower(rate, now, sure=sure, holds_s=holds_s)
        else:
            self._trial, self._rough = None, False
            self.share.is_at_random(at_random, now)
            self.pace.refute(self._lowerings.first, now)
            self._lowerings.begin(self._took.count, self._refused)
        self._tells_from_here(now)

    def _tells_from_here(self, now: float) -> None:
        self.share.reset(now)
        self._changed = self._last + 1
        if self._trial is not None:
            self._trial.begin_again()
        self._lowerings.average_from(now)
