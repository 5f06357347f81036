"""The batches of a run: admitted requests are gathered, and go out together once no more are to be had.

The money is the scheduler's as ever: what is gathered has been admitted, and holds its worst case. A batch goes out
when it is full; or when its model has no other on its way and nothing more is to come before one lands: no verdict
that could reopen a problem, no retry that falls due within minutes. So a sweep whose money suffices is few large
batches, and one whose money is short is one after the other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import Settlement
from orchestrator.run.batches import patience
from orchestrator.run.batches.context import BatchContext
from orchestrator.run.batches.job import adopted
from orchestrator.run.batches.life import BatchLife, price_text
from orchestrator.run.prepare import Prepared
from orchestrator.run.sampling import Sampling
from orchestrator.scheduler.lane import ModelLane, Ticket
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.sender import Sender
from providers.batch import BatchProvider

MOST_REQUESTS = 2_000
"""A batch holds fewer requests than vendors take: its results are booked, and its money is free again, the sooner."""
MOST_SAMPLES = 20_000
MOST_BYTES = 32 << 20
BYTES_A_REQUEST = 1 << 10
"""Of a request's line, besides its prompt: a guess on the large side."""
MOST_IN_FLIGHT = 10
"""Batches of one model at its vendor."""

Life = Callable[[], Coroutine[Any, Any, None]]


class Batches:
    """`providers`: by alias, for models with batch = true and for those that have open batches from earlier."""

    def __init__(
        self,
        prepared: Prepared,
        scheduler: Scheduler,
        ledger: Ledger,
        sender: Sender,
        sampling: Sampling,
        providers: Mapping[str, BatchProvider],
        *,
        arrived: Callable[[Ticket, Settlement], Awaitable[None]],
        on_warning: Callable[[str, str], None],
        clock: Callable[[], float],
        cancelling: bool = False,
    ) -> None:
        self._prepared = prepared
        self._scheduler = scheduler
        self._ledger = ledger
        self._providers = providers
        self._clock = clock
        self._leaving = asyncio.Event()
        shared = BatchContext(
            scheduler=scheduler,
            ledger=ledger,
            sender=sender,
            sampling=sampling,
            arrived=arrived,
            on_warning=on_warning,
            clock=clock,
            leaving=self._leaving,
            cancelling=cancelling,
            known={provider.server: set() for provider in providers.values()},
            refused_size=self._refused_size,
        )
        self._shared = shared
        looks_once = replace(shared, leaving=asyncio.Event())
        looks_once.leaving.set()
        self._lives = {
            alias: BatchLife(
                prepared.sweep.models[alias],
                provider,
                looks_once if scheduler.lanes[alias].left_out else shared,
            )
            for alias, provider in providers.items()
        }
        self._most = dict.fromkeys(providers, MOST_REQUESTS)
        self._gathered: dict[str, list[Ticket]] = {
            alias: [] for alias in providers if prepared.sweep.models[alias].batch
        }
        self._out: Counter[str] = Counter()
        """Batches on their way, by alias."""
        self.wake_at: float | None = None
        """When to ask again what is ready, if not at the next event."""

    def takes(self, alias: str) -> bool:
        """Whether this model's requests go into batches."""
        return alias in self._gathered

    def add(self, ticket: Ticket) -> None:
        self._gathered[ticket.alias].append(ticket)

    def resumed(self) -> Iterator[Life]:
        """What becomes of the batches that an earlier run left open; each is to be run as a task."""
        now = self._clock()
        ordinals = {problem_id: ordinal for ordinal, problem_id in enumerate(self._ledger.state.problem_ids)}
        for alias, provider in self._providers.items():
            self._shared.known[provider.server] |= self._ledger.state.models[alias].vendor_batches
        for alias, provider in self._providers.items():
            for left in self._ledger.state.models[alias].open_jobs:
                job = adopted(left, alias, self._prepared, self._scheduler, ordinals, now, provider.server)
                yield self._counted(alias, partial(self._lives[alias].resume, job))

    def ready(self, now: float, *, settled: bool) -> Iterator[Life]:
        """The batches that are to go out now, each to be run as a task. `settled`: nothing more can be admitted before
        something happens."""
        self.wake_at = None
        for alias, tickets in self._gathered.items():
            lane = self._scheduler.lanes[alias]
            while tickets and self._out[alias] < MOST_IN_FLIGHT:
                if len(tickets) < self._most[alias] and not (settled and self._complete(lane, now)):
                    break
                n = self._fits(alias, tickets)
                chunk, self._gathered[alias] = tickets[:n], tickets[n:]
                tickets = self._gathered[alias]
                price = price_text(self._prepared.prices[alias])
                yield self._counted(alias, partial(self._lives[alias].make, chunk, price))

    def _complete(self, lane: ModelLane, now: float) -> bool:
        """Whether what is gathered is all that there will be for a while."""
        due = lane.work.next_at()
        if due is not None and now < due <= now + patience.HOLD_S:
            self.wake_at = due if self.wake_at is None else min(due, self.wake_at)
            return False
        in_flight = sum(ticket.n for ticket in lane.in_flight.values())
        if lane.sampling.verdicts_awaited() > in_flight:  # some have landed, and theirs may reopen a problem
            return False
        return not self._out[lane.alias] or lane.work.empty

    def _fits(self, alias: str, tickets: list[Ticket]) -> int:
        """How many of the first of these go into one batch."""
        provider = self._providers[alias]
        most = min(self._most[alias], provider.most_requests)
        room, samples = min(MOST_BYTES, provider.most_bytes), MOST_SAMPLES
        for n, ticket in enumerate(tickets[:most]):
            # JSON writes a byte as up to six.
            size = self._prepared.prompt_bytes(alias, ticket.item.problem)
            room -= 2 * size + BYTES_A_REQUEST
            samples -= ticket.n
            if n and (room < 0 or samples < 0):
                return n
        return min(most, len(tickets))

    def _counted(self, alias: str, life: Life) -> Life:
        """It counts as on its way from now on, not from when its task begins."""
        self._out[alias] += 1

        async def counted() -> None:
            try:
                await life()
            finally:
                self._out[alias] -= 1

        return counted

    def _refused_size(self, alias: str, size: int) -> bool:
        """The vendor's queue has no room for a batch of this size: while others of ours are in it, they may be why;
        else fewer are to be tried. False: it was a single request."""
        if self._out[alias] > 1:
            return True
        self._most[alias] = max(1, size // 2)
        return size > 1

    def says(self, alias: str) -> str | None:
        """What a model waits for, if that is its batches."""
        out = self._out[alias]
        return f"{out} batch{'es' if out > 1 else ''} at the vendor" if out else None

    def leave(self) -> None:
        """The run ends: what was gathered is dropped, and batches at their vendors go on without it."""
        self._leaving.set()
        for alias, tickets in self._gathered.items():
            for ticket in tickets:
                self._scheduler.dropped(ticket, self._clock())
            self._gathered[alias] = []

    def drop_stopped(self) -> None:
        """What was gathered for models that stopped meanwhile."""
        for alias, tickets in self._gathered.items():
            if tickets and self._scheduler.lanes[alias].stopped is not None:
                for ticket in tickets:
                    self._scheduler.dropped(ticket, self._clock())
                self._gathered[alias] = []
