"""The most that a request may cost, and how many of its samples a sum pays for."""

from __future__ import annotations

import pytest

from orchestrator.scheduler.call_queue import CallQueue
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.lane import Bound
from tests.orchestrator.scheduler.lanes import admitted, lane, scheduler

BOUND = Bound(fixed=10, sample=100, input_tokens=50)


def test_input_is_paid_once_and_output_for_each_sample():
    assert BOUND.worst(3) == BOUND.worst_of((4, 7, 9)) == 310


@pytest.mark.parametrize(
    ("room", "fits"), [(-5, 0), (9, 0), (109, 0), (110, 1), (209, 1), (210, 2), (10**6, 3)]
)
def test_as_many_samples_fit_as_the_sum_pays_for(room, fits):
    assert BOUND.fitting((0, 1, 2), room) == fits
    assert fits == 0 or BOUND.worst(fits) <= room


@pytest.mark.parametrize(("room", "fits"), [(9, 0), (10, 3)])
def test_where_samples_cost_nothing_all_fit_or_none(room, fits):
    assert Bound(fixed=10, sample=0, input_tokens=1).fitting((0, 1, 2), room) == fits


def test_samples_in_flight_are_counted_over_all_servers():
    made = lane(endpoints=[Endpoint(server="s"), Endpoint(server="t")])
    tickets = scheduler(made)
    first, second = admitted(tickets), admitted(tickets)
    assert first.endpoint != second.endpoint
    assert made.samples_in_flight == first.n + second.n == 4


def test_only_a_sampled_model_has_samples_to_plan():
    made = lane()
    assert made.sampling is made.work
    calls = lane(work=CallQueue[list[int]](iter(()), parts=0, max_n=1))
    with pytest.raises(AssertionError):
        _ = calls.sampling
