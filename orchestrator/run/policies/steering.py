"""While a run goes on by a policy that learns, what it believes is fitted anew, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.run.policies.lanes import SchedulerLanes

if TYPE_CHECKING:
    from orchestrator.scheduler.scheduler import Scheduler

LOOKS_EVERY_S = 0.05


class Learns(Protocol):
    """A policy that believes something, which what it `found` in a `snapshot` of itself changes."""

    @property
    def is_stale(self) -> bool:
        """Whether to look again."""
        ...

    @property
    def must_look(self) -> bool:
        """Whether nothing may come next before it has looked again."""
        ...

    def snapshot(self) -> Any:
        """All that is looked at."""
        ...

    def learnt(self, found: Any, /) -> None:
        """Goes on by it."""
        ...


class Steering:
    """`find` gives what a snapshot tells, in a thread; `wake` is called when other samples may be the best ones now."""

    def __init__(self, policy: Learns, find: Callable[[Any], Any], wake: Callable[[], None]) -> None:
        self._policy = policy
        self._find = find
        self._wake = wake
        self._looks = False

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            if self._policy.is_stale:
                self._looks = True  # from the snapshot on the policy itself is no longer stale
                self._policy.learnt(await asyncio.to_thread(self._find, self._policy.snapshot()))
                self._looks = False
                self._wake()
            await asyncio.sleep(LOOKS_EVERY_S)

    @property
    def must_look(self) -> bool:
        """Whether it looks, or nothing may come next before it has looked again: the run is not over."""
        return self._looks or self._policy.must_look


def steering(scheduler: Scheduler, wake: Callable[[], None]) -> Steering | None:
    """None where no fit is needed."""
    from orchestrator.scheduler.policy.narrow_work import NarrowWork
    from orchestrator.scheduler.policy.solve_work import SolveWork

    for lane in scheduler.lanes.values():
        if isinstance(lane.work, SolveWork):
            from orchestrator.scheduler.policy.solve_fit import refit

            lane.work.solve.lanes = SchedulerLanes(scheduler)
            return Steering(lane.work.solve, refit, wake)
        if isinstance(lane.work, NarrowWork):
            from orchestrator.scheduler.policy.narrow import plan

            lane.work.narrow.lanes = SchedulerLanes(scheduler)
            return Steering(lane.work.narrow, plan, wake)
    return None


def plans(of: Steering | None, scheduler: Scheduler) -> bool:
    """Whether the run isn't over, since a policy is still to say what comes next."""
    return of is not None and of.must_look and not scheduler.draining
