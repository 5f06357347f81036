"""Told what happened and when, the scheduler says what may go next, and what becomes of what did not come."""

from __future__ import annotations

import pytest

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.admission import FULL, WAITS_FOR_MONEY
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.lane import NO_PROBLEM, Bound
from orchestrator.scheduler.limits.rates import Estimate, RateLimit
from orchestrator.scheduler.retry import Then
from orchestrator.scheduler.scheduler import REFUSED_OUTRIGHT, Scheduler
from orchestrator.scheduler.work import Item, Work
from providers.errors import (
    BadRequest,
    Lost,
    MayHaveCost,
    NotSent,
    Overloaded,
    RateLimited,
    Stopped,
    TooManySamples,
)
from providers.reading.rate_limits import VendorLimit
from tests.orchestrator.scheduler.lanes import BOUND, admitted, all_admitted, lane, scheduler

# -- what may go next -------------------------------------------------------------------------------------------------


def test_a_ticket_says_all_that_sending_has_to_know():
    made = scheduler(lane(problems=1, samples=3, max_n=2))
    first, second = admitted(made, 5.0), admitted(made, 5.0)
    assert (first.item.problem, first.item.indices, second.item.indices) == (0, (0, 1), (2,))
    assert (first.worst_pico, second.worst_pico) == (210, 110)
    assert (first.sent_at, first.item.first_at, first.endpoint, first.adopted) == (5.0, 5.0, 0, False)
    assert first.number != second.number
    assert first.estimate == Estimate(input_tokens=50, output_tokens=80)
    assert made.in_flight == 2
    assert made.budget.reserved == 320
    assert made.lanes["m"].sent == 2


def test_models_take_turns():
    made = scheduler(lane("a"), lane("b"))
    assert [ticket.alias for ticket in all_admitted(made)] == ["a", "b"] * 4


def test_a_model_that_must_wait_holds_up_no_other():
    made = scheduler(lane("a", rate=RateLimit(concurrency=1)), lane("b"))
    assert [ticket.alias for ticket in all_admitted(made)] == ["a", "b", "b", "b", "b"]
    assert made.lanes["a"].waiting == FULL


def test_what_a_policy_wanted_of_a_model_that_turns_out_unable_goes_to_one_asked_before_it():
    """Nothing else happens that the run could wait for."""
    unable = lane("b")

    class Second(Work):
        def peek(self, now: float) -> Item | None:
            return super().peek(now) if unable.out_of_money else None

    work = Second([ProblemState()], samples=1, max_n=1, rounds=False, until_solved=False)
    made = scheduler(lane("a", work=work), unable)
    made.budget.funds["b"].cap = BOUND.fixed
    assert admitted(made).alias == "a"


def test_while_it_drains_nothing_goes():
    made = scheduler(lane())
    made.draining = True
    assert made.next(0.0) is None
    assert made.blocked()


def test_a_model_that_has_asked_for_all_is_finished_once_the_last_reply_is_there():
    made = scheduler(lane(problems=1, samples=2))
    ticket = admitted(made)
    assert made.next(0.0) is None
    assert not made.budget.funds["m"].finished
    assert not made.blocked()
    made.replied(ticket, 1.0, settled=5, arrived=2)
    assert made.next(1.0) is None
    assert made.budget.funds["m"].finished
    assert made.blocked()


def test_of_a_request_as_many_samples_go_as_the_money_pays_for():
    made = scheduler(lane(problems=1, samples=4, max_n=4), total=350)
    ticket = admitted(made)
    assert (ticket.item.indices, ticket.worst_pico) == ((0, 1, 2), 310)
    assert made.next(0.0) is None
    assert made.lanes["m"].waiting == WAITS_FOR_MONEY


def test_what_fits_once_the_rest_has_settled_waits_whole():
    made = scheduler(lane(max_n=2), total=350)
    assert admitted(made).worst_pico == 210
    assert made.next(0.0) is None
    assert (made.lanes["m"].waiting, made.lanes["m"].out_of_money) == (WAITS_FOR_MONEY, False)


def test_without_money_for_one_sample_the_model_is_stuck_once_nothing_is_in_flight():
    made = scheduler(lane(problems=1, max_n=1), total=220)
    tickets = all_admitted(made)
    for ticket in tickets:
        made.replied(ticket, 1.0, settled=110, arrived=1)
    assert len(tickets) == 2
    assert made.next(1.0) is None
    assert (made.lanes["m"].out_of_money, made.budget.funds["m"].stuck) == (True, True)
    assert made.blocked()


def test_what_a_stuck_model_leaves_is_there_for_those_asked_before_it():
    """`a` has used its half; `b`'s next sample does not fit its own, so the rest is a's."""
    budget = Budget(300, {"a": Funds(weight=1, settled=140), "b": Funds(weight=1)}, shared=True)
    bounds = {"a": BOUND, "b": Bound(fixed=0, sample=1000, input_tokens=1)}
    made = Scheduler(
        {"a": lane("a", max_n=1), "b": lane("b")}, budget, lambda alias, _: bounds[alias], seed=1
    )
    assert admitted(made).alias == "a"


def test_a_rate_limit_is_waited_for_and_the_moment_is_told():
    made = scheduler(lane(rate=RateLimit(requests=60), max_n=1))
    assert len(all_admitted(made)) == 1
    at = made.wake_at
    assert at is not None
    assert at == pytest.approx(1 / 0.98)
    assert (made.lanes["m"].waiting or "").startswith("rate limit, 1.0 s")
    assert made.next(at - 0.01) is None
    assert len(all_admitted(made, at)) == 1


def test_the_earliest_of_all_models_moments_is_told():
    made = scheduler(lane("a", rate=RateLimit(requests=6)), lane("b", rate=RateLimit(requests=60)))
    all_admitted(made)
    assert made.wake_at == made.lanes["b"].wake_at
    assert made.wake_at is not None
    assert made.wake_at < (made.lanes["a"].wake_at or 0)


def test_a_call_s_own_bound_is_asked_for_each_time_and_a_problem_s_once():
    asked: list[int] = []

    def bound_of(_: str, problem: int) -> Bound:
        asked.append(problem)
        return BOUND

    for bounds, times in (([], 2), ([None, None], 1)):
        asked.clear()
        made = lane(bounds=bounds)
        tied = Scheduler({"m": made}, Budget(10**9, {"m": Funds(weight=1)}, shared=False), bound_of)
        tied.admission.bound(made, 1)
        tied.admission.bound(made, 1)
        assert asked == [1] * times
        tied.forget_bounds("m")
        tied.admission.bound(made, 1)
        assert asked == [1] * (times + 1)


# -- servers ----------------------------------------------------------------------------------------------------------


def test_a_server_whose_lease_the_budget_refuses_gets_nothing():
    endpoint = Endpoint(server="s")

    def claim() -> bool:
        endpoint.unpaid = True
        return False

    endpoint.claim = claim
    made = scheduler(lane(endpoints=[endpoint]))
    assert made.next(0.0) is None
    assert "next half minute does not fit" in (made.lanes["m"].waiting or "")
    assert made.budget.reserved == 0


def test_another_server_takes_what_an_unpaid_one_can_not():
    unpaid, paid = Endpoint(server="s"), Endpoint(server="t", samples=1)

    def claim() -> bool:
        unpaid.unpaid = True
        return False

    unpaid.claim = claim
    made = scheduler(lane(endpoints=[unpaid, paid]))
    assert admitted(made).endpoint == 1


def test_a_server_that_is_down_is_tried_again_later_and_given_up_at_last():
    made = scheduler(lane(problems=1, samples=1, max_n=1, max_attempts=99))
    made.failed(admitted(made), 0.0, NotSent("refused"))
    lane_ = made.lanes["m"]
    assert made.next(0.9) is None
    now = 0.0
    while lane_.stopped is None:
        ticket = made.next(now)
        if ticket is not None:
            made.failed(ticket, now, NotSent("refused"))
        elif lane_.stopped is None:
            assert made.wake_at is not None
            now = max(now, made.wake_at)
        assert now < 60
    assert lane_.stopped == "no answer from s"
    assert now >= 15
    assert made.budget.funds["m"].finished


def test_a_server_that_is_down_says_when_it_is_tried_next():
    endpoint = Endpoint(server="s", opened=True, probe_at=4.0, failing_since=0.0)
    made = scheduler(lane(endpoints=[endpoint]))
    assert made.next(1.0) is None
    assert (made.lanes["m"].waiting, made.wake_at) == ("server down, next try in 3.0 s", 4.0)
    endpoint.probing = True
    assert made.next(1.0) is None
    assert (made.lanes["m"].waiting, made.wake_at) == ("server down", None)


def test_a_probe_that_has_no_room_waits_for_a_reply_not_for_a_time_that_is_past():
    endpoint = Endpoint(
        server="s", sequences=2, requests=1, samples=2, opened=True, probe_at=4.0, failing_since=3.0
    )
    made = scheduler(lane(endpoints=[endpoint]))
    assert made.next(4.0) is None
    assert (made.lanes["m"].waiting, made.wake_at) == ("servers busy", None)


def test_of_two_servers_a_full_one_and_one_that_is_down_the_latter_s_probe_is_waited_for():
    full = Endpoint(server="s", sequences=2, samples=2)
    down = Endpoint(server="t", opened=True, probe_at=4.0, failing_since=0.0)
    made = scheduler(lane(endpoints=[full, down]))
    assert made.next(1.0) is None
    assert (made.lanes["m"].waiting, made.wake_at) == ("servers busy", 4.0)


@pytest.mark.parametrize(
    ("error", "failures"),
    [
        (NotSent("no"), 1),
        (Lost("no"), 1),
        (Overloaded("no"), 1),
        (RateLimited("no"), 0),
        (BadRequest("no"), 0),
    ],
)
def test_only_what_a_dead_server_would_do_counts_against_it(error, failures):
    made = scheduler(lane())
    made.failed(admitted(made), 1.0, error)
    assert made.lanes["m"].endpoints[0].failures == failures


def test_a_batch_s_failures_say_nothing_of_a_server():
    made = scheduler(lane(batch=True, rate=RateLimit(finds=False)))
    made.failed(admitted(made), 1.0, NotSent("no"))
    assert made.lanes["m"].endpoints[0].failures == 0
    made.failed(admitted(made), 1.0, RateLimited("slow down", retry_after_s=30.0))
    assert made.lanes["m"].rate.found is None or made.lanes["m"].rate.found.hold is None


# -- replies ----------------------------------------------------------------------------------------------------------


def test_samples_that_a_reply_lacks_are_asked_again_and_at_last_given_up():
    made = scheduler(lane(problems=1, samples=2, max_attempts=2))
    assert made.replied(admitted(made), 1.0, settled=5, arrived=1, missing=(1,)) == []
    again = admitted(made, 1.0)
    assert (again.item.indices, again.item.attempt) == ((1,), 2)
    assert made.replied(again, 2.0, settled=5, arrived=0, missing=(1,)) == [(1, 1)]
    assert made.next(2.0) is None
    assert made.lanes["m"].work.lacking() == 0
    assert made.lanes["m"].errors == {"missing samples": 2}
    assert made.lanes["m"].retried == 1


def test_what_the_caller_gives_up_is_not_asked_again():
    made = scheduler(lane(problems=1, samples=2))
    assert made.replied(admitted(made), 1.0, settled=5, presumed=7, arrived=1, given_up=1) == []
    assert made.lanes["m"].work.lacking() == 0
    assert (made.budget.funds["m"].settled, made.budget.funds["m"].presumed) == (5, 7)


@pytest.mark.parametrize(("counts_max_tokens", "more"), [(False, 10), (True, 9)])
def test_what_was_estimated_too_much_is_free_again_unless_the_vendor_counts_what_was_asked(
    counts_max_tokens, more
):
    """A limit that holds 1,000 tokens; each request is estimated at 90, and the first two used 30 each."""
    rate = RateLimit(tokens=60_000)
    made = scheduler(lane(problems=9, max_n=1, rate=rate, counts_max_tokens=counts_max_tokens))
    for ticket in [admitted(made), admitted(made)]:
        made.replied(ticket, 0.0, settled=1, arrived=1, used=Estimate(input_tokens=10, output_tokens=20))
    assert len(all_admitted(made)) == more


# -- failures ---------------------------------------------------------------------------------------------------------


def test_a_lost_request_is_charged_and_asked_again_after_its_wait():
    made = scheduler(lane(problems=1, samples=2))
    ticket = admitted(made)
    decision, given_up = made.failed(ticket, 10.0, Lost("reset"), presumed=ticket.worst_pico)
    assert (decision.then, given_up) == (Then.AGAIN, [])
    assert made.budget.funds["m"].presumed == 210
    due = made.lanes["m"].work.next_at()
    assert due is not None
    assert due == 10.0 + decision.wait_s
    made.lanes["m"].endpoints[0].opened = False
    assert made.next(10.0) is None
    assert (made.lanes["m"].waiting or "").startswith("tries again in ")
    again = admitted(made, due)
    assert (again.item.attempt, again.item.lost, again.item.first_at) == (2, 1, 0.0)
    assert made.lanes["m"].errors == {"Lost": 1}


def test_of_a_broken_reply_only_what_did_not_come_is_asked_again():
    made = scheduler(lane(problems=1, samples=2))
    made.failed(admitted(made), 1.0, Lost("reset"), arrived={0})
    made.lanes["m"].endpoints[0].opened = False
    assert admitted(made, 100.0).item.indices == (1,)
    assert made.lanes["m"].work.lacking() == 1


def test_a_reply_that_broke_after_its_last_sample_leaves_nothing_to_ask():
    made = scheduler(lane(problems=1, samples=2))
    decision, given_up = made.failed(admitted(made), 1.0, Lost("reset"), arrived={0, 1})
    assert given_up == []
    assert made.next(100.0) is None
    assert made.lanes["m"].work.lacking() == 0
    assert decision.then is Then.AGAIN


def test_a_rate_limit_s_refusal_pauses_the_model_for_as_long_as_it_asks():
    made = scheduler(lane(max_n=1))
    made.failed(admitted(made), 1.0, RateLimited("slow down", status=429, retry_after_s=20.0))
    assert made.next(20.9) is None
    assert made.next(21.1) is not None
    assert made.next(21.1) is None, "one, to find out whether the limit is over"
    assert made.lanes["m"].errors == {"RateLimited 429": 1}


@pytest.mark.parametrize(("stated", "most"), [(None, 4), (3, 3), (100, 7)])
def test_a_server_that_takes_fewer_samples_is_asked_for_fewer(stated, most):
    made = scheduler(lane(problems=1, samples=8, max_n=8))
    decision, _ = made.failed(admitted(made), 1.0, TooManySamples("n", max_n=stated))
    assert decision.then is Then.FEWER
    assert made.lanes["m"].work.max_n == most
    ticket = admitted(made, 1.0)
    assert (ticket.n, ticket.item.attempt) == (most, 1)


def test_a_refusal_that_comes_late_does_not_raise_the_number_again():
    made = scheduler(lane(problems=2, samples=8, max_n=8))
    first, second = admitted(made), admitted(made)
    made.failed(first, 1.0, TooManySamples("n", max_n=1))
    made.failed(second, 1.0, TooManySamples("n", max_n=4))
    assert made.lanes["m"].work.max_n == 1


@pytest.mark.parametrize(("outcome", "waits"), [("free", False), ("unknown", True)])
def test_an_unclear_refusal_that_may_have_been_billed_is_tried_with_one_sample_after_a_wait(outcome, waits):
    made = scheduler(lane(problems=1, samples=2, max_n=2))
    error = BadRequest("no")
    error.unclear, error.outcome = True, MayHaveCost(outcome)
    decision, _ = made.failed(admitted(made), 1.0, error, presumed=5 if waits else 0)
    assert decision.then is Then.FEWER
    assert (made.next(1.0) is None) is waits
    assert admitted(made, 60.0).n == 1


def test_a_refused_request_of_several_parts_is_split():
    made = scheduler(lane(problems=1, samples=3, max_n=3, separable=True))
    decision, given_up = made.failed(admitted(made), 1.0, BadRequest("too long"))
    assert (decision.then, given_up) == (Then.SPLIT, [])
    assert [ticket.item.indices for ticket in all_admitted(made, 1.0)] == [(0, 1), (2,)]


def test_a_problem_that_is_refused_fails_whole():
    made = scheduler(lane(problems=1, samples=6, max_n=2))
    ticket = admitted(made)
    _, given_up = made.failed(ticket, 1.0, BadRequest("too long"))
    assert given_up == [(0, 2), (2, 4)]
    assert made.lanes["m"].work.lacking() == 0
    assert made.lanes["m"].stopped is None


def test_a_sample_that_was_tried_often_enough_fails_alone():
    made = scheduler(lane(problems=1, samples=4, max_n=2, max_attempts=1))
    _, given_up = made.failed(admitted(made), 1.0, Overloaded("busy"))
    assert given_up == [(0, 2)]
    assert made.lanes["m"].work.lacking() == 2


def test_a_model_that_refuses_every_problem_stops():
    made = scheduler(lane(problems=REFUSED_OUTRIGHT + 1, samples=1))
    tickets = all_admitted(made)
    for ticket in tickets[: REFUSED_OUTRIGHT - 1]:
        made.failed(ticket, 1.0, BadRequest("no such field"))
    assert made.lanes["m"].stopped is None
    made.failed(tickets[REFUSED_OUTRIGHT - 1], 1.0, BadRequest("no such field"))
    assert made.lanes["m"].stopped == "it refuses every problem: no such field"


def test_one_reply_shows_that_the_request_itself_is_right():
    made = scheduler(lane(problems=REFUSED_OUTRIGHT + 1, samples=1))
    first, *others = all_admitted(made)
    made.replied(first, 1.0, settled=1, arrived=1)
    for ticket in others:
        made.failed(ticket, 1.0, BadRequest("too long"))
    assert made.lanes["m"].stopped is None


def test_a_stopped_model_keeps_what_it_still_has_to_ask():
    made = scheduler(lane(problems=1, samples=2))
    decision, given_up = made.failed(admitted(made), 1.0, Stopped("bad key", status=401))
    assert (decision.then, given_up) == (Then.STOP, [])
    assert made.lanes["m"].stopped == "bad key"
    assert made.lanes["m"].work.lacking() == 2
    assert made.next(1.0) is None
    assert made.blocked()
    made.stop("m", "later reason")
    assert made.lanes["m"].stopped == "bad key"


@pytest.mark.parametrize(("seconds", "said"), [(86_400.0, "86400 s"), (601.0, "601 s")])
def test_a_wait_beyond_what_is_allowed_stops_the_model_and_says_so(seconds, said):
    made = scheduler(lane())
    made.failed(admitted(made), 1.0, RateLimited("tomorrow", retry_after_s=seconds))
    assert made.lanes["m"].stopped == f"tomorrow; it asks to wait {said}, above max_wait_s"


# -- other ends -------------------------------------------------------------------------------------------------------


def test_what_an_earlier_run_sent_counts_against_no_limit_of_this_one():
    made = scheduler(lane(rate=RateLimit(concurrency=1)))
    made.budget.funds["m"].reserved = 300
    ticket = made.adopt("m", Item(problem=NO_PROBLEM, indices=(0,)), 300, 1.0)
    assert (ticket.adopted, made.in_flight, made.lanes["m"].rate.in_flight) == (True, 1, 0)
    made.booked_aside(ticket, 2.0, settled=40)
    assert (made.budget.reserved, made.budget.funds["m"].settled, made.in_flight) == (0, 40, 0)
    assert made.lanes["m"].endpoints[0].requests == 0


def test_a_refusal_of_an_earlier_run_s_request_pauses_nothing():
    made = scheduler(lane())
    made.budget.funds["m"].reserved = 300
    ticket = made.adopt("m", Item(problem=0, indices=(0,)), 300, 1.0)
    made.failed(ticket, 2.0, RateLimited("slow down", retry_after_s=30.0))
    assert made.lanes["m"].rate.found is None or made.lanes["m"].rate.found.hold is None


def test_a_batch_that_goes_on_stays_reserved():
    made = scheduler(lane())
    ticket = admitted(made)
    made.leave(ticket)
    assert (made.in_flight, made.budget.reserved, made.budget.held) == (0, 0, 210)
    assert made.budget.funds["m"].left == 210


def test_what_was_dropped_is_asked_again_and_charged_only_where_it_left():
    made = scheduler(lane(problems=1, samples=4))
    made.dropped(admitted(made), 1.0)
    assert made.budget.held == 0
    again = admitted(made, 1.0)
    assert (again.item.indices, again.item.attempt) == ((0, 1), 1)
    made.dropped(again, 2.0, presumed=again.worst_pico)
    assert made.budget.funds["m"].presumed == 210


def test_at_the_end_all_that_is_open_is_charged_and_what_a_batch_holds_is_not():
    made = scheduler(lane(problems=1, samples=6))
    left, lost = admitted(made), admitted(made)
    made.leave(left)
    made.budget.lease("m", 1000)
    made.presume_open()
    funds = made.budget.funds["m"]
    assert (funds.presumed, funds.reserved, funds.left) == (lost.worst_pico + 1000, 0, left.worst_pico)
    assert made.in_flight == 0


def test_limits_that_a_reply_tells_hold_from_then_on():
    made = scheduler(lane(max_n=1))
    first = admitted(made)
    made.learn_limits(first, (), 0.0)
    made.learn_limits(first, (VendorLimit(kind="requests", limit=60, remaining=1),), 0.0)
    assert made.next(0.5) is None
    assert made.next(1.1) is not None
    assert made.next(1.1) is None
    assert "rate limit" in (made.lanes["m"].waiting or "")
