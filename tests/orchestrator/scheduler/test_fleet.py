"""Several servers of one model: least work first, prompts kept where they are cached, the tail shared out."""

from __future__ import annotations

from collections import Counter

import pytest

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.admission import LOADS
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.scheduler.endpoints import OPENS_AFTER, Endpoint, least_loaded, patience
from orchestrator.scheduler.lane import Bound, ModelLane, Ticket
from orchestrator.scheduler.limits.rates import RateLimit
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.scheduler.work import Work
from providers.errors import Loading, NotSent, Overloaded
from tests.orchestrator.scheduler.lanes import lane, scheduler


def fleet(
    servers: int, *, problems: int, samples: int, max_n: int, sequences: int = 256, rounds: bool = False
) -> Scheduler:
    states = [ProblemState() for _ in range(problems)]
    lane = ModelLane(
        alias="m",
        work=Work(states, samples=samples, max_n=max_n, rounds=rounds, until_solved=False),
        endpoints=[Endpoint(server=f"s{i}", sequences=sequences) for i in range(servers)],
        rate=RateLimit(),
        bounds=[None] * problems,
        max_tokens=100,
        expected_output_tokens=40,
        max_attempts=3,
        max_wait_s=600,
    )
    bound = Bound(fixed=1, sample=1, input_tokens=50)
    return Scheduler(
        {"m": lane}, Budget(10**9, {"m": Funds(weight=1)}, shared=False), lambda _, __: bound, seed=1
    )


def admitted(scheduler: Scheduler, now: float = 0.0) -> list[Ticket]:
    tickets: list[Ticket] = []
    while (ticket := scheduler.next(now)) is not None:
        tickets.append(ticket)
    return tickets


def test_the_tail_is_shared_out():
    """One problem, 64 samples, four servers that take 128 each: a quarter for each, not all for one."""
    tickets = admitted(fleet(4, problems=1, samples=64, max_n=128))
    assert Counter(t.endpoint for t in tickets) == {0: 1, 1: 1, 2: 1, 3: 1}
    assert sum(t.n for t in tickets) == 64
    assert max(t.n for t in tickets) - min(t.n for t in tickets) <= 12


def test_packing_stays_where_there_is_enough_for_all():
    scheduler = fleet(2, problems=100, samples=64, max_n=64)
    tickets = admitted(scheduler)
    assert {t.n for t in tickets} == {64}
    assert Counter(t.endpoint for t in tickets) == {0: 4, 1: 4}


def test_a_problem_s_later_samples_go_where_its_prompt_is_cached():
    scheduler = fleet(3, problems=30, samples=16, max_n=4, sequences=40)
    homes: dict[int, int] = {}
    kept = moved = 0
    now = 0.0
    open_tickets: list[Ticket] = []
    while True:
        open_tickets += admitted(scheduler, now)
        if not open_tickets:
            break
        ticket = open_tickets.pop(0)
        if ticket.item.problem in homes:
            kept += homes[ticket.item.problem] == ticket.endpoint
            moved += homes[ticket.item.problem] != ticket.endpoint
        homes[ticket.item.problem] = ticket.endpoint
        now += 0.1
        scheduler.replied(ticket, now, settled=0, arrived=ticket.n)
    assert scheduler.lanes["m"].work.lacking() == 0
    assert kept > 3 * moved


@pytest.mark.parametrize(
    ("home_samples", "other_samples", "n", "chosen"),
    [(0, 0, 4, "home"), (4, 0, 4, "home"), (5, 0, 4, "other"), (60, 0, 4, "other"), (62, 61, 4, None)],
)
def test_home_has_no_more_than_its_due(home_samples, other_samples, n, chosen):
    home = Endpoint(server="home", sequences=64, samples=home_samples)
    other = Endpoint(server="other", sequences=64, samples=other_samples)
    found = least_loaded([other, home], n, 0.0, home=home)
    assert (None if found is None else found.server) == chosen


def test_a_queue_lowers_the_ceiling_and_its_absence_raises_it():
    endpoint = Endpoint(server="s", sequences=256, samples=200)
    endpoint.learn_queue(waiting=72)
    assert endpoint.ceiling == 128
    assert not endpoint.takes(1)
    endpoint.samples = 100
    assert endpoint.takes(28)
    for _ in range(10):
        endpoint.learn_queue(waiting=0)
    assert endpoint.ceiling is None
    endpoint.samples = 0
    endpoint.learn_queue(waiting=5)
    assert endpoint.takes(1), "an empty server takes something"


def test_what_waits_to_be_asked_is_counted():
    scheduler = fleet(2, problems=5, samples=7, max_n=3)
    work = scheduler.lanes["m"].work
    assert work.unasked == 35
    tickets = admitted(scheduler)
    assert work.unasked == 0
    scheduler.dropped(tickets[0], 0.0)
    assert work.unasked == tickets[0].n


@pytest.mark.parametrize(("answered", "patience_s"), [(False, 15), (True, 120)])
def test_a_dead_server_is_given_up_after_a_while(answered, patience_s):
    endpoint = Endpoint(server="s")
    if answered:
        endpoint.sent(1)
        endpoint.ended(1, 90.0, alive=True)
    for failure in range(4):
        endpoint.sent(1)
        endpoint.ended(1, 100.0 + failure, alive=False)
    assert endpoint.opened
    assert not endpoint.dead(100.0 + patience_s - 0.1)
    assert endpoint.dead(100.0 + patience_s)


def test_a_reply_to_an_older_request_does_not_reopen_a_server():
    endpoint = Endpoint(server="s")
    endpoint.sent(1)
    endpoint.ended(1, 1.0, alive=True, sent_at=0.0)
    for _ in range(OPENS_AFTER):
        endpoint.sent(1)
        endpoint.ended(1, 10.0, alive=False, sent_at=9.9)
    endpoint.ended(1, 10.2, alive=True, sent_at=9.0)
    assert endpoint.usable_at(10.3) == 11.0
    endpoint.sent(1)
    endpoint.ended(1, 12.0, alive=True, sent_at=11.0)
    assert endpoint.usable_at(12.0) == 12.0


def test_a_server_is_not_given_up_while_a_request_finds_out():
    endpoint = Endpoint(server="s")
    endpoint.sent(1)
    endpoint.ended(1, 0.0, alive=False)
    endpoint.sent(1)
    assert not endpoint.dead(1_000.0)
    endpoint.ended(1, 1_000.0, alive=False)
    assert endpoint.dead(1_000.0)


@pytest.mark.parametrize(
    ("error", "waits_s"),
    [
        (Overloaded("busy", status=503), 120.0),
        (Overloaded("busy", status=503, retry_after_s=200.0), 400.0),
        (Overloaded("busy", status=503, retry_after_s=900.0), 600.0),
        (Loading("loading", status=503), 600.0),
        (NotSent("no connection"), None),
        (None, None),
    ],
)
def test_who_says_that_it_is_busy_is_waited_for(error, waits_s):
    assert patience(error, max_wait_s=600.0) == waits_s


def test_a_probe_answered_by_a_clock_that_jumped_back_is_not_awaited_for_ever():
    endpoint = Endpoint(server="a")
    endpoint.sent(1)
    endpoint.ended(1, 100.0, alive=False, sent_at=99.0)
    assert endpoint.opened
    endpoint.sent(1)
    assert endpoint.usable_at(200.0) is None
    endpoint.ended(1, 50.0, alive=True, sent_at=49.0)
    assert endpoint.usable_at(200.0) == 200.0


def test_a_server_that_loads_its_model_is_not_called_down():
    for error, words in ((Loading("Loading model", status=503), LOADS), (NotSent("refused"), "server down")):
        made = scheduler(lane(problems=4, samples=1, max_n=1))
        ticket = made.next(0.0)
        assert ticket is not None
        made.failed(ticket, 0.1, error)
        assert made.next(0.2) is None
        assert (made.lanes["m"].waiting or "").startswith(words)
