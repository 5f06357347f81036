"""One call of an agent from reservation to booking: reserve inside its attempt's hold, wait for its model's lane, send,
settle. What the reply means for the agent, and what follows, is the gateway's to say."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from orchestrator.booking.booking import Attempt, Booked, book
from orchestrator.booking.server_share import Share
from orchestrator.booking.without_reply import ended_badly, free, lease_over
from orchestrator.ledger.writing.ledger import RAISE_OVERHEAD, Ledger
from orchestrator.ledger.writing.rows import HoldChange, Reservation, Settlement
from orchestrator.scheduler.call_lane import CallLane
from orchestrator.scheduler.limits.rates import Estimate
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.agent_call import AgentCall, CallEnd, Flight
from orchestrator.sending.paid_servers import TimedServer
from orchestrator.sending.sender import NOT_PAID
from providers.errors import MayHaveCost, NotSent, ProviderError
from providers.forward import Forwarded, Forwarder, Outgoing
from providers.reading.rate_limits import vendor_limits

LOOKS_EVERY_S = 0.05
"""While nothing but an event lets a call go. One call of a lane looks; the others wait for it."""
CAP_REACHED = "its attempt's attempt_usd is used up, so that it was cancelled"
RAISED = "its worst case was raised meanwhile"
ENDING = "the run was ending"
RESTARTED = "its server was started again meanwhile"


class CallSender:
    """`lanes` by the alias that is asked; `forwarders` in the order of its endpoints. `learns` is told of a reply above
    its bound and gives the model's overhead, None if it was as large already; `costs_more` of one above its price.
    `changed`: something ended that others may wait for."""

    def __init__(
        self,
        scheduler: Scheduler,
        ledger: Ledger,
        lanes: Mapping[str, CallLane],
        forwarders: Mapping[str, list[Forwarder]],
        *,
        servers: Mapping[tuple[str, int], TimedServer],
        clock: Callable[[], float],
        learns: Callable[[str, int], int | None],
        costs_more: Callable[[str, int], None],
        changed: Callable[[], None],
        on_warning: Callable[[str, str], None],
    ) -> None:
        self._scheduler = scheduler
        self._ledger = ledger
        self._lanes = lanes
        self._forwarders = forwarders
        self._servers = servers
        self._clock = clock
        self._learns = learns
        self._costs_more = costs_more
        self._changed = changed
        self._on_warning = on_warning
        self._timed: dict[int, set[Flight]] = {}
        """By attempt, its calls in flight to servers whose time is paid."""
        self._turns: dict[int, asyncio.Lock] = {}
        """By rate limit: calls leave in the order of their arrival."""

    def place(self, alias: str, preferred: int) -> int | None:
        """Of the servers of a model the one to ask: as preferred, another where that won't come; None: none is there
        now."""
        endpoints = self._lanes[alias].endpoints
        if endpoints[preferred].absent is None:
            return preferred
        if endpoints[preferred].coming:
            return None
        return next((i for i, endpoint in enumerate(endpoints) if endpoint.absent is None), None)

    def is_coming(self, alias: str) -> bool:
        """Whether some server of it will be there though nothing else ends."""
        return any(endpoint.coming for endpoint in self._lanes[alias].endpoints)

    async def perform(self, call: AgentCall) -> CallEnd:
        """One HTTP attempt. The hold must have room for it, which is taken before anything is awaited. If it is
        cancelled, what has left is presumed."""
        attempt = self._attempt(call)
        change = call.hold.reserve(call.worst_pico)
        number = self._scheduler.call_begins(call.alias, is_retry=call.attempt > 1)
        flight = Flight(call, attempt, number)
        try:
            return await self._perform(flight, change)
        except asyncio.CancelledError:
            await asyncio.shield(self._cancelled(flight))
            raise
        finally:
            self._scheduler.call_ended(call.alias)

    def _attempt(self, call: AgentCall) -> Attempt:
        server = self._servers.get((call.priced_as, call.endpoint))
        return Attempt(
            request_id=self._ledger.new_request_id(),
            model_id=self._ledger.state.models[call.alias].model_id,
            problem_id=call.problem_id,
            indices=tuple(range(call.n)),
            max_tokens=call.max_tokens,
            input_bound=call.input_bound,
            worst_pico=call.worst_pico,
            provider=call.provider,
            price=call.price,
            cost_basis=call.cost_basis,
            server=self._forwarders[call.priced_as][call.endpoint].server,
            stop_rule="none",
            lease_id=server.lease_id if server else None,
            cost_ratio=call.cost_ratio,
        )

    async def _perform(self, flight: Flight, change: int) -> CallEnd:
        call, attempt = flight.call, flight.attempt
        prompt_id, new = self._ledger.prompt_id(call.prompt.sha)
        sql, row = call.exchange
        flight.reserved = True
        await self._ledger.reserve(
            Reservation(
                request_id=attempt.request_id,
                run_id=self._ledger.state.run_id,
                model_id=attempt.model_id,
                problem_id=call.problem_id,
                prompt_id=prompt_id,
                attempt=call.attempt,
                indices=(call.sample_index,),
                max_tokens=call.max_tokens,
                reserved_pico=call.worst_pico,
                server=attempt.server,
                reserved_at=time.time(),
                agent_attempt_id=call.agent_attempt_id,
                call=call.call,
            ),
            (prompt_id, call.prompt.sha, call.prompt.body()) if new else None,
            hold=self._hold(call, change, calls=int(call.attempt == 1)),
            also=[(sql, (attempt.request_id, *row))],
        )
        lane = self._lanes[call.priced_as]
        with call.waiting():
            why = await self._admitted(flight, lane)
        if why is not None:
            return await self._not_sent(flight, why)
        server = self._servers.get((call.priced_as, call.endpoint))
        if server is not None and server.lease_id != attempt.lease_id:
            self._lane_ends(flight, left=False)
            return await self._not_sent(flight, RESTARTED)
        if server is not None and not (server.claim() and await server.ready()):
            self._lane_ends(flight, left=False)
            return await self._not_sent(flight, NOT_PAID)
        forwarded: Forwarded | None = None
        timed = self._timed.setdefault(call.agent_attempt_id, set())
        timed.add(flight)
        try:
            async with flight.limit(lambda: self._left_s(flight, server)) as limit:
                if server is not None:
                    server.expects(limit)
                forwarded = await self._forwarders[call.priced_as][call.endpoint].forward(
                    Outgoing(
                        wire=call.wire,
                        body=call.body,
                        n=call.n,
                        max_tokens=call.max_tokens,
                        timeout_s=call.timeout_s,
                        headers=call.headers,
                        leaves=lambda: self._leaves(flight, server),
                        passes=call.passes,
                    )
                )
        except TimeoutError:
            flight.is_capped = self._cap_left_s(flight, server) <= 0  # else its server's lease is over
        finally:
            timed.discard(flight)
            if not timed:
                self._timed.pop(call.agent_attempt_id, None)
        share = None
        if server is not None:
            share = server.ended(flight.number, flight.ends)
        if forwarded is None:
            self._lane_ends(flight, left=flight.left)
            if share is None:
                return await self._not_sent(flight, CAP_REACHED if flight.is_capped else NOT_PAID)
            outcome = replace(lease_over(attempt, share), unused_pico=0)  # known when its attempt ends
            if flight.is_capped:
                outcome = replace(outcome, error="CapReached", error_message=CAP_REACHED)
            return replace(await self._booked(flight, outcome), is_cut=flight.is_capped)
        if not flight.left and flight.withheld is not None:
            self._lane_ends(flight, left=False)
            return await self._not_sent(flight, flight.withheld)
        if forwarded.reply is not None:
            return await self._replied(flight, forwarded, share)
        assert forwarded.error is not None
        return await self._failed(flight, forwarded, forwarded.error, share)

    def _left_s(self, flight: Flight, server: TimedServer | None) -> float | None:
        """Until it is ended: its server's lease, or its attempt's cap, is used up."""
        return None if server is None else min(server.left_s(), self._cap_left_s(flight, server))

    def _cap_left_s(self, flight: Flight, server: TimedServer | None) -> float:
        """At least: what others on the server pay makes it longer, which is asked for again then."""
        call = flight.call
        if call.cap_pico is None or server is None:
            return math.inf
        beside = sum(server.owes(one.number) for one in self._timed.get(call.agent_attempt_id, ()))
        return server.lasts_s(max(0, call.cap_pico - call.hold.settled - call.hold.presumed - beside))

    # -- when it may leave ------------------------------------------------------------------------------------------

    async def _admitted(self, flight: Flight, lane: CallLane) -> str | None:
        """Waits for the lane; None once the call counts in it, else why it doesn't."""
        call, endpoint = flight.call, lane.endpoints[flight.call.endpoint]
        async with self._turns.setdefault(id(lane.rate), asyncio.Lock()):
            while (why := self._withheld(call)) is None:
                now = self._clock()
                if endpoint.absent is not None:
                    return RESTARTED
                if (dead := lane.why_dead(endpoint, now)) is not None:
                    flight.stopped = dead
                    return dead
                at = lane.ready_at(endpoint, call.estimate, now)
                if at is not None and at <= now:
                    lane.call_sent(flight.number, endpoint, call.estimate, now)
                    flight.sent_at = now
                    return None
                await asyncio.sleep(LOOKS_EVERY_S if at is None else min(at - now, LOOKS_EVERY_S * 5))
            return why

    def _withheld(self, call: AgentCall) -> str | None:
        if self._scheduler.draining:
            return ENDING
        if (stopped := self._scheduler.lanes[call.alias].stopped) is not None:
            return stopped
        return RAISED if call.worst_now() > call.worst_pico else None

    def _leaves(self, flight: Flight, server: TimedServer | None) -> None:
        """Its first byte is about to leave: from here on it may be billed. Raises NotSent if it must not."""
        flight.withheld = self._withheld(flight.call)
        if flight.withheld is None and server is not None and not server.begins(flight.number, flight.call.n):
            flight.withheld = NOT_PAID
        if flight.withheld is not None:
            raise NotSent(flight.withheld)
        flight.left = True

    # -- how it ended -----------------------------------------------------------------------------------------------

    async def _replied(self, flight: Flight, forwarded: Forwarded, share: Share | None) -> CallEnd:
        """Memory first, then the ledger, without a wait between."""
        call, reply = flight.call, forwarded.reply
        assert reply is not None
        booked = book(reply, flight.attempt, time.time(), share=share)
        lane = self._lanes[call.priced_as]
        lane.rate.learn(vendor_limits(reply.rate_headers), self._clock(), number=flight.number)
        if booked.unbounded is not None:
            self._scheduler.stop(call.alias, booked.unbounded, unbounded=True)
        if (holds := booked.shows_bound(flight.attempt)) is not None:
            lane.bound_shown = holds
        also = list(call.answered(flight.attempt.request_id, forwarded))
        if booked.extra_input_tokens:
            said = "a reply with more input than its bound: booked in full, the bound is raised"
            self._on_warning(call.priced_as, said)
            if (overhead := self._learns(call.priced_as, booked.extra_input_tokens)) is not None:
                model_id = self._ledger.state.models[call.priced_as].model_id
                also.append((RAISE_OVERHEAD, (overhead, model_id)))
        if booked.cost_ratio > flight.attempt.cost_ratio:
            self._costs_more(call.priced_as, booked.cost_ratio)
        outcome = replace(booked.outcome, samples=(), unused_pico=0)
        used = None
        if outcome.prompt_tokens is not None and outcome.completion_tokens is not None:
            used = Estimate(input_tokens=outcome.prompt_tokens, output_tokens=outcome.completion_tokens)
        self._lane_ends(flight, used=used)
        if booked.warning:
            self._on_warning(call.alias, booked.warning)
        return await self._booked(flight, outcome, forwarded=forwarded, booked=booked, also=also)

    async def _failed(
        self, flight: Flight, forwarded: Forwarded, error: ProviderError, share: Share | None
    ) -> CallEnd:
        lane = self._lanes[flight.call.priced_as]
        lane.rate.learn(vendor_limits(error.rate_headers), self._clock(), number=flight.number)
        self._lane_ends(flight, error=error)
        own = self._scheduler.lanes[flight.call.alias]
        own.errors[error.kind] = own.errors.get(error.kind, 0) + 1
        unknown = error.outcome is MayHaveCost.UNKNOWN and share is None
        outcome = replace(
            ended_badly(flight.attempt, error, share, unknown=unknown), samples=(), unused_pico=0
        )
        if unknown:
            said = f"may have been billed; counted at the most it can cost: {error.message}"
            self._on_warning(flight.call.alias, said)
        return await self._booked(flight, outcome, forwarded=forwarded)

    async def _not_sent(self, flight: Flight, why: str) -> CallEnd:
        """It never left, so it is free."""
        outcome = free(flight.attempt, error="NotSent", message=why)
        end = await self._booked(flight, outcome)
        return replace(end, withheld=why, stopped=flight.stopped)

    async def _cancelled(self, flight: Flight) -> None:
        """The run, or its attempt, ended while it was on its way."""
        if flight.booked or not flight.reserved:
            return
        if flight.sent_at is not None and not flight.lane_ended:
            self._lane_ends(flight, left=flight.left)
        server = self._servers.get((flight.call.priced_as, flight.call.endpoint))
        share = server.ended(flight.number, flight.ends) if server is not None and flight.ends else None
        if not flight.left:
            await self._booked(flight, free(flight.attempt, error="NotSent", message=ENDING))
            return
        said = "its attempt ended while it was in flight"
        error = NotSent(said)
        outcome = ended_badly(flight.attempt, error, share, unknown=share is None)
        await self._booked(flight, replace(outcome, error="Interrupted", unused_pico=0))

    def _lane_ends(
        self,
        flight: Flight,
        *,
        used: Estimate | None = None,
        error: ProviderError | None = None,
        left: bool = True,
    ) -> None:
        call, lane = flight.call, self._lanes[flight.call.priced_as]
        flight.lane_ended = True
        lane.call_ended(
            flight.number,
            lane.endpoints[call.endpoint],
            call.estimate,
            sent_at=flight.sent_at or 0.0,
            now=self._clock(),
            used=used,
            error=error,
            left=left,
        )

    async def _booked(
        self,
        flight: Flight,
        outcome: Settlement,
        *,
        forwarded: Forwarded | None = None,
        booked: Booked | None = None,
        also: list[tuple[str, tuple[Any, ...]]] | None = None,
    ) -> CallEnd:
        call = flight.call
        settled, presumed = outcome.settled_pico, outcome.presumed_pico
        change, paid = call.hold.end(call.worst_pico, settled=settled, presumed=presumed)
        flight.booked = True
        if outcome.lease_id is None:
            self._scheduler.budget.pay(call.alias, settled, leased=paid, presumed=presumed)
        hold = self._hold(call, change, settled=settled, presumed=presumed)
        await self._ledger.end(outcome, hold=hold, also=also or ())
        self._changed()
        return CallEnd(request_id=outcome.request_id, outcome=outcome, forwarded=forwarded, booked=booked)

    def _hold(
        self, call: AgentCall, change: int, *, settled: int = 0, presumed: int = 0, calls: int = 0
    ) -> HoldChange:
        return HoldChange(
            agent_attempt_id=call.agent_attempt_id,
            model_id=self._ledger.state.models[call.alias].model_id,
            change_pico=change,
            settled_pico=settled,
            presumed_pico=presumed,
            calls=calls,
            worked_s=call.worked_s(),
        )
