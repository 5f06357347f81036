"""Why a model waits, in words that say what to change."""

from __future__ import annotations

import pytest

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.lane import Bound, ModelLane
from orchestrator.scheduler.limits.rates import RateLimit
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.scheduler.work import Work

BOUND = Bound(fixed=10, sample=100, input_tokens=50)


def scheduler(
    total: int,
    *,
    sequences: int | None = None,
    requests: int | None = None,
    concurrency: int | None = None,
    ramps: bool = False,
) -> Scheduler:
    samples = 40 if ramps else 4
    work = Work(
        [ProblemState() for _ in range(4)], samples=samples, max_n=1, rounds=False, until_solved=False
    )
    lane = ModelLane(
        alias="m",
        work=work,
        endpoints=[Endpoint(server="s", sequences=sequences)],
        rate=RateLimit(requests=requests, concurrency=concurrency, ramps=ramps),
        bounds=[None] * 4,
        max_tokens=100,
        expected_output_tokens=40,
        max_attempts=3,
        max_wait_s=600,
    )
    budget = Budget(total, {"m": Funds(weight=1)}, shared=False)
    return Scheduler({"m": lane}, budget, lambda _, __: BOUND, seed=1)


@pytest.mark.parametrize(
    ("made", "waits", "timed"),
    [
        (scheduler(250), "a lower max_tokens sets aside less", False),
        (scheduler(10**6, concurrency=2), "as many requests in flight as its limit allows", False),
        (scheduler(10**6, requests=2), "rate limit", True),
        (scheduler(10**6, requests=2, ramps=True), "rate limit", True),
        (scheduler(10**6, ramps=True), "for replies: more requests go out as they come", True),
        (scheduler(10**6, sequences=2), "servers busy", False),
        (scheduler(100), "the next sample's worst case does not fit", False),
    ],
)
def test_the_reason_names_what_binds(made, waits, timed):
    while made.next(0.0) is not None:
        pass
    assert waits in (made.lanes["m"].waiting or "")
    assert (made.wake_at is not None) == timed


def test_what_settles_lets_the_next_go():
    made = scheduler(250)
    tickets = [made.next(0.0), made.next(0.0), made.next(0.0)]
    assert [t is not None for t in tickets] == [True, True, False]
    assert tickets[0] is not None
    made.replied(tickets[0], 1.0, settled=20, arrived=1)
    ticket = made.next(1.0)
    assert ticket is not None
    assert made.lanes["m"].waiting is None
