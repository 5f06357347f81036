"""Whether a model's next request may go now, and if not, what it waits for. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from orchestrator.scheduler.budget import Budget
from orchestrator.scheduler.endpoints import Endpoint, least_loaded, why_dead
from orchestrator.scheduler.lane import ModelLane, WorstCase
from orchestrator.scheduler.limits.rates import Estimate
from orchestrator.scheduler.work import Item

FULL = "as many requests in flight as its limit allows"
ALL_AT_WORK = "as many attempts at work as agent.concurrency"
WAITS_FOR_MONEY = (
    "the rest of the budget is set aside for running requests and frees as they finish "
    "(a lower max_tokens sets aside less)"
)
SLOWED_DOWN = "slowed down: "
MOST_UNJUDGED = 1000
"""Samples that may wait for a model's verdict before sampling does."""
LOADS = "its server is loading the model"
JUDGE_BEHIND = "for verdicts"
BEGINS = "for replies: more requests go out as they come"
PROVES_BOUND = "for a first reply, which shows that a request costs no more than is reserved for it"


class BoundOf(Protocol):
    """Gives a problem's worst case."""

    def __call__(self, alias: str, ordinal: int, /) -> WorstCase: ...


class Admitted(NamedTuple):
    """The first `n` samples of `item` may go to that server."""

    item: Item
    n: int
    endpoint: Endpoint
    estimate: Estimate


class Admission:
    """Sets what a lane waits for, and until when. `stop` is told of a model whose servers are all dead."""

    def __init__(self, budget: Budget, bound_of: BoundOf, stop: Callable[[str, str], None]) -> None:
        self.budget = budget
        self._bound_of = bound_of
        self._stop = stop

    def next_of(self, lane: ModelLane, now: float) -> Admitted | None:
        lane.waiting, lane.wake_at = None, None
        if lane.stopped is not None or lane.left_out:
            return None
        if lane.rate.full and lane.in_flight and lane.work.unasked:
            lane.waiting = _full(lane)  # the end of what is in flight lets more go
            return None
        if lane.losses.most is not None and len(lane.in_flight) >= lane.losses.most:
            lane.waiting = (
                f"{SLOWED_DOWN}{lane.losses.lost} requests ended without a reply (each counts at its worst case); "
                f"{lane.losses.most} at a time"
            )
            return None
        if lane.judge is not None and lane.judge.work.unasked >= MOST_UNJUDGED:
            lane.waiting = JUDGE_BEHIND
            return None
        if lane.is_held_back:
            lane.waiting = PROVES_BOUND
            return None
        item = lane.work.peek(now)
        if item is None:
            lane.wake_at = lane.work.next_at()
            lane.waiting = None if lane.wake_at is None else f"tries again in {span(lane.wake_at - now)}"
            self.budget.funds[lane.alias].finished = lane.work.empty and not lane.in_flight
            return None
        self.budget.funds[lane.alias].finished = False
        item, home = self._shared_out(lane, item, now)
        endpoint = self._endpoint(lane, item, now, home=home)
        if endpoint is None:
            return None
        n = self._affordable(lane, item, now)
        if n == 0:
            return None
        estimate = self._estimate(lane, item.problem, n)
        ready_at = lane.rate.ready_at(estimate, now)
        if ready_at > now:
            lane.wake_at = ready_at
            begins = lane.rate.only_begins(estimate, now)
            lane.waiting = BEGINS if begins else f"rate limit, {span(ready_at - now)}{_found(lane)}"
            return None
        return Admitted(item, n, endpoint, estimate)

    def _shared_out(self, lane: ModelLane, item: Item, now: float) -> tuple[Item, Endpoint | None]:
        """Of several servers none gets more than its part of all that is asked and still to be asked, so that all end
        together; and within that, a prompt goes where it was asked last and may be cached."""
        if len(lane.endpoints) == 1:
            return item, None
        loads = [e.samples for e in lane.endpoints if e.usable_at(now) == now]
        if not loads:
            return item, None
        level = -(-(lane.work.unasked + sum(loads)) // len(loads))
        part = max(1, level - min(loads))
        if len(item.indices) > part:
            item = replace(item, indices=item.indices[:part])
        at = lane.homes.get(item.problem)
        home = None if at is None else lane.endpoints[at]
        return item, home if home is not None and home.samples + len(item.indices) <= level else None

    def _endpoint(self, lane: ModelLane, item: Item, now: float, *, home: Endpoint | None) -> Endpoint | None:
        if lane.rate.full:
            lane.waiting = _full(lane)
            return None
        endpoint = least_loaded(lane.endpoints, len(item.indices), now, home=home)
        if endpoint is not None:
            return endpoint
        if all(e.absent is not None for e in lane.endpoints):
            lane.waiting = lane.endpoints[0].absent  # the run starts and stops it, and tells when it is there
            return None
        if all(e.unpaid for e in lane.endpoints):
            lane.waiting = "budget: its servers' next half minute does not fit"
            return None
        times = [e.usable_at(now) for e in lane.endpoints if e.opened or e.unpaid or e.absent]
        later = [t for t in times if t is not None]
        none_takes = len(times) == len(lane.endpoints)
        if none_takes and all(e.dead(now) or e.unpaid for e in lane.endpoints):
            self._stop(lane.alias, why_dead(lane.endpoints))
            return None
        lane.wake_at = min((t for t in later if t > now), default=None)
        if none_takes and now not in later:
            down = LOADS if all(e.loads for e in lane.endpoints if e.opened) else "server down"
            lane.waiting = down + (
                "" if lane.wake_at is None else f", next try in {span(lane.wake_at - now)}"
            )
        else:
            lane.waiting = "servers busy"  # also one whose probe may go, and that has no room for it
        return None

    def _affordable(self, lane: ModelLane, item: Item, now: float) -> int:
        """How many of the item's samples the money lets go now; 0: wait, or out of money."""
        bound, wanted = self.bound(lane, item.problem), len(item.indices)
        judged = judged_later = wanted  # so many verdicts fit the judge's own cap
        if lane.judge is not None:
            each = lane.judge_pico(item.problem)
            bound = WithJudge(bound, each)
            judged = min(wanted, max(0, self.budget.cap_room(lane.judge.alias)) // max(1, each))
            later = self.budget.cap_room(lane.judge.alias, later=True)
            judged_later = min(wanted, max(0, later) // max(1, each))
        room, worst = self.budget.room(lane.alias), bound.worst_of(item.indices)
        if worst <= max(room, 0) and judged == wanted:
            lane.out_of_money = False
            return wanted
        free_later = self.budget.room_later(lane.alias)
        if worst <= free_later and judged_later == wanted:
            lane.waiting = WAITS_FOR_MONEY
            return 0
        if fits := bound.fitting(item.indices[:judged], room):
            lane.out_of_money = False
            return fits
        if judged_later and bound.worst_of(item.indices[:1]) <= free_later:
            lane.waiting = WAITS_FOR_MONEY
            return 0
        lane.waiting = "budget: the next sample's worst case does not fit"
        lane.wake_at = lane.work.next_at()  # a retry that falls due may be cheaper
        if lane.wake_at is not None and lane.wake_at <= now:
            lane.wake_at = None
        lane.out_of_money = True
        if not lane.in_flight:
            self.budget.funds[lane.alias].stuck = True
        return 0

    def _estimate(self, lane: ModelLane, problem: int, n: int) -> Estimate:
        return Estimate(
            input_tokens=self.bound(lane, problem).input_tokens, output_tokens=n * lane.expected_output_tokens
        )

    def bound(self, lane: ModelLane, problem: int) -> WorstCase:
        if not lane.bounds:
            return self._bound_of(lane.alias, problem)
        bound = lane.bounds[problem]
        if bound is None:
            bound = lane.bounds[problem] = self._bound_of(lane.alias, problem)
        return bound


class WithJudge:
    """A worst case with that of each sample's verdict, at `each`."""

    def __init__(self, bound: WorstCase, each: int) -> None:
        self._bound = bound
        self._each = each

    @property
    def input_tokens(self) -> int:
        return self._bound.input_tokens

    def worst_of(self, indices: Sequence[int], /) -> int:
        return self._bound.worst_of(indices) + len(indices) * self._each

    def fitting(self, indices: Sequence[int], room: int, /) -> int:
        fits = len(indices)
        while fits and self.worst_of(indices[:fits]) > room:
            fits -= 1
        return fits


def span(seconds: float) -> str:
    return f"{max(0.0, seconds):.0f} s" if seconds >= 10 else f"{max(0.0, seconds):.1f} s"


def _full(lane: ModelLane) -> str:
    if lane.buys_attempts:
        return ALL_AT_WORK
    most = None if lane.rate.found is None else lane.rate.found.concurrency.most
    return FULL if most is None else f"{FULL} ({most:,} at a time, found from rejections)"


def _found(lane: ModelLane) -> str:
    rate = None if lane.rate.found is None else lane.rate.found.per_minute
    return "" if rate is None else f" (about {rate:,.0f} requests per minute, found from rejections)"
