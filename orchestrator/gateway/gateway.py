"""The gateway while a run works: attempts are opened, asked for, closed; each call finds its attempt and its answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.gateway.answering import Answering
from orchestrator.gateway.attempt import OpenAttempt
from orchestrator.gateway.body import CallBody, Refusal
from orchestrator.gateway.bounded_call import capped
from orchestrator.gateway.ending import EndedBy, Ending, Outcome, outcome_of
from orchestrator.gateway.join import joined
from orchestrator.gateway.model import GatewayModel, listed
from orchestrator.gateway.replies.delivery import Delivery
from orchestrator.gateway.replies.pieces import refuse
from orchestrator.gateway.sample import sample_of
from orchestrator.gateway.server import Answer, GatewayServer, Incoming
from orchestrator.gateway.wires import CHAT, MESSAGES, WIRES, Wire
from orchestrator.ledger.writing.agent_attempts import closes, goes_on, opens, read_recorded
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import Failure, HoldChange, Settlement
from orchestrator.scheduler.attempt_hold import AttemptHold
from orchestrator.scheduler.lane import Ticket
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.agent_calls import CallSender
from orchestrator.sending.caller import PromptText
from providers.errors import ProviderError
from providers.forward import PASSED_ON, Forwarder

SETTLES_WITHIN_S = 30.0
"""What an attempt has in flight when its time is over gets so long to be answered and settled."""
MOST_USELESS = 5
"""So many programs in a row that left before a call was paid: nothing of this model can work."""


class Gateway:
    """`models` by alias, those that agents may ask for by another name too. `judged` adds the verdicts that can be
    given at once."""

    def __init__(
        self,
        models: Mapping[str, GatewayModel],
        scheduler: Scheduler,
        ledger: Ledger,
        sender: CallSender,
        forwarders: Mapping[str, list[Forwarder]],
        *,
        prompt: Callable[[Ticket], PromptText],
        judged: Callable[[Settlement], Settlement],
        stop_rule: Callable[[Ticket], str],
        clock: Callable[[], float],
        on_warning: Callable[[str, str], None],
    ) -> None:
        self._models = models
        self._scheduler = scheduler
        self._ledger = ledger
        self._forwarders = forwarders
        self._judged = judged
        self._stop_rule = stop_rule
        self._clock = clock
        self._on_warning = on_warning
        self._answering = Answering(
            models,
            scheduler,
            sender,
            prompt=lambda attempt: prompt(attempt.ticket),
            all_unpaid=self._all_unpaid,
            clock=clock,
        )
        self._server = GatewayServer(self._handle, clock=clock)
        self.open_attempts: dict[int, OpenAttempt] = {}
        """By id."""
        self._by_token: dict[str, OpenAttempt] = {}
        self._useless: Counter[str] = Counter()
        """Programs in a row that left so, by alias."""

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def socket(self) -> Path:
        return self._server.socket

    async def start(self) -> None:
        await self._server.start()

    def drain(self) -> None:
        """Nothing more is sent: programs are ended, and their attempts stay open."""
        for attempt in self.open_attempts.values():
            attempt.end(EndedBy.DRAINED)

    async def aclose(self) -> None:
        """The run is over. What is still in flight is presumed, what is still open stays so."""
        tasks = [task for attempt in self.open_attempts.values() for task in attempt.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for attempt in list(self.open_attempts.values()):
            self._forget(attempt)
            self._scheduler.attempt_ended(attempt.ticket, self._clock(), held=self._held(attempt), again=True)
        await self._server.aclose()
        for forwarder in (one for several in self._forwarders.values() for one in several):
            await forwarder.aclose()

    # -- attempts ---------------------------------------------------------------------------------------------------

    async def open(self, ticket: Ticket, *, folder: str | None = None) -> OpenAttempt:
        """Begins the attempt of a ticket, or goes on with the one that an earlier run left. It is on the disk when this
        returns."""
        model, state = self._models[ticket.alias], self._ledger.state
        assert model.agent is not None
        problem_id, index = state.problem_ids[ticket.item.problem], ticket.item.indices[0]
        model_state = state.models[ticket.alias]
        found = next(
            (
                one
                for one in model_state.open_attempts
                if (one.problem_id, one.sample_index) == (problem_id, index)
            ),
            None,
        )
        cap = model.agent.attempt_pico
        hold = AttemptHold(
            None if model.is_time_paid else cap,
            settled=found.settled_pico if found else 0,
            presumed=found.presumed_pico if found else 0,
        )
        recorded = (
            []
            if found is None
            else await asyncio.to_thread(read_recorded, self._ledger.path, found.attempt_id)
        )
        attempt = OpenAttempt(
            found.attempt_id if found else self._ledger.new_attempt_id(),
            ticket,
            problem_id,
            model,
            hold,
            clock=self._clock,
            why_stopped=lambda: self._scheduler.lanes[ticket.alias].stopped,
            recorded=recorded,
            earlier_s=found.worked_s if found else 0.0,
            earlier_calls=found.calls if found else 0,
            is_resumed=found is not None,
        )
        if found is not None:
            model_state.open_attempts.remove(found)
            begun = goes_on(attempt.attempt_id, token_sha=attempt.token_sha, cap_pico=cap, folder=folder)
        else:
            begun = opens(
                attempt_id=attempt.attempt_id,
                run_id=state.run_id,
                model_id=model_state.model_id,
                problem_id=problem_id,
                sample_index=index,
                token_sha=attempt.token_sha,
                cap_pico=cap,
                folder=folder,
            )
        self.open_attempts[attempt.attempt_id] = attempt
        await self._ledger.change_hold(self._change(attempt, hold.rest), [begun])
        self._by_token[attempt.token] = attempt
        if self._scheduler.draining:
            attempt.end(EndedBy.DRAINED)
        return attempt

    async def close(self, attempt: OpenAttempt, ending: Ending) -> Settlement | None:
        """Once its program is gone: records its sample, which it returns, or that there is none, and tells the
        scheduler. Waits for its calls in flight first."""
        self._by_token.pop(attempt.token, None)
        await self._settled(attempt, None if ending.by is EndedBy.DRAINED else SETTLES_WITHIN_S)
        delivered = attempt.delivered_now()
        bought = delivered | attempt.cut
        result, finish_reason = outcome_of(ending, paid_calls=len(bought))
        if result is Outcome.OPEN:
            if ending.by is EndedBy.UNPAID:
                self._set_aside(attempt)
            return None  # aclose() lets go of others, once everything in flight is booked
        is_sample = result is Outcome.SAMPLE
        outcome = None
        if is_sample:
            row = sample_of(
                attempt,
                ending,
                finish_reason,
                delivered.values(),
                cut=attempt.cut.values(),
                model_id=self._model_id(attempt),
                server=self._forwarders[attempt.alias][attempt.ticket.endpoint].server,
                stop_rule=self._stop_rule(attempt.ticket),
            )
            outcome = self._judged(row)
        if is_sample and not bought and attempt.refusal is not None:
            said = "an attempt ended by itself and had bought nothing: the gateway refused its calls: "
            self._on_warning(attempt.alias, said + attempt.refusal)
        borne = bought if is_sample else {}
        unused = attempt.hold.settled - sum(call.settled_pico for call in borne.values())
        self._forget(attempt)
        given_up = self._scheduler.attempt_ended(
            attempt.ticket,
            self._clock(),
            held=self._held(attempt),
            arrived=is_sample,
            error=None if is_sample else str(ending.by),
            again=result is Outcome.AGAIN,
        )
        spent = attempt.hold.settled + attempt.hold.presumed
        self._count_useless(attempt, ending, useless=result is Outcome.AGAIN and not spent)
        statements = closes(
            attempt_id=attempt.attempt_id,
            model_id=self._model_id(attempt),
            state="done" if is_sample else "lost",
            exit_status=ending.exit_status,
            ended_by=str(ending.by),
            replayed=attempt.replayed,
            diverged_at=attempt.diverged_at,
            worked_s=attempt.worked_s,
            delivered=delivered.keys(),
            borne=borne.keys(),
            unused_pico=unused,
        )
        change = self._change(attempt, -attempt.hold.rest)
        if outcome is None:
            failures = [self._failure(attempt, ending)] if given_up else []
            await self._ledger.change_hold(change, statements, failures)
            return None
        moved = await self._ledger.end(outcome, hold=change, also=statements)
        if moved:
            rows = (
                s._replace(sample_index=moved.get(s.sample_index, s.sample_index)) for s in outcome.samples
            )
            outcome = msgspec.structs.replace(outcome, samples=tuple(rows))
        return outcome

    def _all_unpaid(self) -> bool:
        return self._scheduler.in_flight == sum(one.is_unpaid for one in self.open_attempts.values())

    def _set_aside(self, attempt: OpenAttempt) -> None:
        """It goes on when there is money: in this run, or in the next."""
        self._forget(attempt)
        self._scheduler.dropped(attempt.ticket, self._clock())
        self._ledger.state.models[attempt.alias].open_attempts.append(attempt.row())

    async def _settled(self, attempt: OpenAttempt, within_s: float | None) -> None:
        """Waits for its calls in flight; what is not answered by then is cancelled."""
        tasks = set(attempt.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _count_useless(self, attempt: OpenAttempt, ending: Ending, *, useless: bool) -> None:
        alias = attempt.alias
        if ending.by not in (EndedBy.EXIT, EndedBy.CAP):
            return
        self._useless[alias] = self._useless[alias] + 1 if useless else 0
        if self._useless[alias] >= MOST_USELESS:
            told = attempt.refusal or ending.stderr
            said = f": {told}" if told else ""
            self._scheduler.stop(
                alias,
                f"its agent left {MOST_USELESS} times in a row before a call was paid (exit status "
                f"{ending.exit_status}){said}",
            )

    def _failure(self, attempt: OpenAttempt, ending: Ending) -> Failure:
        return Failure(
            model_id=self._model_id(attempt),
            problem_id=attempt.problem_id,
            sample_index=attempt.sample_index,
            n=1,
            run_id=self._ledger.state.run_id,
            error="AttemptLost",
            message=ending.message or ending.stderr or f"its attempt ended by {ending.by}",
        )

    def _forget(self, attempt: OpenAttempt) -> None:
        self._by_token.pop(attempt.token, None)
        del self.open_attempts[attempt.attempt_id]

    def _held(self, attempt: OpenAttempt) -> int:
        """What the run's budget still holds for it."""
        return attempt.hold.held

    def _model_id(self, attempt: OpenAttempt) -> int:
        return self._ledger.state.models[attempt.alias].model_id

    def _change(self, attempt: OpenAttempt, change: int) -> HoldChange:
        return HoldChange(
            agent_attempt_id=attempt.attempt_id, model_id=self._model_id(attempt), change_pico=change
        )

    # -- calls ------------------------------------------------------------------------------------------------------

    async def _handle(self, incoming: Incoming) -> Answer:
        wire = WIRES.get(incoming.path, MESSAGES if incoming.path.startswith("/v1/messages") else CHAT)
        attempt = self._by_token.get(incoming.token)
        try:
            if attempt is None:
                raise Refusal(
                    "manyfew: this key belongs to no attempt at work", status=401, kind="authentication_error"
                )
            if incoming.path == "/v1/models" and incoming.method == "GET":
                return _whole(200, listed(attempt.model))
            if incoming.path == "/v1/messages/count_tokens" and incoming.method == "POST":
                return await self._count_tokens(attempt, incoming)
            if incoming.path not in WIRES or incoming.method != "POST":
                spoken = ", ".join(known.path for known in attempt.model.wires)
                raise Refusal(
                    f"manyfew forwards no {incoming.method} {incoming.path[:80]}: this model is asked at {spoken}",
                    status=404,
                    kind="not_found_error",
                )
            return self._called(attempt, wire, incoming)
        except Refusal as refusal:
            if attempt is not None and not incoming.path.endswith("/count_tokens"):
                attempt.refusal = refusal.message
            body = wire.error(refusal.message, kind=refusal.kind, code=refusal.code)
            return _whole(refusal.status, body, may_retry=False)

    def _called(self, attempt: OpenAttempt, wire: Wire, incoming: Incoming) -> Answer:
        """Raises Refusal."""
        body = CallBody(wire, incoming.body)
        if (known := joined(attempt.deliveries, body.sha, is_retry=incoming.is_retry)) is not None:
            return Answer(known, wire)
        model = self._answering.check(attempt, body)
        if attempt.has_no_calls_left or attempt.is_capped:
            raise capped(attempt)
        delivery = Delivery(body.sha, streams=body.streams)
        attempt.calls += 1
        attempt.keep(delivery)
        if not self._answering.plays(attempt, body, delivery):
            self._ask(attempt, body, model, delivery, incoming)
        return Answer(delivery, wire)

    def _ask(
        self,
        attempt: OpenAttempt,
        body: CallBody,
        model: GatewayModel,
        delivery: Delivery,
        incoming: Incoming,
    ) -> None:
        """In a task of its own: it is read to its end whatever becomes of its client."""
        headers = {name: incoming.headers[name] for name in PASSED_ON if name in incoming.headers}

        async def answer() -> None:
            try:
                await self._answering.answer(attempt, body, model, delivery, headers)
            except Exception as error:
                if not delivery.ended:
                    refuse(
                        delivery,
                        body,
                        Refusal(f"manyfew: {type(error).__name__}", status=500, kind="api_error"),
                    )
                raise
            finally:
                attempt.call_ended()

        attempt.in_flight += 1
        task = asyncio.create_task(answer(), name="agent call")
        attempt.tasks.add(task)
        task.add_done_callback(attempt.tasks.discard)

    async def _count_tokens(self, attempt: OpenAttempt, incoming: Incoming) -> Answer:
        body = CallBody(MESSAGES, incoming.body)
        model = self._answering.priced_as(attempt, body)
        if model.provider != "anthropic":
            raise Refusal(
                "manyfew forwards count_tokens to Anthropic only", status=404, kind="not_found_error"
            )
        fields: dict[str, Any] = {**body.raw_fields, "model": model.name}
        headers = {name: incoming.headers[name] for name in PASSED_ON if name in incoming.headers}
        try:
            raw = await self._forwarders[model.alias][0].count_tokens(msgspec.json.encode(fields), headers)
        except ProviderError as error:
            raise Refusal(f"manyfew: {error.message}", status=502, kind="api_error") from error
        return _whole(raw.status, raw.body)


def _whole(status: int, body: bytes, *, may_retry: bool = True) -> Answer:
    delivery = Delivery(b"", streams=False)
    delivery.answer(status, "application/json", body, may_retry=may_retry)
    return Answer(delivery)
