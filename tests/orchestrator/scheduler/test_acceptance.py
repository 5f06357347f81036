"""A vendor that takes nothing, or bills replies without a sample, is not asked again and again."""

from __future__ import annotations

from orchestrator.scheduler.acceptance import IN_VAIN, OF_PROBLEMS, TAKEN_AFTER_S
from orchestrator.scheduler.limits.rates import RateLimit
from orchestrator.scheduler.scheduler import Scheduler
from providers.errors import RateLimited
from tests.orchestrator.scheduler.lanes import all_admitted, lane, scheduler


def drive(made: Scheduler, end, *, until: float) -> int:
    """How many requests go out until nothing more does, or that time. `end(ticket, now)` is told of each."""
    now, sent = 0.0, 0
    while now < until and made.lanes["m"].stopped is None:
        tickets = all_admitted(made, now)
        if not tickets and made.blocked():
            break
        for ticket in tickets:
            sent += 1
            end(ticket, now + 0.1)
        now = max(now + 0.1, made.wake_at or 0.0)
    return sent


def held_no_sample(made: Scheduler, *, broken_off: str | None = None):
    def end(ticket, now):
        made.replied(
            ticket, now, settled=1, arrived=0, missing=tuple(ticket.item.indices), broken_off=broken_off
        )

    return end


def test_billed_replies_without_a_sample_stop_the_model_after_few():
    made = scheduler(lane(problems=30, samples=8, max_n=1, max_attempts=8, proves_bound=True))
    sent = drive(made, held_no_sample(made), until=3600)
    assert IN_VAIN <= sent <= IN_VAIN + 4
    assert f"first {IN_VAIN} replies held no answer" in (made.lanes["m"].stopped or "")
    assert not any(made.lanes["m"].sampling.failed)


def test_few_problems_whose_replies_hold_no_sample_fail_for_good():
    """Their prompts may be what the vendor blocks; and few of their samples are bought to find out."""
    problems = OF_PROBLEMS - 1
    made = scheduler(lane(problems=problems, samples=50, max_n=1, max_attempts=8, proves_bound=True))
    sent = drive(made, held_no_sample(made), until=3600)
    assert sent <= IN_VAIN + 3 * problems
    assert made.lanes["m"].stopped is None
    assert list(made.lanes["m"].sampling.failed) == [50] * problems


def test_one_sample_shows_that_the_others_are_worth_their_attempts():
    made = scheduler(lane(problems=8, samples=1, max_n=1, max_attempts=8))
    first, *others = all_admitted(made)
    made.replied(first, 0.1, settled=1, arrived=1)
    for ticket in others:
        held_no_sample(made)(ticket, 0.1)
    sent = drive(made, held_no_sample(made), until=3600)
    assert sent == 7 * 7
    assert made.lanes["m"].stopped is None


def test_a_server_that_breaks_every_reply_off_counts_as_one_that_is_down():
    made = scheduler(lane(problems=30, samples=8, max_n=1, max_attempts=8, proves_bound=True))
    sent = drive(made, held_no_sample(made, broken_off="it was aborted"), until=3600)
    assert sent <= 4 + 6
    assert made.lanes["m"].stopped == "it was aborted"


def refused(made: Scheduler, *, wait_s: float | None = None):
    def end(ticket, now):
        made.failed(ticket, now, RateLimited("slow down", status=429, retry_after_s=wait_s))

    return end


def test_a_vendor_that_rejects_everything_stops_the_model_after_max_wait_s():
    for wait_s in (None, 2.0):
        made = scheduler(lane(problems=4, rate=RateLimit(ramps=True), max_wait_s=60))
        drive(made, refused(made, wait_s=wait_s), until=200)
        assert "slow down; every request was rejected for" in (made.lanes["m"].stopped or "")
        assert not any(made.lanes["m"].sampling.failed)


def test_a_queue_of_batches_may_be_full_for_hours():
    made = scheduler(lane(problems=4, max_wait_s=60, batch=True))
    drive(made, refused(made, wait_s=60.0), until=24 * 3600)
    assert made.lanes["m"].stopped is None
    made = scheduler(lane(problems=4, max_wait_s=60, batch=True))
    drive(made, refused(made, wait_s=60.0), until=400 * 3600)
    assert "slow down; every request was rejected for" in (made.lanes["m"].stopped or "")
    assert "max_wait_s" not in (made.lanes["m"].stopped or "")


def test_a_request_in_flight_was_taken():
    """One at a time, and its reply takes longer than `max_wait_s`."""
    made = scheduler(lane(problems=4, rate=RateLimit(), max_wait_s=60))
    working, other, *_ = all_admitted(made)
    made.failed(other, 0.1, RateLimited("one at a time", status=429))
    last = None
    for step in range(40):
        now = TAKEN_AFTER_S + 10 * step
        for ticket in all_admitted(made, now):
            if ticket is not working:
                last = now
                made.failed(ticket, now + 0.1, RateLimited("one at a time", status=429))
    assert last is not None
    assert last > 100
    assert made.lanes["m"].stopped is None
