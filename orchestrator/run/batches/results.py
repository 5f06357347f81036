"""From a batch's results to the ledger: each is booked by its own id, once, in one transaction with its samples, and
only while its request is open. So results that come twice, or that are fetched again after a crash, change nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from orchestrator.booking.booking import book
from orchestrator.ledger.writing.rows import Settlement
from orchestrator.run.batches.context import BatchContext
from orchestrator.run.batches.job import BatchJob, Waiting
from providers.batch import BatchProvider, ResultLine, is_of
from providers.errors import MayHaveCost, ProviderError

BOOKED_AT_ONCE = 200
"""Results that go into one commit."""


class Results:
    """Books the results of one model's batches."""

    def __init__(self, alias: str, provider: BatchProvider, shared: BatchContext) -> None:
        self._alias = alias
        self._provider = provider
        self._shared = shared

    async def book(self, job: BatchJob, lines: Iterable[ResultLine]) -> None:
        group: list[ResultLine] = []
        for line in lines:
            if not is_of(job.marker, line.custom_id):
                self._shared.on_warning(
                    self._alias, "a batch brought a result that nobody asked for: passed over"
                )
                continue
            group.append(line)
            if len(group) == BOOKED_AT_ONCE:
                await asyncio.gather(*(self._book_one(job, one) for one in group))
                group.clear()
        await asyncio.gather(*(self._book_one(job, one) for one in group))

    async def _book_one(self, job: BatchJob, line: ResultLine) -> None:
        waiting = job.open.get(line.custom_id)
        if waiting is None:
            return  # booked already
        try:
            reply = self._provider.read(line, len(waiting.attempt.indices))
        except ProviderError as error:
            await self._failed(job, line.custom_id, error)
            return
        # From here to the ledger's queue there is no wait, so that it is open, or booked, and nothing between.
        del job.open[line.custom_id]
        booked = book(reply, waiting.attempt, time.time())
        if waiting.aside:
            await self._book_aside(waiting, booked.outcome)
            return
        outcome = await self._shared.sender.replied(waiting.ticket, waiting.attempt, booked, reply)
        await self._shared.arrived(waiting.ticket, outcome)

    async def _failed(self, job: BatchJob, name: str, error: ProviderError) -> None:
        waiting = job.open.pop(name)
        if not waiting.aside:
            await self._shared.sender.failed(waiting.ticket, waiting.attempt, error)
            return
        unknown = error.outcome is MayHaveCost.UNKNOWN
        worst = waiting.attempt.worst_pico
        outcome = Settlement(
            request_id=waiting.attempt.request_id,
            model_id=waiting.attempt.model_id,
            state="presumed" if unknown else "free",
            reserved_pico=worst,
            presumed_pico=worst if unknown else 0,
            cost_basis="none",
            error=type(error).__name__,
            error_message=error.message,
            ended_at=time.time(),
        )
        await self._book_aside(waiting, outcome)

    async def _book_aside(self, waiting: Waiting, outcome: Settlement) -> None:
        self._shared.scheduler.booked_aside(
            waiting.ticket,
            self._shared.clock(),
            settled=outcome.settled_pico,
            presumed=outcome.presumed_pico,
        )
        await self._shared.ledger.end(outcome)

    async def end_all(self, job: BatchJob, error: ProviderError) -> None:
        await asyncio.gather(*(self._failed(job, name, error) for name in list(job.open)))
