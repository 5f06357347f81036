"""What the scheduler admits is sent until nothing can go on; told to end, nothing more goes and what flies may land."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.errors import InputError, LedgerBroken
from orchestrator.scheduler.lane import Ticket
from orchestrator.scheduler.limits.rates import Estimate, RateLimit
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.dispatcher import Dispatcher, as_one_error
from providers.transport.awake import elapsed_ns
from tests.orchestrator.scheduler.lanes import lane, scheduler

pytestmark = pytest.mark.timeout(20)


class Sent:
    """Performs tickets: each takes a moment, and is told to the scheduler."""

    def __init__(self, made: Scheduler, *, takes_s: float = 0.0, **options: Any) -> None:
        self.scheduler = made
        self.takes_s = takes_s
        self.tickets: list[Ticket] = []
        self.cancelled = 0
        self.options = options
        self.dispatcher: Dispatcher
        """From `run` on."""
        self.on_ticket: Callable[[], None] = lambda: None

    async def perform(self, ticket: Ticket) -> None:
        self.tickets.append(ticket)
        self.on_ticket()
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.scheduler.replied(ticket, ticket.sent_at, settled=1, arrived=ticket.n)

    def run(self, first: tuple[Any, ...] = ()) -> None:
        async def main() -> None:
            self.dispatcher = Dispatcher(self.scheduler, (), perform=self.perform, **self.options)
            async with asyncio.TaskGroup() as group:
                await self.dispatcher.run(group, first)
            await self.dispatcher.close()

        asyncio.run(main())


def test_all_is_sent_and_then_it_is_over():
    sent = Sent(scheduler(lane(problems=3, samples=4), lane("b", problems=1, samples=2)))
    sent.run()
    assert sum(ticket.n for ticket in sent.tickets) == 14
    assert sent.scheduler.in_flight == 0
    assert not sent.dispatcher.interrupted


def test_what_the_end_of_one_request_lets_go_goes_at_once():
    sent = Sent(scheduler(lane(rate=RateLimit(concurrency=1))), takes_s=0.01)
    sent.run()
    assert sum(ticket.n for ticket in sent.tickets) == 8


def test_a_rate_limit_is_waited_for():
    sent = Sent(scheduler(lane(problems=1, samples=2, max_n=1, rate=RateLimit(requests=600))))
    began = elapsed_ns() / 1e9
    made = sent.scheduler.lanes["m"].rate
    made.debit(0, Estimate(input_tokens=0, output_tokens=0), began - 0.01)
    made.refused(0, began - 0.01, began, wait_s=0.2)
    made.refused(0, began - 0.01, began, wait_s=0.2)
    made.in_flight = 0
    sent.run()
    assert sent.tickets[0].sent_at >= began + 0.2
    assert len(sent.tickets) == 2


def test_draining_lets_what_flies_land_and_sends_nothing_more():
    sent = Sent(scheduler(lane(rate=RateLimit(concurrency=2))), takes_s=0.05)
    sent.on_ticket = lambda: sent.dispatcher.drain(grace_s=5, note="enough")
    sent.run()
    assert len(sent.tickets) == 2
    assert (sent.cancelled, sent.scheduler.in_flight) == (0, 0)
    assert (sent.dispatcher.interrupted, sent.dispatcher.note, sent.dispatcher.abandoned) == (
        True,
        "enough",
        False,
    )


def test_after_the_grace_what_still_flies_is_ended():
    sent = Sent(scheduler(lane(problems=1, samples=1)), takes_s=10)
    sent.on_ticket = lambda: sent.dispatcher.drain(grace_s=0.05, note="enough")
    began = time.monotonic()
    sent.run()
    assert 0.05 <= time.monotonic() - began < 5
    assert (sent.cancelled, sent.scheduler.in_flight) == (1, 1)


def test_abandoning_ends_it_at_once_and_leaves_its_money_held():
    sent = Sent(scheduler(lane(problems=1, samples=1)), takes_s=10)
    sent.on_ticket = lambda: sent.dispatcher.abandon()
    sent.run()
    assert (sent.cancelled, sent.dispatcher.abandoned) == (1, True)
    assert sent.scheduler.budget.reserved == sent.tickets[0].worst_pico


def test_while_it_is_held_back_nothing_is_admitted_and_while_busy_it_is_not_over():
    held = True
    sent = Sent(
        scheduler(lane(problems=1, samples=1)),
        held_back=lambda: held,
        busy=lambda: held,
        others_at=lambda: at,
    )
    at = elapsed_ns() / 1e9 + 0.05

    async def let_go() -> None:
        nonlocal held
        await asyncio.sleep(0.05)
        assert sent.tickets == []
        held = False

    sent.run((let_go(),))
    assert len(sent.tickets) == 1


def test_what_else_is_to_be_done_is_done_beside():
    done: list[int] = []

    async def other(number: int) -> None:
        done.append(number)

    waiting = [1, 2]
    sent = Sent(
        scheduler(lane(problems=1, samples=1)), others=lambda _: [other(waiting.pop())] if waiting else []
    )
    sent.run()
    assert done == [2, 1]


def test_a_ticket_that_is_taken_elsewhere_starts_nothing_here():
    made = scheduler(lane(problems=1, samples=2, max_n=1))
    taken: list[Ticket] = []

    async def main() -> None:
        def perform(ticket: Ticket) -> None:
            taken.append(ticket)
            made.replied(ticket, 0.0, settled=1, arrived=1)

        dispatcher = Dispatcher(made, (), perform=perform)
        async with asyncio.TaskGroup() as group:
            await dispatcher.run(group)

    asyncio.run(main())
    assert len(taken) == 2


def test_without_money_it_ends_though_samples_are_lacking():
    sent = Sent(scheduler(lane(problems=1, samples=8, max_n=1), total=115))
    sent.run()
    assert len(sent.tickets) == 6, "one settles at 1 each, and the last leaves 109 of 110"
    assert sent.scheduler.lanes["m"].out_of_money


@pytest.mark.parametrize("error", [LedgerBroken("l.db", "disk full"), InputError("l.db", "is held")])
def test_a_ledger_that_breaks_for_many_tasks_is_one_error(error):
    async def broken() -> None:
        raise error

    async def main() -> None:
        async with asyncio.TaskGroup() as outer, asyncio.TaskGroup() as inner:
            outer.create_task(asyncio.sleep(0))
            inner.create_task(broken())

    with pytest.raises(type(error)) as caught:
        asyncio.run(as_one_error(main()))
    assert caught.value is error


def test_any_other_error_stays_as_it_is():
    async def main() -> None:
        raise ExceptionGroup("two", [ValueError("a"), KeyError("b")])

    with pytest.raises(ExceptionGroup, match="two"):
        asyncio.run(as_one_error(main()))
