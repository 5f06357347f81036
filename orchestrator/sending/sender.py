"""One admitted request from reservation to booking: reserve, send, settle, decide what follows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from orchestrator.booking.booking import Attempt, Booked, book
from orchestrator.booking.server_share import Share
from orchestrator.booking.without_reply import ended_badly, free, lease_over
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import BatchJobRow, Reservation, Settlement
from orchestrator.scheduler.lane import Ticket
from orchestrator.scheduler.rates import Estimate
from orchestrator.scheduler.retry import Then
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.scheduler.work import runs
from orchestrator.sending.caller import Caller
from orchestrator.sending.paid_servers import LeaseOver, PaidServer
from providers.errors import MayHaveCost, ProviderError, TooManySamples
from providers.reading.rate_limits import vendor_limits
from providers.types import Reply

NewPrompt = tuple[int, str, str]


class Sender:
    """The only caller of the ledger's reservations and of the retry policy. `callers`: by model. `on_warning` hears
    what is worth a line."""

    def __init__(
        self,
        scheduler: Scheduler,
        ledger: Ledger,
        callers: Mapping[str, Caller],
        *,
        servers: Mapping[tuple[str, int], PaidServer],
        clock: Callable[[], float],
        on_warning: Callable[[str, str], None],
    ) -> None:
        self._scheduler = scheduler
        self._ledger = ledger
        self._callers = callers
        self._servers = servers
        self._clock = clock
        self._on_warning = on_warning

    async def perform(self, ticket: Ticket) -> Settlement | None:
        """Makes one HTTP attempt and books it. Gives what was booked, None where it brought nothing. Raises
        LedgerBroken."""
        caller = self._callers[ticket.alias]
        server = self._servers.get((ticket.alias, ticket.endpoint))
        attempt = caller.attempt(ticket, lease_id=server.lease_id if server else None)
        if not await self._reserve(ticket, attempt, server):
            return None
        try:
            if server is None:
                reply = await caller.send(ticket)
            else:
                async with server.working(ticket.number, ticket.n):
                    reply = await caller.send(ticket)
        except LeaseOver:
            assert server is not None
            await self._ended_early(ticket, attempt, server.share(ticket.number))
            return None
        except ProviderError as error:
            share = None if server is None else server.share(ticket.number)
            return await self.failed(ticket, attempt, error, share)
        self._scheduler.learn_limits(ticket.alias, vendor_limits(reply.rate_headers), self._clock())
        share = None if server is None else server.share(ticket.number)
        return await self.replied(ticket, attempt, book(reply, attempt, time.time(), share=share), reply)

    # -- reserve ----------------------------------------------------------------------------------------------------

    async def _reserve(self, ticket: Ticket, attempt: Attempt, server: PaidServer | None) -> bool:
        """Makes the reservation durable. False where the run began to drain meanwhile, the server's time can't be
        paid, or a reply has shown meanwhile that as much does not cover it: it is free again."""
        await self._ledger.reserve(*self._reservation(ticket, attempt))
        paid = server is None or await server.ready()
        covered = self._scheduler.covers(ticket)
        if paid and covered and not self._scheduler.draining:
            return True
        why = "the run was ending"
        if not paid:
            why = "the budget does not cover the server's next half minute"
        elif not covered:
            why = "its model stopped, or its worst case was raised"
        await self.not_sent(ticket, attempt, why)
        return False

    async def reserve_together(self, job: BatchJobRow, requests: Iterable[tuple[Ticket, Attempt]]) -> None:
        """The same for all requests of a vendor's batch at once, with the intent to make it."""
        rows = [self._reservation(*request, batch_job_id=job.batch_job_id) for request in requests]
        new_prompts = [new for _, new in rows if new is not None]
        await self._ledger.reserve_batch(job, [row for row, _ in rows], new_prompts)

    def _reservation(
        self, ticket: Ticket, attempt: Attempt, *, batch_job_id: int | None = None
    ) -> tuple[Reservation, NewPrompt | None]:
        """What is to be written before the request leaves; and its prompt, where that is new to the ledger."""
        prompt = self._callers[ticket.alias].prompt(ticket)
        prompt_id, new = self._ledger.prompt_id(prompt.sha)
        reservation = Reservation(
            request_id=attempt.request_id,
            run_id=self._ledger.state.run_id,
            model_id=attempt.model_id,
            problem_id=attempt.problem_id,
            prompt_id=prompt_id,
            attempt=ticket.item.attempt,
            indices=attempt.indices,
            max_tokens=attempt.max_tokens,
            reserved_pico=ticket.worst_pico,
            server=attempt.server,
            reserved_at=time.time(),
            batch_job_id=batch_job_id,
        )
        return reservation, (prompt_id, prompt.sha, prompt.body()) if new else None

    # -- settle, and decide what follows ----------------------------------------------------------------------------

    async def replied(self, ticket: Ticket, attempt: Attempt, booked: Booked, reply: Reply) -> Settlement:
        """Memory first, then the ledger, in one step without a wait between: what is freed here can be reserved anew
        only in the same transaction or a later one, and a reply above its bound is held against the budget before
        anything else is admitted."""
        alias, caller = ticket.alias, self._callers[ticket.alias]
        if booked.unbounded is not None:
            self._scheduler.stop(alias, booked.unbounded, unbounded=True)
        if (holds := booked.shows_bound(attempt)) is not None:
            self._scheduler.showed_bound(alias, holds)
        raised = None
        if booked.extra_input_tokens:
            self._on_warning(
                alias, "a reply with more input than its bound: booked in full, the bound is raised"
            )
            raised = caller.more_input(ticket, attempt, booked.extra_input_tokens)
            if raised is not None:
                self._scheduler.forget_bounds(alias)
        if booked.cost_ratio > attempt.cost_ratio:
            caller.more_cost(ticket, booked.cost_ratio)
            self._scheduler.forget_bounds(alias)
        kept = caller.replied(ticket, attempt, booked, reply)
        outcome = kept.outcome
        used = None
        if outcome.prompt_tokens is not None and outcome.completion_tokens is not None:
            used = Estimate(input_tokens=outcome.prompt_tokens, output_tokens=outcome.completion_tokens)
        for_good = self._scheduler.replied(
            ticket,
            self._clock(),
            settled=0 if outcome.lease_id is not None else outcome.settled_pico,
            presumed=outcome.presumed_pico,
            arrived=kept.arrived,
            missing=kept.missing,
            given_up=kept.given_up,
            used=used,
        )
        failures = caller.gave_up(ticket, attempt, runs(for_good), "missing", "not in the reply")
        if kept.max_n is not None:
            self._scheduler.lanes[alias].work.max_n = kept.max_n
        moved = await self._ledger.end(outcome, failures, overhead=raised, also=kept.also)
        if kept.max_n is not None:
            await self._ledger.learn_max_n(attempt.model_id, kept.max_n)
        if booked.warning:
            self._on_warning(alias, booked.warning)
        return _moved(outcome, moved)

    async def failed(
        self, ticket: Ticket, attempt: Attempt, error: ProviderError, share: Share | None = None
    ) -> Settlement:
        """Frees or presumes; a server's time is known, and settled, whatever became of the reply. A broken reply may
        have brought samples all the same."""
        caller = self._callers[ticket.alias]
        self._scheduler.learn_limits(ticket.alias, vendor_limits(error.rate_headers), self._clock())
        unknown = error.outcome is MayHaveCost.UNKNOWN and share is None
        presumed = attempt.worst_pico if unknown else 0
        outcome = caller.broke_off(ticket, ended_badly(attempt, error, share, unknown=unknown))
        kept = {row.sample_index for row in outcome.samples}
        decision, given_up = self._scheduler.failed(
            ticket, self._clock(), error, presumed=presumed, arrived=kept
        )
        failures = caller.gave_up(ticket, attempt, given_up, error.kind, error.message)
        moved = await self._ledger.end(outcome, failures)
        if isinstance(error, TooManySamples) and decision.then is Then.FEWER:
            await self._ledger.learn_max_n(attempt.model_id, self._scheduler.lanes[ticket.alias].work.max_n)
        if unknown:
            said = f"may have been billed; counted at the most it can cost: {error.message}"
            self._on_warning(ticket.alias, said)
        return _moved(outcome, moved)

    async def not_sent(self, ticket: Ticket, attempt: Attempt, why: str) -> None:
        """It never left: it is free, and still to be asked."""
        self._scheduler.dropped(ticket, self._clock())
        await self._ledger.end(free(attempt, error="NotSent", message=why))

    async def _ended_early(self, ticket: Ticket, attempt: Attempt, share: Share) -> None:
        """The lease ended: the server's time is paid, the samples were not made and are still to be asked."""
        self._scheduler.dropped(ticket, self._clock())
        await self._ledger.end(lease_over(attempt, share))


def _moved(outcome: Settlement, moved: Mapping[int, int]) -> Settlement:
    """`moved`: the new indices of samples whose own were taken."""
    if not moved:
        return outcome
    samples = (s._replace(sample_index=moved.get(s.sample_index, s.sample_index)) for s in outcome.samples)
    return replace(outcome, samples=tuple(samples))
