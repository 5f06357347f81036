"""Few requests go out until a reply shows that their bound holds; what does not cover a raised bound does not leave."""

from __future__ import annotations

import pytest

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.admission import PROVES_BOUND
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.lane import MOST_UNPROVEN, Bound, ModelLane, Ticket
from orchestrator.scheduler.limits.rates import RateLimit
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.scheduler.work import Item, Work


def scheduler(bounds: list[Bound], *, proves_bound: bool = True, bound_shown: bool = False) -> Scheduler:
    """`bounds`: the last of it is the bound of now."""
    lane = ModelLane(
        alias="m",
        work=Work([ProblemState() for _ in range(4)], samples=8, max_n=1, rounds=False, until_solved=False),
        endpoints=[Endpoint(server="s")],
        rate=RateLimit(),
        bounds=[None] * 4,
        max_tokens=100,
        expected_output_tokens=40,
        max_attempts=3,
        max_wait_s=600,
        proves_bound=proves_bound,
        bound_shown=bound_shown,
    )
    budget = Budget(10**9, {"m": Funds(weight=1)}, shared=False)
    return Scheduler({"m": lane}, budget, lambda _, __: bounds[-1], seed=1)


def admitted(made: Scheduler) -> list[Ticket]:
    tickets: list[Ticket] = []
    while (ticket := made.next(0.0)) is not None:
        tickets.append(ticket)
    return tickets


BOUND = Bound(fixed=10, sample=100, input_tokens=50)
RAISED = Bound(fixed=11, sample=100, input_tokens=50)


def test_four_until_a_reply_shows_that_the_bound_holds():
    made = scheduler([BOUND])
    first = admitted(made)
    assert len(first) == MOST_UNPROVEN
    assert made.lanes["m"].waiting == PROVES_BOUND
    made.replied(first[0], 1.0, settled=20, arrived=1)
    assert len(admitted(made)) == 1, "a reply that shows nothing makes room for itself alone"
    made.showed_bound("m", True)
    assert len(admitted(made)) == 4 * 8 - MOST_UNPROVEN - 1
    made.showed_bound("m", False)
    assert made.lanes["m"].is_held_back


@pytest.mark.parametrize("keys", [{"proves_bound": False}, {"bound_shown": True}])
def test_all_at_once_where_nothing_is_to_be_shown_or_it_was(keys):
    assert len(admitted(scheduler([BOUND], **keys))) == 4 * 8


def test_what_an_earlier_run_sent_takes_no_place():
    made = scheduler([BOUND])
    for index in range(6):
        made.adopt("m", Item(problem=0, indices=(100 + index,)), 0, 0.0)
    assert len(admitted(made)) == MOST_UNPROVEN


def test_a_reservation_covers_its_request_until_the_bound_is_raised_or_the_model_stops():
    bounds = [BOUND]
    made = scheduler(bounds)
    waiting, _, other, _ = admitted(made)
    assert made.covers(waiting)
    bounds.append(RAISED)
    made.forget_bounds("m")
    assert not made.covers(waiting)
    made.dropped(waiting, 0.0)
    again = made.next(0.0)
    assert again is not None
    assert again.worst_pico == RAISED.worst(1)
    assert made.covers(again)
    made.stop("m", "its key is wrong")
    assert not made.covers(again)
    assert not made.covers(other)
