"""What of the scheduler a policy's choice depends on."""

from __future__ import annotations

from orchestrator.scheduler.lane import ModelLane
from orchestrator.scheduler.policy.cost_factors import CostFactors
from orchestrator.scheduler.policy.narrow_work import NarrowWork
from orchestrator.scheduler.policy.solve_work import SolveWork
from orchestrator.scheduler.scheduler import Scheduler

MOST_OFF = 20.0
"""So many times longer or shorter than expected answers may be taken for."""


class SchedulerLanes:
    """By the number of a model among those that the policy steers."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._lanes = [
            lane for lane in scheduler.lanes.values() if isinstance(lane.work, (SolveWork, NarrowWork))
        ]
        self._works = [_work_of(lane) for lane in self._lanes]
        self._elsewhere = [
            self._settled(lane) - work.paid_pico for lane, work in zip(self._lanes, self._works, strict=True)
        ]
        """Settled for samples that the policy doesn't know, such as those of problems that are no longer asked."""

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
        work, spent = self._works[model], self._spent(model)
        assert isinstance(work, NarrowWork)
        return spent / work.expected_pico if work.expected_pico > 0 and spent > 0 else 1.0

    def cost_factors(self, model: int, /) -> CostFactors:
        """A prompt's length is known beforehand, an answer's isn't: so what was spent apart from prompts is the
        answers', within reason, and the rest both have in common."""
        work, spent = self._works[model], self._spent(model)
        assert isinstance(work, SolveWork)
        prompts, outputs = work.expected_prompt_pico, work.expected_output_pico
        if spent <= 0 or prompts + outputs <= 0:
            return CostFactors()
        output = min(MOST_OFF, max(1 / MOST_OFF, (spent - prompts) / outputs)) if outputs > 0 else 1.0
        both = spent / (prompts + output * outputs)
        return CostFactors(both, both * output)

    def _spent(self, model: int) -> int:
        return self._settled(self._lanes[model]) - self._elsewhere[model]

    def _settled(self, lane: ModelLane) -> int:
        return self._scheduler.budget.funds[lane.alias].settled


def _work_of(lane: ModelLane) -> SolveWork | NarrowWork:
    assert isinstance(lane.work, (SolveWork, NarrowWork))
    return lane.work
