"""What the batches of all models share: whom they notify, how they wait, and when they leave a batch to the next
run."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import Settlement
from orchestrator.run.batches import patience
from orchestrator.run.batches.job import BatchJob
from orchestrator.run.batches.patience import Patience
from orchestrator.run.sampling import Sampling
from orchestrator.scheduler.lane import Ticket
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.sender import Sender
from providers.errors import Lost, NotSent, Overloaded, ProviderError, RateLimited


class Gone(Exception):  # noqa: N818 - reads as what it is
    """The vendor kept its results for a month, and no longer."""


class GoesOn(Exception):  # noqa: N818 - reads as what it is
    """The run no longer waits for this batch; the vendor has it, and the next run collects its results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchContext:
    """What the batches of all models work with. `arrived` takes the samples just recorded; `leaving` is set once the
    run ends; `known`: by server, ids of batches that are accounted for."""

    scheduler: Scheduler
    ledger: Ledger
    sender: Sender
    sampling: Sampling
    arrived: Callable[[Ticket, Settlement], Awaitable[None]]
    on_warning: Callable[[str, str], None]
    clock: Callable[[], float]
    leaving: asyncio.Event
    cancelling: bool
    known: dict[str, set[str]]
    refused_size: Callable[[str, int], bool]
    """(alias, requests): so many were too many for the vendor's queue. Whether fewer may do."""


class BatchWaits:
    """How one model's batches wait for their vendor."""

    def __init__(self, alias: str, shared: BatchContext) -> None:
        self._alias = alias
        self._shared = shared

    def after(self, job: BatchJob, error: ProviderError, backoff: Patience) -> float:
        """Asking costs nothing, so it is asked again; but not for ever, and not with a key that is refused. The batch
        then goes on without us. Raises GoesOn, and Gone for what no vendor keeps so long."""
        if error.status == 404 and time.time() - (job.submitting_at or 0.0) > patience.GONE_S:
            raise Gone(error.message)
        wait = None
        if isinstance(error, (RateLimited, Overloaded, NotSent, Lost)):
            wait = backoff.wait(self._shared.clock(), error.retry_after_s)
        if wait is None:
            reason = f"its batches can't be looked at: {error.message}"
            self._shared.scheduler.stop(self._alias, reason)
            raise GoesOn
        return wait

    async def sleep(self, seconds: float) -> None:
        """While the vendor works. Raises GoesOn once the run ends."""
        await self.pause(seconds)
        if self._shared.leaving.is_set():
            raise GoesOn

    async def pause(self, seconds: float) -> None:
        """Until the time is over, or the run ends."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._shared.leaving.wait()
