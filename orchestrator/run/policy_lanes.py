"""What of the scheduler a policy's choice depends on."""

from __future__ import annotations

from orchestrator.scheduler.policy.narrow_work import NarrowWork
from orchestrator.scheduler.policy.solve_work import SolveWork
from orchestrator.scheduler.scheduler import Scheduler


class SchedulerLanes:
    """By the number of a model among those that the policy steers."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._lanes = [
            lane for lane in scheduler.lanes.values() if isinstance(lane.work, (SolveWork, NarrowWork))
        ]
        self._before = [scheduler.budget.funds[lane.alias].settled for lane in self._lanes]

    def can_go_on(self, model: int, /) -> bool:
        lane = self._lanes[model]
        return lane.stopped is None and not lane.left_out and not lane.out_of_money

    def can_be_asked(self, model: int, /) -> bool:
        endpoints = self._lanes[model].endpoints
        return self.can_go_on(model) and not (endpoints and all(one.out_of_reach for one in endpoints))

    def is_held_up(self, model: int, /) -> bool:
        return self._lanes[model].waiting is not None

    def is_judged(self, model: int, /) -> bool:
        judge = self._lanes[model].judge
        return judge is None or judge.stopped is None

    def room_pico(self) -> int:
        return max(0, self._scheduler.budget.total - self._scheduler.budget.held)

    def spent_pico(self) -> int:
        budget = self._scheduler.budget
        return budget.held - sum(of.reserved + of.promised for of in budget.counted)

    def total_pico(self) -> int:
        return self._scheduler.budget.total

    def cost_factor(self, model: int, /) -> float:
        lane = self._lanes[model]
        assert isinstance(lane.work, (SolveWork, NarrowWork))
        expected = lane.work.expected_pico
        spent = self._scheduler.budget.funds[lane.alias].settled - self._before[model]
        return spent / expected if expected > 0 and spent > 0 else 1.0
