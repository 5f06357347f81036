"""One batch from its requests to its results: written down, submitted, waited for, booked.

What keeps it from being billed twice or lost:
- The batch and each of its requests at its worst case are on the disk before anything leaves; that it is about to be
  made is, too, before the call that makes it. So after a crash it is known whether the vendor may have it.
- That call is made again only once the vendor's list of batches was searched, whatever the vendor answered: it may
  have made the batch all the same. If the answer was lost and the batch isn't found, it stays counted at its worst case
  and is not made again under the same ids.
- Each result is booked by its own id, once (batch_results).
- Whatever ends the run, a batch that the vendor has goes on, and the next run takes what it brings.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from orchestrator.booking.booking import Attempt
from orchestrator.grammar import many
from orchestrator.ledger.writing.rows import BatchJobRow
from orchestrator.run.batches import patience
from orchestrator.run.batches.context import BatchContext, BatchWaits, GoesOn, Gone
from orchestrator.run.batches.job import BatchJob, Waiting, new_job, untimed
from orchestrator.run.batches.patience import Growing, Patience
from orchestrator.run.batches.results import Results
from orchestrator.scheduler.lane import Ticket
from orchestrator.sweep.types import Model
from orchestrator.text.command import command
from pricing.form import price_to_json
from pricing.types import Price
from providers.batch import BatchProvider, BatchState, VendorBatch
from providers.errors import (
    Lost,
    MayHaveCost,
    NotSent,
    Overloaded,
    ProviderError,
    RateLimited,
    Stopped,
    TooManySamples,
    Undone,
)

READS = 7
"""A finished batch is looked at so often, over 100 s, until it names results, and these until no request lacks one:
vendors name the files, and fill them, some time after the end. A request that still lacks one stays charged."""


class BatchLife:
    """Makes and finishes the batches of one model."""

    def __init__(self, model: Model, provider: BatchProvider, shared: BatchContext) -> None:
        self._model = model
        self._alias = model.alias
        self._provider = provider
        self._shared = shared
        self._ledger = shared.ledger
        self._known = shared.known[provider.server]
        self._waits = BatchWaits(model.alias, shared)
        self._results = Results(model.alias, provider, shared)

    async def make(self, tickets: Sequence[Ticket], price: str) -> None:
        """A new batch of these requests, to its end. Raises LedgerBroken."""
        job = new_job(self._ledger.new_batch_job_id(), self._alias, len(tickets))
        lines = await self._reserve(job, tickets, price)
        try:
            if job.open and await self._submit(job, lines):
                lines.clear()
                await self._finish(job)
        except GoesOn:
            pass
        finally:
            self._leave(job)

    async def resume(self, job: BatchJob) -> None:
        """A batch that an earlier run left, to its end. Raises LedgerBroken."""
        try:
            if job.vendor_batch is None and job.open and not await self._search(job):
                await self._give_up(job, _not_made(job), "not found")
                return
            await self._finish(job)
        except GoesOn:
            pass
        finally:
            self._leave(job)

    def _leave(self, job: BatchJob) -> None:
        """What is not booked stays reserved."""
        if not job.open:
            return
        for waiting in job.open.values():
            self._shared.scheduler.leave(waiting.ticket)
        job.open.clear()
        self._shared.on_warning(
            self._alias,
            f"a batch goes on at the vendor: the next run takes what it brings (or {command('cancel SWEEP')} ends it)",
        )

    # -- making it --------------------------------------------------------------------------------------------------

    async def _reserve(self, job: BatchJob, tickets: Sequence[Ticket], price: str) -> list[bytes]:
        """Writes the batch and its requests down, and gives their lines. A request that can't be written is refused
        by itself."""
        sampling = self._shared.sampling
        lines: list[bytes] = []
        requests: list[tuple[Ticket, Attempt]] = []
        refused: list[tuple[Waiting, ProviderError]] = []
        for ticket in map(untimed, tickets):
            attempt = sampling.attempt(ticket, server=self._provider.server)
            requests.append((ticket, attempt))
            waiting = Waiting(ticket=ticket, attempt=attempt)
            name = job.add(waiting)
            try:
                lines.append(self._provider.line(name, sampling.request(ticket)))
            except ProviderError as error:
                del job.open[name]
                refused.append((waiting, error))
        job.size = len(lines)
        row = BatchJobRow(
            batch_job_id=job.id,
            run_id=self._ledger.state.run_id,
            model_id=self._ledger.state.models[self._alias].model_id,
            marker=job.marker,
            requests=job.size,
            price=price,
            prepared_at=time.time(),
        )
        try:
            await self._shared.sender.reserve_together(row, requests)
        except BaseException:
            self._leave(job)
            raise
        for waiting, error in refused:
            await self._shared.sender.failed(waiting.ticket, waiting.attempt, error)
        if not job.open:
            await self._ledger.end_batch(job.id, "no request could be written")
        return lines

    async def _submit(self, job: BatchJob, lines: list[bytes]) -> bool:
        """Whether the vendor has it. Where not, all of its requests are free (or presumed, if nobody can tell)."""
        backoff = Patience(self._model.max_wait_s)
        request = self._shared.sampling.request(next(iter(job.open.values())).ticket)
        uploaded: str | None = None
        while True:
            if self._shared.scheduler.draining:
                return await self._not_sent(job)
            try:
                if uploaded is None:
                    uploaded = await self._provider.upload(lines, job.marker)
            except ProviderError as error:
                failure = error  # nothing was begun: whatever it was, it is free
            else:
                await self._ledger.submitting(job.id)
                job.submitting_at, job.refused = time.time(), False
                try:
                    await self._has(job, await self._provider.create(uploaded, lines, job.marker, request))
                except ProviderError as error:
                    failure = error
                else:
                    return True
                if _may_be_made_again(failure):
                    if await self._made_all_the_same(job, failure):
                        return True
                    if not job.refused:
                        await self._give_up(job, failure, "not found")
                        return False
                job.submitting_at = None
                await self._ledger.withdrawn(job.id)
            wait = None
            if isinstance(failure, (RateLimited, Overloaded, NotSent, Lost)):
                wait = backoff.wait(self._shared.clock(), failure.retry_after_s)
            if wait is None:
                await self._give_up(job, _for_all(failure), "refused")
                return False
            await self._waits.pause(wait)

    async def _has(self, job: BatchJob, batch: VendorBatch) -> None:
        job.vendor_batch = batch.id
        self._known.add(batch.id)
        await self._ledger.submitted(job.id, batch.id)

    async def _not_sent(self, job: BatchJob) -> bool:
        for name in list(job.open):
            waiting = job.open.pop(name)
            await self._shared.sender.not_sent(waiting.ticket, waiting.attempt, "the run was ending")
        await self._ledger.end_batch(job.id, "never submitted")
        return False

    async def _made_all_the_same(self, job: BatchJob, error: ProviderError) -> bool:
        """The call that creates it left and got no batch in return. Whether the vendor has it all the same."""
        if error.outcome is MayHaveCost.FREE:
            job.refused = True
            await self._ledger.refused_batch(job.id, error.kind)
        said = f"a batch may not have been created, looking for it at the vendor: {error.message}"
        self._shared.on_warning(self._alias, said)
        return await self._search(job)

    async def _search(self, job: BatchJob) -> bool:
        """Looks for a batch that may have been made, in the vendor's list, until it is there, or long enough and in
        enough readings isn't: time alone tells nothing where this machine slept. Whether it is there."""
        assert job.submitting_at is not None
        backoff, waits = Patience(self._model.max_wait_s), Growing()
        first: float | None = None
        readings = 0
        while True:
            try:
                found = await self._provider.find(
                    job.marker, size=job.size, since=job.submitting_at, known=self._known
                )
            except ProviderError as error:
                await self._waits.sleep(self._waits.after(job, error, backoff))
                continue
            backoff.answered()
            if found.batch is not None:
                await self._has(job, found.batch)
                return True
            now = self._shared.clock()
            first = now if first is None else first
            waited = time.time() - job.submitting_at
            if found.undecided:  # one that has just ended may not name its results yet
                readings, enough = 0, waited > patience.LIFE_S
            else:
                readings += 1
                longest = patience.LISTED_S if job.refused else patience.FIND_S
                fewest = 2 if job.refused and found.silent is None else patience.READINGS
                enough = readings >= fewest and now - first >= patience.LISTED_S and waited > longest
            if enough:
                if found.silent is None:
                    return False
                await self._has(job, found.silent)  # what it doesn't speak of stays charged
                return True
            await self._waits.sleep(waits.next())

    # -- waiting for it ---------------------------------------------------------------------------------------------

    async def _finish(self, job: BatchJob) -> None:
        if not job.open:  # all was booked when the earlier run ended
            await self._ledger.end_batch(job.id, "done")
            return
        assert job.vendor_batch is not None
        if self._shared.cancelling:
            await self._cancel(job.vendor_batch)
        try:
            batch = await self._ended(job, job.vendor_batch)
            if batch.state is BatchState.REFUSED:
                await self._refused(job, batch)
                return
            await self._take(job, batch)
        except Gone as gone:
            await self._give_up(job, Lost(f"its batch is not to be had any more: {gone}"), "gone")
        else:
            await self._ledger.end_batch(job.id, batch.said or "ended")

    async def _cancel(self, vendor_batch: str) -> None:
        try:
            await self._provider.cancel(vendor_batch)
        except ProviderError as error:  # such as: it has ended by now
            self._shared.on_warning(self._alias, f"a batch could not be cancelled: {error.message}")

    async def _ended(self, job: BatchJob, vendor_batch: str) -> VendorBatch:
        backoff, waits = Patience(self._model.max_wait_s), Growing()
        while True:
            try:
                batch = await self._provider.look(vendor_batch)
            except ProviderError as error:
                await self._waits.sleep(self._waits.after(job, error, backoff))
                continue
            backoff.answered()
            if batch.state is not BatchState.WORKING:
                return batch
            await self._waits.sleep(waits.next())

    # -- taking what it brought -------------------------------------------------------------------------------------

    async def _take(self, job: BatchJob, batch: VendorBatch) -> None:
        backoff, waits = Patience(self._model.max_wait_s), Growing()
        tries = unnamed = reads = 0
        while True:
            tries += 1
            try:
                if tries > 1:  # it may name its files only now
                    batch = await self._provider.look(batch.id)
                lines = await self._provider.results(batch, lenient=tries >= READS)
                await self._results.book(job, lines)
            except ProviderError as error:
                await self._waits.sleep(self._waits.after(job, error, backoff))
                continue
            backoff.answered()
            reads, unnamed = (reads + 1, unnamed) if batch.results else (reads, unnamed + 1)
            if not job.open or max(reads, unnamed) >= READS:
                break
            await self._waits.sleep(waits.next())
        if job.open:
            missing = Lost(
                f"missing from its batch, which the vendor calls {batch.said}, after {many(reads + unnamed, 'check')}"
            )
            await self._results.end_all(job, missing)

    # -- where it came to nothing -----------------------------------------------------------------------------------

    async def _refused(self, job: BatchJob, batch: VendorBatch) -> None:
        error = batch.refusal or Stopped("the vendor refused the batch, and does not say why")
        if isinstance(error, RateLimited):
            if self._shared.refused_size(self._alias, job.size):
                wait = min(patience.QUEUE_S, self._model.max_wait_s)
                error = RateLimited(error.message, retry_after_s=wait)
            else:
                error = Stopped(f"{error.message} (a single request is more than the vendor enqueues)")
        await self._give_up(job, _for_all(error), "refused")

    async def _give_up(self, job: BatchJob, error: ProviderError, outcome: str) -> None:
        await self._results.end_all(job, error)
        await self._ledger.end_batch(job.id, outcome)


def _for_all(error: ProviderError) -> ProviderError:
    """A refusal of the whole batch, as it bears on each of its requests: none was done, so all are free; and what no
    wait mends stops the model, since the next batch would be refused too."""
    if isinstance(error, (RateLimited, TooManySamples)):
        return error
    return Stopped(error.message, status=error.status, request_id=error.request_id)


def _may_be_made_again(failure: ProviderError) -> bool:
    """Whether what follows an answer to the making of a batch would ask the vendor for its requests once more."""
    return isinstance(failure, (Lost, RateLimited, Overloaded, TooManySamples))


def _not_made(job: BatchJob) -> ProviderError:
    """A batch that the vendor does not have, as it bears on each of its requests."""
    if job.refused:
        return Undone("the vendor refused to create its batch, and does not list it")
    return Lost("the vendor does not list its batch")


def price_text(price: Price) -> str:
    """A price as a batch's row keeps it."""
    return json.dumps(price_to_json(price))
