"""While a run goes on by the policy `solve`: what is believed of the models is fitted anew, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from orchestrator.run.policies import SchedulerLanes

if TYPE_CHECKING:
    from orchestrator.scheduler.policy.solve import Solve
    from orchestrator.scheduler.scheduler import Scheduler

LOOKS_EVERY_S = 0.05


class Steering:
    """`wake` is called when other samples may be the best ones now."""

    def __init__(self, solve: Solve, wake: Callable[[], None]) -> None:
        self._solve = solve
        self._wake = wake

    async def run(self) -> None:
        """Until it is cancelled."""
        from orchestrator.scheduler.policy.solve import refit

        while True:
            if self._solve.is_stale:
                self._solve.learnt(await asyncio.to_thread(refit, self._solve.snapshot()))
                self._wake()
            await asyncio.sleep(LOOKS_EVERY_S)

    @property
    def expected_solves(self) -> float | None:
        """What the rest of the money is expected to bring; None before anything is known."""
        return None if self._solve.now is None else self._solve.now.solves


def steering(scheduler: Scheduler, wake: Callable[[], None]) -> Steering | None:
    """None where no fit is needed."""
    for lane in scheduler.lanes.values():
        solve = getattr(lane.work, "solve", None)
        if solve is not None:
            solve.lanes = SchedulerLanes(scheduler)
            return Steering(solve, wake)
    return None
