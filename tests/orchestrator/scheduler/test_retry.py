"""What follows a failed attempt, by its error's class, its count and the clock."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from orchestrator.scheduler.retry import LONGEST_S, Then, asks_too_long, decide, wait_before
from orchestrator.scheduler.work import Item
from providers import errors

LONG_WAIT = 600.0


def follows(error: errors.ProviderError, *, separable: bool = False, now: float = 0.0, **item: Any):
    keys: dict[str, Any] = {"indices": (0,), "attempt": 1, "first_at": 0.0}
    asked = Item(problem=1, **{**keys, **item})
    return decide(
        error,
        asked,
        now=now,
        max_attempts=8,
        max_lost=3,
        max_wait_s=LONG_WAIT,
        random=Random(1),
        separable=separable,
    )


@pytest.mark.parametrize(
    ("error", "then"),
    [
        (errors.RateLimited("m"), Then.AGAIN),
        (errors.Overloaded("m"), Then.AGAIN),
        (errors.NotSent("m"), Then.AGAIN),
        (errors.Lost("m"), Then.AGAIN),
        (errors.Undone("m"), Then.AGAIN),
        (errors.BadRequest("m"), Then.GIVE_UP),
        (errors.Stopped("m"), Then.STOP),
        (errors.TooManySamples("m"), Then.STOP),
    ],
)
def test_the_class_of_the_error_decides_first(error, then):
    assert follows(error).then is then


def test_too_many_samples_means_fewer_a_request_while_there_are_several():
    assert follows(errors.TooManySamples("m"), indices=(0, 1)).then is Then.FEWER


@pytest.mark.parametrize(("outcome", "waits"), [("free", False), ("unknown", True)])
def test_what_may_have_been_billed_is_asked_again_after_a_wait_though_with_fewer(outcome, waits):
    error = errors.TooManySamples("m")
    error.outcome = errors.MayHaveCost(outcome)
    assert (follows(error, indices=(0, 1)).wait_s > 0) is waits


def test_a_refused_part_is_found_by_splitting():
    assert follows(errors.BadRequest("m"), separable=True, indices=(0, 1)).then is Then.SPLIT
    assert follows(errors.BadRequest("m"), separable=True).then is Then.GIVE_UP


def test_attempts_are_bounded_but_a_rate_limit_is_no_attempt():
    assert follows(errors.Overloaded("m"), attempt=8).then is Then.GIVE_UP
    assert follows(errors.RateLimited("m"), attempt=800).then is Then.AGAIN


def test_a_sample_is_given_up_when_it_was_lost_too_often():
    assert follows(errors.Lost("m"), lost=1).then is Then.AGAIN
    assert follows(errors.Lost("m"), lost=2).then is Then.GIVE_UP


def test_a_sample_is_given_up_after_its_longest_time():
    assert follows(errors.RateLimited("m"), now=LONGEST_S + 1).then is Then.GIVE_UP
    assert follows(errors.RateLimited("m"), now=LONGEST_S + 1, first_at=None).then is Then.AGAIN


def test_a_vendor_that_asks_for_too_long_a_wait_stops_the_model():
    error = errors.RateLimited("m")
    error.retry_after_s = LONG_WAIT
    assert follows(error).then is Then.AGAIN
    error.retry_after_s = LONG_WAIT + 1
    assert follows(error).then is Then.STOP
    assert not asks_too_long(errors.Lost("m"), 0.0)


def test_the_vendor_s_own_wait_is_kept_to_with_a_little_more():
    waits = [wait_before(1, 10.0, Random(seed)) for seed in range(50)]
    assert 10.0 <= min(waits) < max(waits) <= 10.5


@pytest.mark.parametrize(("attempt", "most"), [(1, 1.0), (2, 2.0), (4, 8.0), (7, 60.0), (100, 60.0)])
def test_waits_double_up_to_a_minute_and_are_spread(attempt, most):
    waits = [wait_before(attempt, None, Random(seed)) for seed in range(50)]
    assert most / 2 <= min(waits) < max(waits) <= most
