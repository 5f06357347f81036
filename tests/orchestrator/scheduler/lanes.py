"""Models as the scheduler sees them, of round figures: a request costs at most 10 and 100 a sample."""

from __future__ import annotations

from typing import Any

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.lane import Bound, ModelLane, Ticket
from orchestrator.scheduler.limits.rates import RateLimit
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.scheduler.work import Work

BOUND = Bound(fixed=10, sample=100, input_tokens=50)


def lane(
    alias: str = "m",
    *,
    problems: int = 2,
    samples: int = 4,
    max_n: int = 2,
    rounds: bool = False,
    **fields: Any,
) -> ModelLane:
    made: dict[str, Any] = {
        "work": Work(
            [ProblemState() for _ in range(problems)],
            samples=samples,
            max_n=max_n,
            rounds=rounds,
            until_solved=False,
        ),
        "endpoints": [Endpoint(server="s")],
        "rate": RateLimit(),
        "bounds": [None] * problems,
        "max_tokens": 100,
        "expected_output_tokens": 40,
        "max_attempts": 3,
        "max_wait_s": 600,
    }
    return ModelLane(alias=alias, **{**made, **fields})


def scheduler(*lanes: ModelLane, total: int = 10**9, shared: bool = False) -> Scheduler:
    budget = Budget(total, {made.alias: Funds(weight=1) for made in lanes}, shared=shared)
    return Scheduler({made.alias: made for made in lanes}, budget, lambda _, __: BOUND, seed=1)


def admitted(made: Scheduler, now: float = 0.0) -> Ticket:
    ticket = made.next(now)
    assert ticket is not None
    return ticket


def all_admitted(made: Scheduler, now: float = 0.0) -> list[Ticket]:
    tickets: list[Ticket] = []
    while (ticket := made.next(now)) is not None:
        tickets.append(ticket)
    return tickets
