"""The scheduler: given the time and what happened, it says what may go next. No I/O, no clock, no asyncio.

It ties together each model's Work, Budget, RateLimit, Endpoints and retry policy. The driver asks `next(now)` until
it gets no Ticket, performs the tickets, and tells how each ended.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random

from msgspec.structs import replace

from orchestrator.scheduler.admission import Admission, BoundOf, span
from orchestrator.scheduler.budget import Budget
from orchestrator.scheduler.endpoints import patience
from orchestrator.scheduler.lane import ModelLane, Ticket
from orchestrator.scheduler.limits.rates import Estimate
from orchestrator.scheduler.retry import (
    BROKEN_OFF_S,
    Decision,
    Then,
    asks_too_long,
    decide,
    wait_before,
    wait_before_fewer,
)
from orchestrator.scheduler.work import Item, runs
from providers.errors import BadRequest, Loading, Lost, NotSent, Overloaded, ProviderError, RateLimited
from providers.reading.rate_limits import VendorLimit

IN_VAIN_SAYS = "and each is billed, so no more are sent: check `model` and the base URL"
REFUSED_OUTRIGHT = 5
"""So many problems refused without a single reply: the request itself is wrong, not the problems."""


def _why(error: ProviderError, lane: ModelLane, refused_s: float) -> str:
    if asks_too_long(error, lane.max_wait_s):
        return f"{error.message}; it asks to wait {span(error.retry_after_s or 0)}, above max_wait_s"
    if refused_s > lane.longest_refusal_s:
        above = "" if lane.batch else ", above max_wait_s"
        return f"{error.message}; every request was rejected for {span(refused_s)}{above}"
    return error.message


class Scheduler:
    """`bound_of(alias, ordinal)` gives a problem's Bound; it is asked once for each."""

    def __init__(
        self, lanes: dict[str, ModelLane], budget: Budget, bound_of: BoundOf, *, seed: int | None = None
    ) -> None:
        self.lanes = lanes
        self.budget = budget
        self.admission = Admission(budget, bound_of, self.stop)
        self._random = Random(seed)  # noqa: S311 - jitter
        self._turn = 0
        self._number = 0
        self._unable: list[bool] = []
        """By model, whether it couldn't go on when nothing could last be sent."""
        self.draining = False

    # -- what may go next -------------------------------------------------------------------------------------------

    def next(self, now: float) -> Ticket | None:
        """The next admitted request, or None; then `wake_at` tells when to ask again, if not at the next event.
        Models take turns, so none waits for another."""
        if self.draining:
            return None
        for _ in self.lanes:
            if (ticket := self._next(now)) is not None:
                return ticket
            # What a policy wanted of a model that just turned out unable to go on is another's now.
            unable = [lane.stopped is not None or lane.out_of_money for lane in self.lanes.values()]
            if unable == self._unable:
                break
            self._unable = unable
        return None

    def _next(self, now: float) -> Ticket | None:
        if len(self.lanes) == 1 and not self.budget.shared:
            (lane,) = self.lanes.values()
            return self._issue(lane, now)
        aliases = list(self.lanes)
        # A second round: what a model found stuck in the first leaves is there for those asked before it.
        for step in range(2 * len(aliases) if self.budget.shared else len(aliases)):
            lane = self.lanes[aliases[(self._turn + step) % len(aliases)]]
            ticket = self._issue(lane, now)
            if ticket is not None:
                self._turn = (self._turn + step + 1) % len(aliases)
                return ticket
        return None

    @property
    def wake_at(self) -> float | None:
        """The earliest moment at which time alone lets something go."""
        times = [lane.wake_at for lane in self.lanes.values() if lane.wake_at is not None]
        return min(times, default=None)

    @property
    def in_flight(self) -> int:
        return sum(len(lane.in_flight) for lane in self.lanes.values())

    def _issue(self, lane: ModelLane, now: float) -> Ticket | None:
        admitted = self.admission.next_of(lane, now)
        if admitted is None:
            return None
        item, n, endpoint, estimate = admitted
        if endpoint.claim is not None and not endpoint.claim():
            return self._issue(lane, now)  # it is unpaid now: perhaps another server is paid
        worst = self.admission.bound(lane, item.problem).worst_of(item.indices[:n])
        if not self.budget.reserve(lane.alias, worst):
            return None
        judge_pico = 0 if lane.judge is None else n * lane.judge_pico(item.problem)
        if lane.judge is not None:
            self.budget.promise(lane.judge.alias, judge_pico)
        taken = lane.work.take(item, n)
        if taken.first_at is None:
            taken = replace(taken, first_at=now)
        self._number += 1
        lane.rate.debit(self._number, estimate, now)
        endpoint.sent(n)
        ticket = Ticket(
            number=self._number,
            alias=lane.alias,
            item=taken,
            worst_pico=worst,
            judge_pico=judge_pico,
            endpoint=lane.endpoints.index(endpoint),
            estimate=estimate,
            sent_at=now,
        )
        lane.in_flight[ticket.number] = ticket
        if len(lane.endpoints) > 1:
            lane.homes[taken.problem] = ticket.endpoint
        if not lane.buys_attempts:
            lane.sent += 1
            lane.retried += taken.attempt > 1
        return ticket

    # -- what happened ----------------------------------------------------------------------------------------------

    def replied(
        self,
        ticket: Ticket,
        now: float,
        *,
        settled: int,
        presumed: int = 0,
        arrived: int,
        missing: tuple[int, ...] = (),
        broken_off: str | None = None,
        given_up: int = 0,
        used: Estimate | None = None,
    ) -> list[tuple[int, int]]:
        """A 2xx reply: `arrived` samples are recorded, `missing` ones it did not bring are asked again, and (first
        index, n) of those that were asked often enough is returned: they fail for good, as the `given_up` others do.
        `broken_off`: how the server broke missing ones off. Then, and if it brought none at all, it is left in peace
        for a moment; and for longer, as one that is down, if no reply of its model has brought any."""
        lost = presumed > 0 and not arrived
        acceptance = self.lanes[ticket.alias].acceptance
        acceptance.replied(ticket.item.problem, brought=bool(arrived) or not missing)
        down = broken_off if acceptance.is_in_doubt and not self.lanes[ticket.alias].batch else None
        lane = self._end(
            ticket,
            now,
            settled=settled,
            presumed=presumed,
            alive=down is None,
            said=down,
            used=used,
            lost=lost,
        )
        lane.replied = True
        lane.showed_n(ticket.n, arrived)
        lane.work.arrived(ticket.item.problem, arrived)
        if given_up:
            lane.work.gave_up(ticket.item.problem, given_up)
        if not missing:
            return []
        kind = "BrokenOff" if broken_off else "missing samples"
        lane.errors[kind] = lane.errors.get(kind, 0) + 1
        item = replace(
            ticket.item, indices=missing, attempt=ticket.item.attempt + 1, lost=ticket.item.lost + lost
        )
        if not broken_off and acceptance.is_vain:
            self.stop(ticket.alias, f"its first {acceptance.in_vain} replies held no answer, {IN_VAIN_SAYS}")
        gives_up = not broken_off and lane.stopped is None and acceptance.gives_up(item.problem)
        if gives_up or ticket.item.attempt >= lane.max_attempts or item.lost >= lane.max_lost:
            lane.work.gave_up(item.problem, len(missing))
            return runs(missing) + (lane.work.close(item.problem) if gives_up else [])
        wait_s = 0.0
        if broken_off or not arrived:
            wait_s = min(wait_before(ticket.item.attempt, None, self._random), BROKEN_OFF_S)
        lane.work.again(item, now + wait_s)
        return []

    def failed(
        self,
        ticket: Ticket,
        now: float,
        error: ProviderError,
        *,
        presumed: int = 0,
        arrived: Collection[int] = (),
    ) -> tuple[Decision, list[tuple[int, int]]]:
        """The attempt failed: free, or presumed at `presumed`. Decides what follows and does it; gives the decision
        and (first index, n) of the samples that fail for good with it. `arrived`: the indices that a broken reply
        brought all the same; only the others are asked again."""
        alive = None if self.lanes[ticket.alias].batch else not isinstance(error, (NotSent, Lost, Overloaded))
        lane = self._end(ticket, now, presumed=presumed, alive=alive, error=error)
        if arrived:
            lane.work.arrived(ticket.item.problem, len(arrived))
            missing = tuple(i for i in ticket.item.indices if i not in arrived)
            ticket = replace(ticket, item=replace(ticket.item, indices=missing))
        refused_s = 0.0
        if isinstance(error, RateLimited):
            refused_s = lane.acceptance.refused(now, (other.sent_at for other in lane.in_flight.values()))
        elif not isinstance(error, (NotSent, Overloaded)):
            lane.acceptance.taken()
        kind = f"{type(error).__name__} presumed" if presumed and not isinstance(error, Lost) else error.kind
        lane.errors[kind] = lane.errors.get(kind, 0) + 1
        if lane.suspects_n(error, ticket.n):
            lane.try_one_sample()
            fewer = Decision(Then.FEWER, wait_before_fewer(error, ticket.item, self._random))
            lane.work.again(ticket.item, now + fewer.wait_s)
            return fewer, []
        decision = decide(
            error,
            ticket.item,
            presumed=presumed,
            now=now,
            max_attempts=lane.max_attempts,
            max_lost=lane.max_lost,
            max_wait_s=lane.max_wait_s,
            random=self._random,
            separable=lane.separable,
            longest_s=lane.longest_try_s,
        )
        if refused_s > lane.longest_refusal_s:
            decision = Decision(Then.STOP)
        again = replace(
            ticket.item,
            attempt=ticket.item.attempt + 1,
            lost=ticket.item.lost + (isinstance(error, Lost) or presumed > 0),
        )
        given_up: list[tuple[int, int]] = []
        match decision.then:
            case _ if not ticket.n:
                pass  # it broke after its last sample
            case Then.AGAIN:
                lane.work.again(again, now + decision.wait_s)
            case Then.FEWER:
                # Requests sent before it was known fail later and must not raise it again.
                lane.work.max_n = min(lane.work.max_n, self._fewer(ticket, error))
                lane.work.again(ticket.item, now + decision.wait_s)
            case Then.SPLIT:
                middle = (ticket.n + 1) // 2
                for part in (ticket.item.indices[:middle], ticket.item.indices[middle:]):
                    lane.work.again(replace(ticket.item, indices=part), now)
            case Then.GIVE_UP:
                given_up = self._give_up(lane, ticket, error)
            case Then.STOP:
                self.stop(ticket.alias, _why(error, lane, refused_s))
                lane.work.again(again, now)
        return decision, given_up

    def _give_up(self, lane: ModelLane, ticket: Ticket, error: ProviderError) -> list[tuple[int, int]]:
        given_up = runs(ticket.item.indices)
        if isinstance(error, BadRequest):
            given_up += lane.work.close(ticket.item.problem)
            lane.refused += 1
            if not lane.replied and lane.refused >= REFUSED_OUTRIGHT:
                self.stop(lane.alias, f"it refuses every problem: {error.message}")
        lane.work.gave_up(ticket.item.problem, ticket.n)
        return given_up

    def _fewer(self, ticket: Ticket, error: ProviderError) -> int:
        stated = getattr(error, "max_n", None)
        return max(1, min(ticket.n - 1, stated or ticket.n // 2))

    def adopt(self, alias: str, item: Item, worst_pico: int, now: float) -> Ticket:
        """A request that an earlier run sent and that is still on its way, in a batch. Its money is held already. Its
        problem may be one that the plan no longer asks (NO_PROBLEM): it then ends by `booked_aside`."""
        lane = self.lanes[alias]
        self._number += 1
        ticket = Ticket(
            number=self._number,
            alias=alias,
            item=item,
            worst_pico=worst_pico,
            endpoint=0,
            estimate=Estimate(input_tokens=0, output_tokens=0),
            sent_at=now,
            adopted=True,
        )
        self.budget.funds[alias].in_flight += 1
        lane.in_flight[ticket.number] = ticket
        return ticket

    def booked_aside(self, ticket: Ticket, now: float, *, settled: int = 0, presumed: int = 0) -> None:
        """It ended, and nothing is asked for it again."""
        self._end(ticket, now, settled=settled, presumed=presumed, alive=None)

    def call_begins(self, alias: str, *, is_retry: bool) -> int:
        """An agent's attempt makes a call, which takes part by this number in what its lane counts."""
        lane = self.lanes[alias]
        lane.sent += 1
        lane.retried += is_retry
        lane.calls_in_flight += 1
        self._number += 1
        return self._number

    def call_ended(self, alias: str) -> None:
        self.lanes[alias].calls_in_flight -= 1

    def attempt_ended(
        self,
        ticket: Ticket,
        now: float,
        *,
        held: int,
        arrived: bool = False,
        error: str | None = None,
        again: bool = False,
    ) -> bool:
        """An agent's attempt is over: what its calls have not used of its hold, `held`, is free. It brought its sample,
        or is made `again`, by the next run at least, or neither. Whether its sample fails for good."""
        lane = self._end(ticket, now, held=held, alive=None)
        problem, n = ticket.item.problem, ticket.n
        if error is not None:
            lane.errors[error] = lane.errors.get(error, 0) + 1
        if arrived:
            lane.replied = True
            lane.work.arrived(problem, n)
            return False
        if again and (ticket.item.attempt < lane.max_attempts or lane.stopped is not None or self.draining):
            lane.work.again(replace(ticket.item, attempt=ticket.item.attempt + 1), now)
            return False
        lane.work.gave_up(problem, n)
        return True

    def leave(self, ticket: Ticket) -> None:
        """This run waits for it no longer; what it holds stays reserved."""
        lane = self.lanes[ticket.alias]
        del lane.in_flight[ticket.number]
        if lane.judge is not None:
            self.budget.promise(lane.judge.alias, -ticket.judge_pico)
        self.budget.leave(ticket.alias, ticket.worst_pico)

    def dropped(self, ticket: Ticket, now: float, *, presumed: int = 0) -> None:
        """The driver gave the attempt up (a signal, the grace ran out): free if it never left, else presumed."""
        lane = self._end(ticket, now, presumed=presumed, alive=None)
        lane.work.again(ticket.item, now)

    def presume_open(self) -> None:
        """The run is over: what is still in flight may have been billed. What was left to its batch stays reserved."""
        for lane in self.lanes.values():
            for ticket in list(lane.in_flight.values()):
                self.dropped(ticket, 0.0, presumed=ticket.worst_pico)
        for funds in self.budget.funds.values():  # what is left are leases of servers that still worked
            funds.presumed, funds.reserved = funds.presumed + funds.reserved, 0

    def stop(self, alias: str, reason: str, *, unbounded: bool = False) -> None:
        """This model asks for nothing more in this run."""
        lane = self.lanes[alias]
        lane.unbounded = lane.unbounded or unbounded
        if lane.stopped is None:
            lane.stopped = reason
        self.budget.funds[alias].finished = True

    def _end(
        self,
        ticket: Ticket,
        now: float,
        *,
        settled: int = 0,
        presumed: int = 0,
        held: int | None = None,
        alive: bool | None,
        used: Estimate | None = None,
        error: ProviderError | None = None,
        said: str | None = None,
        lost: bool = False,
    ) -> ModelLane:
        """`held`: what is still held for it, if not its worst case. `said`: what a reply without an error said that
        counts as one. `lost`: it ended with nothing, and is presumed."""
        lane = self.lanes[ticket.alias]
        del lane.in_flight[ticket.number]
        if lane.judge is not None:
            self.budget.promise(lane.judge.alias, -ticket.judge_pico)
        held = ticket.worst_pico if held is None else held
        self.budget.end(ticket.alias, held, settled=settled, presumed=presumed)
        if ticket.adopted:
            return lane
        if not lane.batch:
            lane.losses.ended(len(lane.in_flight) + 1, lost=lost or isinstance(error, Lost))
        if isinstance(error, RateLimited):
            lane.rate.refused(ticket.number, ticket.sent_at, now, wait_s=error.retry_after_s)
        else:
            lane.rate.ended(ticket.number, now, taken=bool(alive) or said is not None)
        if used is not None and not lane.counts_max_tokens:
            lane.rate.used(ticket.estimate, used)
        endpoint, n = lane.endpoints[ticket.endpoint], len(ticket.item.indices)
        if error is None:
            endpoint.ended(n, now, alive=alive, said=said, sent_at=ticket.sent_at)
            return lane
        endpoint.ended(
            n,
            now,
            alive=alive,
            said=error.message if error.status is not None else None,
            patience_s=patience(error, lane.max_wait_s),
            loads=isinstance(error, Loading),
            sent_at=ticket.sent_at,
            wait_s=error.retry_after_s,
        )
        return lane

    def left(self, ticket: Ticket, now: float) -> None:
        """The first byte of its request is about to leave."""
        self.lanes[ticket.alias].rate.left(ticket.number, now)

    def learn_limits(self, ticket: Ticket, limits: Sequence[VendorLimit], now: float) -> None:
        """What a reply's headers, or a refusal's, say of the vendor's limits."""
        if limits:
            self.lanes[ticket.alias].rate.learn(limits, now, number=ticket.number)

    def showed_bound(self, alias: str, holds: bool) -> None:
        """A reply's counts show whether the bound of its model holds."""
        self.lanes[alias].bound_shown = holds

    def covers(self, ticket: Ticket) -> bool:
        """Whether what an admitted request reserved is still its worst case, and its model goes on."""
        lane = self.lanes[ticket.alias]
        worst = self.admission.bound(lane, ticket.item.problem).worst_of(ticket.item.indices)
        return lane.stopped is None and worst <= ticket.worst_pico

    def forget_bounds(self, alias: str) -> None:
        """The worst cases of this model have changed: they are asked for anew."""
        lane = self.lanes[alias]
        lane.bounds = [None] * len(lane.bounds)

    # -- how it stands ----------------------------------------------------------------------------------------------

    def blocked(self) -> bool:
        """Nothing is in flight, and no passing of time lets anything go: finished, stopped, or out of money."""
        return self.in_flight == 0 and self.wake_at is None
