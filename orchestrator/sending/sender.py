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
from orchestrator.scheduler.limits.rates import Estimate
from orchestrator.scheduler.retry import Then
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.caller import Caller
from orchestrator.sending.paid_servers import TimedServer
from providers.errors import MayHaveCost, NotSent, ProviderError, TooManySamples
from providers.reading.rate_limits import vendor_limits
from providers.transport.awake import Limit
from providers.types import Reply

NOT_PAID = "the budget does not cover the server's next half minute"
NewPrompt = tuple[int, str, str]


class Flight:
    """A request on its way. `limit` ends it from here: if its server's lease ends, or if it must not leave any
    more."""

    def __init__(
        self,
        ticket: Ticket,
        attempt: Attempt,
        server: TimedServer | None,
        left_s: Callable[[Flight], float | None],
    ) -> None:
        self.ticket = ticket
        self.attempt = attempt
        self.server = server
        # Where no server's time is paid, only `release` ends it: right before its block it was looked at.
        self.limit = Limit(lambda: left_s(self), looks_first=server is not None)
        self.left = False
        """Its first byte has left, so that it may be billed."""
        self.withheld: str | None = None
        """Why it was kept from leaving."""


class Sender:
    """The only caller of the ledger's reservations and of the retry policy. `callers`: by model. `on_warning` hears
    what is worth a line. `on_freed` is called once a reply's place and money are free, before that is on the disk: what
    goes next is then reserved in the same commit, and waits for one in place of two."""

    def __init__(
        self,
        scheduler: Scheduler,
        ledger: Ledger,
        callers: Mapping[str, Caller],
        *,
        servers: Mapping[tuple[str, int], TimedServer],
        clock: Callable[[], float],
        on_warning: Callable[[str, str], None],
        on_freed: Callable[[], None] = lambda: None,
    ) -> None:
        self._scheduler = scheduler
        self._ledger = ledger
        self._callers = callers
        self._servers = servers
        self._clock = clock
        self._on_warning = on_warning
        self._on_freed = on_freed
        self._flights: dict[int, Flight] = {}
        """By the ticket's number."""

    async def perform(self, ticket: Ticket) -> Settlement | None:
        """Makes one HTTP attempt and books it. Returns what was booked, None if nothing was. Raises
        LedgerBroken."""
        outcome = await self._perform(ticket)
        del self._flights[ticket.number]
        if self._scheduler.lanes[ticket.alias].stopped is not None:
            self.release(ticket.alias)
        return outcome

    async def _perform(self, ticket: Ticket) -> Settlement | None:
        caller = self._callers[ticket.alias]
        server = self._servers.get((ticket.alias, ticket.endpoint))
        attempt = caller.attempt(ticket, lease_id=server.lease_id if server else None)
        flight = self._flights[ticket.number] = Flight(ticket, attempt, server, self._left_s)
        await self._ledger.reserve(*self._reservation(ticket, attempt))
        if server is not None and not await server.ready():
            return await self.not_sent(ticket, attempt, NOT_PAID)
        if (why := self._withheld(ticket)) is not None:
            return await self.not_sent(ticket, attempt, why)
        reply, error, share = None, None, None
        try:
            async with flight.limit:
                if server is not None:
                    server.expects(flight.limit)
                reply = await caller.send(ticket, lambda: self._leaves(flight))
        except TimeoutError:
            pass  # ended from here
        except ProviderError as failure:
            error = failure
        if server is not None:
            share = server.ended(ticket.number, flight.limit)
        if reply is not None:
            if reply.rate_headers:
                self._scheduler.learn_limits(ticket, vendor_limits(reply.rate_headers), self._clock())
            return await self.replied(ticket, attempt, book(reply, attempt, time.time(), share=share), reply)
        if not flight.left and (why := flight.withheld or self._withheld(ticket)) is not None:
            return await self.not_sent(ticket, attempt, why)
        if error is not None:
            return await self.failed(ticket, attempt, error, share)
        if share is None:
            return await self.not_sent(ticket, attempt, NOT_PAID)
        return await self._ended_early(ticket, attempt, share)

    def _leaves(self, flight: Flight) -> None:
        """Its first byte is about to leave: from here on it may be billed. Raises NotSent if it must not."""
        ticket, server = flight.ticket, flight.server
        flight.withheld = self._withheld(ticket)
        if flight.withheld is None and server is not None and not server.begins(ticket.number, ticket.n):
            flight.withheld = NOT_PAID
        if flight.withheld is not None:
            raise NotSent(flight.withheld)
        flight.left = True
        self._scheduler.left(ticket, self._clock())

    def _withheld(self, ticket: Ticket) -> str | None:
        """Why a request must not leave any more."""
        if self._scheduler.draining:
            return "the run was ending"
        return None if self._scheduler.covers(ticket) else "its model stopped, or its worst case was raised"

    def release(self, alias: str | None = None) -> None:
        """Nothing more is sent for the model, or for any: what has not left is free at once, and so are the leases of
        servers that nothing runs on."""
        for flight in self._flights.values():
            if alias in (None, flight.ticket.alias) and not flight.left:
                flight.limit.look()
        for (of, _), server in self._servers.items():
            if alias in (None, of):
                server.release_idle()

    def _left_s(self, flight: Flight) -> float | None:
        """Until a request is ended from here."""
        if not flight.left and self._withheld(flight.ticket) is not None:
            return 0.0
        return None if flight.server is None else flight.server.left_s()

    async def free_unsent(self) -> None:
        """The run is over, and what it still had in flight was cancelled: what had not left is free."""
        for lane in self._scheduler.lanes.values():
            for ticket in list(lane.in_flight.values()):
                flight = self._flights.get(ticket.number)
                if flight is None:  # it did not come as far as a reservation
                    self._scheduler.dropped(ticket, self._clock())
                elif not flight.left:
                    await self.not_sent(ticket, flight.attempt, "the run was ending")

    # -- reserve ----------------------------------------------------------------------------------------------------

    async def reserve_together(self, job: BatchJobRow, requests: Iterable[tuple[Ticket, Attempt]]) -> None:
        """The same for all requests of a vendor's batch at once, with the intent to make it."""
        rows = [self._reservation(*request, batch_job_id=job.batch_job_id) for request in requests]
        new_prompts = [new for _, new in rows if new is not None]
        await self._ledger.reserve_batch(job, [row for row, _ in rows], new_prompts)

    def _reservation(
        self, ticket: Ticket, attempt: Attempt, *, batch_job_id: int | None = None
    ) -> tuple[Reservation, NewPrompt | None]:
        """What is to be written before the request leaves; and its prompt, if that is new to the ledger."""
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
        if reply.of_another_api is not None and not self._scheduler.lanes[alias].acceptance.brought:
            self._scheduler.stop(alias, reply.of_another_api)
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
            broken_off=booked.why_missing[1] if booked.broken_off else None,
            given_up=kept.given_up,
            used=used,
        )
        failures = caller.gave_up(ticket, attempt, for_good, *booked.why_missing)
        lane, max_n = self._scheduler.lanes[alias], kept.max_n
        if lane.refuses_n:
            lane.refuses_n, max_n = False, 1
            self._on_warning(
                alias, "the server takes one sample a request: from here on each request holds one"
            )
        if max_n is not None:
            lane.work.max_n = max_n
        self._on_freed()
        moved = await self._ledger.end(outcome, failures, overhead=raised, also=kept.also)
        if max_n is not None:
            await self._ledger.learn_max_n(attempt.model_id, max_n)
        if booked.warning:
            self._on_warning(alias, booked.warning)
        if booked.broken_off:
            why = booked.why_missing[1]
            self._on_warning(alias, f"{why}: what came of it is paid, and its samples are requested again")
        return with_moved(outcome, moved)

    async def failed(
        self, ticket: Ticket, attempt: Attempt, error: ProviderError, share: Share | None = None
    ) -> Settlement:
        """Frees or presumes; a server's time is known, and settled, whatever became of the reply. A broken reply may
        still hold samples."""
        caller = self._callers[ticket.alias]
        self._scheduler.learn_limits(ticket, vendor_limits(error.rate_headers), self._clock())
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
        return with_moved(outcome, moved)

    async def not_sent(self, ticket: Ticket, attempt: Attempt, why: str) -> None:
        """It never left: it is free, and still to be asked."""
        self._scheduler.dropped(ticket, self._clock())
        await self._ledger.end(free(attempt, error="NotSent", message=why))

    async def _ended_early(self, ticket: Ticket, attempt: Attempt, share: Share) -> None:
        """The lease ended: the server's time is paid, the samples were not made and are still to be asked."""
        self._scheduler.dropped(ticket, self._clock())
        await self._ledger.end(lease_over(attempt, share))


def with_moved(outcome: Settlement, moved: Mapping[int, int]) -> Settlement:
    """`moved`: the new indices of samples whose own were taken."""
    if not moved:
        return outcome
    samples = (s._replace(sample_index=moved.get(s.sample_index, s.sample_index)) for s in outcome.samples)
    return replace(outcome, samples=tuple(samples))
