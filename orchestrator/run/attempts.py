"""One admitted request from reservation to booking: reserve, send, settle."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from orchestrator.booking.booking import Attempt, Booked, book, book_broken
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import Failure, Reservation, SampleRow, SampleVerdict, Settlement
from orchestrator.run.paid_servers import LeaseOver, PaidServer, Share
from orchestrator.run.prepare import Prepared, prompt_body
from orchestrator.scheduler.lane import Ticket
from orchestrator.scheduler.rates import Estimate
from orchestrator.scheduler.retry import Then
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.scheduler.work import runs
from orchestrator.sweep.types import Model
from providers.errors import Lost, MayHaveCost, ProviderError, TooManySamples
from providers.reading.rate_limits import vendor_limits
from providers.types import Provider, Request

LONGEST_TIMEOUT_S = 3600.0
OVER_OUTPUT = "a reply held more output than max_tokens asks for: its worst case can't be bounded"


class Arrival(NamedTuple):
    """A sample just recorded; `verdict`: the one that was recorded with it."""

    alias: str
    ordinal: int
    row: SampleRow
    verdict: SampleVerdict | None


class Attempts:
    """Performs tickets. `judged` adds the verdicts that can be given at once; `warned` hears what is worth a line."""

    def __init__(
        self,
        prepared: Prepared,
        scheduler: Scheduler,
        ledger: Ledger,
        providers: dict[str, list[Provider]],
        *,
        servers: Mapping[tuple[str, int], PaidServer],
        judged: Callable[[Settlement], Settlement],
        clock: Callable[[], float],
        warned: Callable[[str, str], None],
    ) -> None:
        self._prepared = prepared
        self._scheduler = scheduler
        self._ledger = ledger
        self._providers = providers
        self._servers = servers
        self._judged = judged
        self._clock = clock
        self._warned = warned
        self._state = ledger.state
        self._gives_several: set[str] = set()
        """Models of which one reply brought more than one sample."""
        self._single: Counter[str] = Counter()
        """Replies of one sample to requests for more, by model."""

    async def perform(self, ticket: Ticket) -> list[Arrival]:
        """Makes one HTTP attempt and books it. Gives the samples it recorded. Raises LedgerBroken."""
        provider = self._providers[ticket.alias][ticket.endpoint]
        server = self._servers.get((ticket.alias, ticket.endpoint))
        attempt = self.attempt(ticket, provider.server, lease_id=server.lease_id if server else None)
        if not await self._reserve(ticket, attempt, server):
            return []
        request = self.request(ticket)
        try:
            if server is None:
                reply = await provider.send(request)
            else:
                async with server.working(ticket.number, ticket.n):
                    reply = await provider.send(request)
        except LeaseOver:
            assert server is not None
            await self._ended_early(ticket, attempt, server.share(ticket.number))
            return []
        except ProviderError as error:
            return await self.failed(
                ticket, attempt, error, None if server is None else server.share(ticket.number)
            )
        self._scheduler.told(ticket.alias, vendor_limits(reply.rate_headers), self._clock())
        share = None if server is None else server.share(ticket.number)
        booked = book(
            reply, attempt, time.time(), share=None if share is None else (share.pico, share.leased)
        )
        return await self.record(ticket, attempt, booked)

    def attempt(self, ticket: Ticket, server: str, *, lease_id: int | None = None) -> Attempt:
        """What booking will need to know of the request that the ticket admits."""
        alias, ordinal = ticket.alias, ticket.item.problem
        model = self._prepared.sweep.models[alias]
        return Attempt(
            request_id=self._ledger.new_request_id(),
            model_id=self._state.models[alias].model_id,
            problem_id=self._state.problem_ids[ordinal],
            indices=ticket.item.indices,
            max_tokens=model.max_tokens,
            input_bound=self._prepared.input_bound(alias, ordinal),
            worst_pico=ticket.worst_pico,
            provider=model.provider,
            price=self._prepared.prices[alias],
            cost_basis=_basis(model),
            server=server,
            stop_rule=stop_rule(model),
            batch=model.batch,
            lease_id=lease_id,
        )

    def reservation(
        self, ticket: Ticket, attempt: Attempt, *, batch_job_id: int | None = None
    ) -> tuple[Reservation, tuple[int, str, str] | None]:
        """What is to be written before the request leaves; and its prompt, where that is new to the ledger."""
        sha = self._prepared.prompt_sha(ticket.alias, ticket.item.problem)
        prompt_id, new = self._ledger.prompt_id(sha)
        reservation = Reservation(
            request_id=attempt.request_id,
            run_id=self._state.run_id,
            model_id=attempt.model_id,
            problem_id=attempt.problem_id,
            prompt_id=prompt_id,
            attempt=ticket.item.attempt,
            indices=ticket.item.indices,
            max_tokens=attempt.max_tokens,
            reserved_pico=ticket.worst_pico,
            server=attempt.server,
            reserved_at=time.time(),
            batch_job_id=batch_job_id,
        )
        if not new:
            return reservation, None
        prompt = self._prepared.prompt(ticket.alias, ticket.item.problem)
        return reservation, (prompt_id, sha, prompt_body(prompt))

    async def _reserve(self, ticket: Ticket, attempt: Attempt, server: PaidServer | None) -> bool:
        """Makes the reservation durable. False where the run began to drain meanwhile, or the server's time can't be
        paid: it is free again."""
        await self._ledger.reserve(*self.reservation(ticket, attempt))
        paid = server is None or await server.ready()
        if paid and not self._scheduler.draining:
            return True
        why = "the run was ending" if paid else "the budget does not cover the server's next half minute"
        await self.not_sent(ticket, attempt, why)
        return False

    async def not_sent(self, ticket: Ticket, attempt: Attempt, why: str) -> None:
        """It never left: it is free, and still to be asked."""
        self._scheduler.dropped(ticket, self._clock())
        await self._ledger.end(free(attempt, error="NotSent", message=why))

    def request(self, ticket: Ticket) -> Request:
        """What is sent for a ticket."""
        model = self._prepared.sweep.models[ticket.alias]
        return Request(
            model=model.model,
            prompt=self._prepared.prompt(ticket.alias, ticket.item.problem),
            n=ticket.n,
            max_tokens=model.max_tokens,
            params=model.params,
            extra=model.extra,
            timeout_s=timeout_s(model, ticket.n),
            problem=self._prepared.problems[ticket.item.problem].key,
            indices=ticket.item.indices,
            cached=ticket.item.cached,
        )

    async def record(self, ticket: Ticket, attempt: Attempt, booked: Booked) -> list[Arrival]:
        """Memory first, then the ledger, in one step without a wait between: what is freed here can be reserved anew
        only in the same transaction or a later one, and a reply above its bound is held against the budget before
        anything else is admitted."""
        outcome, alias = self._judged(booked.outcome), ticket.alias
        if booked.over_output:
            self._scheduler.stop(alias, OVER_OUTPUT)
        raised = self._raise_overhead(ticket, attempt, booked) if booked.extra_input_tokens else None
        fewer = self._ignores_n(ticket, booked)
        used = None
        if outcome.prompt_tokens is not None and outcome.completion_tokens is not None:
            used = Estimate(input_tokens=outcome.prompt_tokens, output_tokens=outcome.completion_tokens)
        for_good = self._scheduler.replied(
            ticket,
            self._clock(),
            settled=0 if outcome.lease_id is not None else outcome.settled_pico,
            presumed=outcome.presumed_pico,
            arrived=booked.arrived,
            missing=booked.missing,
            used=used,
        )
        failures = [
            self._failure(attempt, first, n, "missing", "not in the reply") for first, n in runs(for_good)
        ]
        moved = await self._ledger.end(outcome, failures, overhead=raised)
        if fewer:
            await self._ledger.learn_max_n(attempt.model_id, 1)
        if booked.warning:
            self._warned(alias, booked.warning)
        return _arrivals(ticket, outcome, moved)

    def _raise_overhead(self, ticket: Ticket, attempt: Attempt, booked: Booked) -> int | None:
        """Input above its bound: the bound was too small for this model, so it grows for all that follow. Gives the
        new overhead in tokens, None where it is as large already."""
        alias = ticket.alias
        model = self._prepared.sweep.models[alias]
        now = max(model.prompt_overhead_tokens, self._prepared.overheads.get(alias, 0))
        self._warned(alias, "a reply with more input than its bound: booked in full, the bound is raised")
        sent = self._prepared.sent_bound(alias, ticket.item.problem)
        raised = attempt.input_bound - sent + booked.extra_input_tokens
        if raised <= now:
            return None
        self._prepared.overheads[alias] = raised
        self._scheduler.forget_bounds(alias)
        return raised

    async def failed(
        self, ticket: Ticket, attempt: Attempt, error: ProviderError, share: Share | None = None
    ) -> list[Arrival]:
        """Frees or presumes; a server's time is known, and settled, whatever became of the reply. Gives the samples
        that a broken reply brought all the same."""
        self._scheduler.told(ticket.alias, vendor_limits(error.rate_headers), self._clock())
        unknown = error.outcome is MayHaveCost.UNKNOWN and share is None
        presumed = attempt.worst_pico if unknown else 0
        outcome = self._judged(ended_badly(attempt, error, share, unknown=unknown))
        kept = {row.sample_index for row in outcome.samples}
        decision, given_up = self._scheduler.failed(
            ticket, self._clock(), error, presumed=presumed, arrived=kept
        )
        failures = [self._failure(attempt, first, n, error.kind, error.message) for first, n in given_up]
        moved = await self._ledger.end(outcome, failures)
        if isinstance(error, TooManySamples) and decision.then is Then.FEWER:
            await self._ledger.learn_max_n(attempt.model_id, self._scheduler.lanes[ticket.alias].work.max_n)
        if unknown:
            self._warned(ticket.alias, f"outcome unknown, charged at its bound: {error.message}")
        return _arrivals(ticket, outcome, moved)

    async def _ended_early(self, ticket: Ticket, attempt: Attempt, share: Share) -> None:
        """The lease ended: the server's time is paid, the samples were not made and are still to be asked."""
        self._scheduler.dropped(ticket, self._clock())
        await self._ledger.end(lease_over(attempt, share))

    def _ignores_n(self, ticket: Ticket, booked: Booked) -> bool:
        """Whether it is seen now that this model's server gives one sample whatever n says: twice, and never more
        than one. A single reply that lacks some says nothing."""
        alias, work = ticket.alias, self._scheduler.lanes[ticket.alias].work
        if booked.arrived > 1:
            self._gives_several.add(alias)
        if booked.arrived != 1 or ticket.n == 1 or alias in self._gives_several or work.max_n == 1:
            return False
        self._single[alias] += 1
        if self._single[alias] < 2:
            return False
        work.max_n = 1
        self._warned(alias, "its server ignores n: one sample a request from here on")
        return True

    def _failure(self, attempt: Attempt, first: int, n: int, error: str, message: str) -> Failure:
        return Failure(
            model_id=attempt.model_id,
            problem_id=attempt.problem_id,
            sample_index=first,
            n=n,
            run_id=self._state.run_id,
            error=error,
            message=message,
        )


def _arrivals(ticket: Ticket, outcome: Settlement, moved: Mapping[int, int]) -> list[Arrival]:
    """`moved`: the new indices of samples whose own were taken."""
    alias, ordinal = ticket.alias, ticket.item.problem
    verdicts = outcome.judged or (None,) * len(outcome.samples)
    samples = outcome.samples
    if moved:
        samples = tuple(s._replace(sample_index=moved.get(s.sample_index, s.sample_index)) for s in samples)
    return [Arrival(alias, ordinal, row, verdict) for row, verdict in zip(samples, verdicts, strict=True)]


def ended_badly(attempt: Attempt, error: ProviderError, share: Share | None, *, unknown: bool) -> Settlement:
    """A failed attempt: a server's time is settled, else `unknown` says whether it may have been billed."""
    if isinstance(error, Lost) and (error.choices or error.usage):
        paid = None if share is None else (share.pico, share.leased)
        return book_broken(error, attempt, time.time(), share=paid)
    return Settlement(
        request_id=attempt.request_id,
        model_id=attempt.model_id,
        state="settled" if share is not None else "presumed" if unknown else "free",
        reserved_pico=attempt.worst_pico,
        settled_pico=share.pico if share else 0,
        unused_pico=share.pico if share else 0,
        presumed_pico=attempt.worst_pico if unknown else 0,
        cost_basis="none" if share is None else attempt.cost_basis,
        lease_id=attempt.lease_id,
        leased_pico=share.leased if share else 0,
        vendor_request=error.request_id,
        http_status=error.status,
        error=type(error).__name__,
        error_message=error.message,
        ended_at=time.time(),
    )


def lease_over(attempt: Attempt, share: Share) -> Settlement:
    """Ended because the budget has no more of the server's time: that time is paid, and it brought nothing."""
    return Settlement(
        request_id=attempt.request_id,
        model_id=attempt.model_id,
        state="settled",
        reserved_pico=attempt.worst_pico,
        settled_pico=share.pico,
        unused_pico=share.pico,
        cost_basis=attempt.cost_basis,
        lease_id=attempt.lease_id,
        leased_pico=share.leased,
        error="LeaseOver",
        error_message="the budget does not cover more of this server's time",
        ended_at=time.time(),
    )


def free(attempt: Attempt, *, error: str, message: str) -> Settlement:
    """It cost nothing."""
    return Settlement(
        request_id=attempt.request_id,
        model_id=attempt.model_id,
        state="free",
        reserved_pico=attempt.worst_pico,
        cost_basis="none",
        error=error,
        error_message=message,
        ended_at=time.time(),
    )


def _basis(model: Model) -> str:
    if model.provider == "replay":
        return "replayed"
    if model.batch:
        return "batch"
    return "usage" if model.gpu_usd_per_hour is None else "gpu_time"


def stop_rule(model: Model) -> str:
    """How a model's samples end, in the ledger's words."""
    return "first_success" if model.mode == "until_solved" else "none"


def timeout_s(model: Model, n: int) -> float:
    """As stated, else 120 s and a second for every 20 tokens asked for, at most an hour."""
    if model.timeout_s is not None:
        return model.timeout_s
    return min(LONGEST_TIMEOUT_S, 120 + n * model.max_tokens / 20)
