"""How a run's policy stands, for whoever watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.progress import PolicyProgress
from orchestrator.scheduler.policy.cascade import CascadeWork
from orchestrator.scheduler.policy.narrow_work import NarrowWork
from orchestrator.scheduler.policy.solve_work import SolveWork
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from orchestrator.scheduler.policy.narrow import Narrow
    from orchestrator.scheduler.policy.solve import Solve
    from orchestrator.scheduler.scheduler import Scheduler


def policy_progress(scheduler: Scheduler) -> PolicyProgress | None:
    """None of the policy `all`."""
    works = {alias: lane.work for alias, lane in scheduler.lanes.items()}
    for work in works.values():
        if isinstance(work, SolveWork):
            return _solve(work.solve, [a for a, one in works.items() if isinstance(one, SolveWork)])
        if isinstance(work, NarrowWork):
            return _narrow(work.narrow, [a for a, one in works.items() if isinstance(one, NarrowWork)])
        if isinstance(work, CascadeWork):
            stages = {one.stage: alias for alias, one in works.items() if isinstance(one, CascadeWork)}
            return PolicyProgress(kind="cascade", stands=work.cascade.stands(stages))
    return None


def _solve(solve: Solve, aliases: list[str]) -> PolicyProgress:
    best = solve.best_now()
    return PolicyProgress(
        kind="solve",
        buys=None if best is None else aliases[best[0]],
        solves_per_usd=None if best is None else best[1] * PICO_PER_USD,
        expected_solves=solve.expected_solves,
    )


def _narrow(narrow: Narrow, aliases: list[str]) -> PolicyProgress:
    pair = narrow.compared
    return PolicyProgress(
        kind="narrow",
        compares=None if pair is None else (aliases[pair[0]], narrow.compared_k, aliases[pair[1]]),
        part=(narrow.opened, narrow.parts) if narrow.opened else None,
    )
