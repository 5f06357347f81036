"""One call of an agent until it is answered: by a recorded reply or a new one, sent again where that helps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random

from orchestrator.gateway.asked import Asked
from orchestrator.gateway.attempt import OpenAttempt, recorded_settlement
from orchestrator.gateway.body import CallBody, Refusal
from orchestrator.gateway.bound import settled
from orchestrator.gateway.bounded_call import Learnt, bounded, capped
from orchestrator.gateway.ending import EndedBy
from orchestrator.gateway.model import GatewayModel
from orchestrator.gateway.refusals import check
from orchestrator.gateway.replies.delivery import Delivery
from orchestrator.gateway.replies.pieces import Pieces, refuse
from orchestrator.gateway.replies.reading import items_brought, tool_call
from orchestrator.ledger.writing.agent_attempts import Recorded
from orchestrator.scheduler.call_retry import MOST_LOST, Then, after
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.agent_call import CallEnd
from orchestrator.sending.agent_calls import CAP_REACHED, ENDING, RAISED, RESTARTED, CallSender
from orchestrator.sending.caller import PromptText
from orchestrator.sending.sender import NOT_PAID
from providers.errors import ProviderError, Refused

NO_ANSWER = "manyfew: no whole answer came from the vendor"
LOOKS_EVERY_S = 0.2
"""For a server that the run starts."""
PAUSE_S = 1.0
"""Between two looks at a server's lease that the budget refused."""
ABOUT_USAGE = re.compile(r"stream_options|include_usage", re.IGNORECASE)


class Answering:
    """`models` by alias; `prompt` gives the task's prompt of an attempt; `all_unpaid`: nothing of the run is at work
    but attempts whose server's time the budget refuses."""

    def __init__(
        self,
        models: Mapping[str, GatewayModel],
        scheduler: Scheduler,
        sender: CallSender,
        *,
        prompt: Callable[[OpenAttempt], PromptText],
        all_unpaid: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._models = models
        self._scheduler = scheduler
        self._sender = sender
        self._prompt = prompt
        self._all_unpaid = all_unpaid
        self._clock = clock
        self._random = Random()  # noqa: S311 - jitter
        self._learnt = Learnt()

    def priced_as(self, attempt: OpenAttempt, body: CallBody) -> GatewayModel:
        """The model that is asked. Raises Refusal."""
        own, asked = attempt.model, body.model
        if asked in (own.name, own.alias):
            return own
        if asked in own.others:
            return self._models[own.others[asked]]
        known = ", ".join([own.name, *own.others])
        raise Refusal(
            f"manyfew has no price for the model {asked[:80]!r} here; this attempt may ask for: {known}",
            status=404,
            kind="not_found_error",
            code="model_not_found",
        )

    def check(self, attempt: OpenAttempt, body: CallBody) -> GatewayModel:
        """Raises Refusal for what can't be bounded, before anything is held."""
        model = self.priced_as(attempt, body)
        if body.wire not in model.wires:
            spoken = ", ".join(wire.path for wire in model.wires)
            raise Refusal(
                f"manyfew forwards no {body.wire.path} for this model: it is asked at {spoken}",
                status=404,
                kind="not_found_error",
            )
        check(
            body,
            provider=model.provider,
            service_tier=model.service_tier,
            inference_geo=model.inference_geo,
            allowed=model.params.keys(),
        )
        if body.wire.name == "chat":
            _ = body.n
        return model

    def plays(self, attempt: OpenAttempt, body: CallBody, delivery: Delivery) -> bool:
        """Answers with what was recorded for this body before the interruption, if it was."""
        recorded = attempt.replay.next(body.sha, body.wire.name)
        if recorded is None:
            if attempt.replay.left and attempt.diverged_at is None:
                attempt.diverged_at = attempt.calls
            return False
        attempt.replayed += 1
        self._learn_recorded(attempt, body, recorded)
        delivery.request_id = recorded.request_id
        delivery.answer(recorded.status, recorded.content_type, recorded.reply)
        return True

    def _learn_recorded(self, attempt: OpenAttempt, body: CallBody, recorded: Recorded) -> None:
        outcome = recorded_settlement(recorded, 0)
        attempt.last_body = (recorded.request_id, body.raw)
        attempt.calls_known[recorded.request_id] = outcome
        if outcome.prompt_tokens is not None and recorded.cost_basis not in (None, "none"):
            attempt.prefixes.append(settled(body, recorded.request_id, outcome.prompt_tokens))
        for item in items_brought(recorded.reply, body.wire.name):
            attempt.brought[item] = outcome.completion_tokens or 0

    async def answer(
        self,
        attempt: OpenAttempt,
        body: CallBody,
        model: GatewayModel,
        delivery: Delivery,
        headers: Mapping[str, str],
    ) -> None:
        """Ends the delivery, unless the run ends before it."""
        attempt.requests += 1
        asked = Asked(
            attempt=attempt,
            body=body,
            model=model,
            delivery=delivery,
            headers=headers,
            number=attempt.requests,
            clock=self._clock,
        )
        try:
            await self._answer(asked)
        except Refusal as refusal:
            attempt.refusal = refusal.message
            refuse(delivery, body, refusal)

    async def _answer(self, asked: Asked) -> None:
        attempt, body, learnt = asked.attempt, asked.body, self._learnt
        while True:
            if (place := await self._place(asked)) is None:
                return
            made = await bounded(asked, learnt)
            asked.tries.made += 1
            takes_usage_out = asked.model.alias not in learnt.no_usage
            pieces = Pieces(body, asked.delivery, takes_usage_out=takes_usage_out)
            end = await self._sender.perform(made.call(pieces, self._prompt(attempt), learnt, place=place))
            attempt.last_body = (end.request_id, body.raw)
            if (wait_s := self._after(asked, end, pieces)) is None:
                return
            if wait_s:
                with asked.waiting():
                    await attempt.pause(wait_s)

    async def _place(self, asked: Asked) -> int | None:
        """Which of the model's servers is asked, once one is there; None where the attempt ends before."""
        attempt, model = asked.attempt, asked.model
        preferred = attempt.ticket.endpoint if model.alias == attempt.alias else 0
        if (place := self._sender.place(model.alias, preferred)) is not None:
            return place
        with asked.waiting():
            while not attempt.is_to_end and self._scheduler.lanes[attempt.alias].stopped is None:
                await attempt.pause(LOOKS_EVERY_S)
                if (place := self._sender.place(model.alias, preferred)) is not None:
                    attempt.is_unpaid = False
                    return place
                attempt.is_unpaid = not self._sender.is_coming(model.alias)
                if attempt.is_unpaid and self._all_unpaid():
                    attempt.end(EndedBy.UNPAID)
        return None

    # -- what follows -----------------------------------------------------------------------------------------------

    def _after(self, asked: Asked, end: CallEnd, pieces: Pieces) -> float | None:
        """None: it is answered, or never will be; else how long to wait before it is sent again."""
        attempt, body, model, delivery = asked.attempt, asked.body, asked.model, asked.delivery
        tries = asked.tries
        if end.withheld is not None:
            return self._withheld(asked, end)
        attempt.is_unpaid = False
        forwarded = end.forwarded
        if forwarded is None:  # its server's lease ended, or it was cancelled at its attempt's cap
            if end.is_cut:
                attempt.cut[end.request_id] = end.outcome
            return 0.0 if attempt.is_capped else PAUSE_S
        if forwarded.reply is not None and end.booked is not None:
            broken = bool(end.booked.broken_off) and not end.booked.arrived
            if broken and tries.lost < MOST_LOST and not delivery.begun:
                tries.lost += 1
                return 0.0
            self._replied(asked, end, pieces)
            return None
        error = forwarded.error
        assert error is not None
        if delivery.begun:  # the agent has half of it already
            delivery.end(broke_off=True)
            return None
        if isinstance(error, Refused) and self._learns_usage(model, body, error):
            return 0.0
        then, wait_s = after(
            error, tries, now=self._clock(), max_wait_s=model.max_wait_s, random=self._random
        )
        if then is Then.AGAIN:
            return wait_s
        if then is Then.STOP:
            self._scheduler.stop(attempt.alias, error.message)
            attempt.end(EndedBy.STOPPED)
        if forwarded.raw is None or then is Then.LOST:
            refuse(delivery, body, Refusal(NO_ANSWER, status=502, kind="api_error"))
        else:
            delivery.answer(
                forwarded.raw.status, forwarded.raw.content_type, forwarded.raw.body, may_retry=False
            )
        return None

    def _withheld(self, asked: Asked, end: CallEnd) -> float | None:
        attempt = asked.attempt
        if end.withheld == ENDING:
            return None  # its program is ended before it is answered, and asks again in the next run
        if end.withheld in (RAISED, RESTARTED):
            return 0.0
        if end.withheld == CAP_REACHED:
            raise capped(attempt)
        if end.withheld == NOT_PAID:
            attempt.is_unpaid = True
            if self._all_unpaid():  # so that nothing will ever come free
                attempt.end(EndedBy.UNPAID)
            return None if attempt.is_to_end else PAUSE_S
        if end.stopped is not None:
            self._scheduler.stop(attempt.alias, end.stopped)
        attempt.end(EndedBy.STOPPED)
        stopped = Refusal(f"manyfew: {end.withheld}", status=503, kind="api_error")
        refuse(asked.delivery, asked.body, stopped)
        return None

    def _learns_usage(self, model: GatewayModel, body: CallBody, error: ProviderError) -> bool:
        """A vendor that refuses stream_options is asked without from here on."""
        added = body.wire.name == "chat" and body.streams and not body.asks_usage
        if not added or error.status not in (400, 422) or model.alias in self._learnt.no_usage:
            return False
        if ABOUT_USAGE.search(error.message) is None:
            return False
        self._learnt.no_usage.add(model.alias)
        return True

    def _replied(self, asked: Asked, end: CallEnd, pieces: Pieces) -> None:
        attempt, body, model, delivery = asked.attempt, asked.body, asked.model, asked.delivery
        assert end.forwarded is not None
        assert end.forwarded.raw is not None
        assert end.booked is not None
        raw, outcome = end.forwarded.raw, end.outcome
        delivery.request_id = end.request_id
        attempt.calls_known[end.request_id] = outcome
        if outcome.state == "settled" and outcome.prompt_tokens is not None and outcome.cost_basis != "none":
            if end.booked.extra_input_tokens:
                self._learnt.untrusted.add(model.alias)
            attempt.prefixes.append(settled(body, end.request_id, outcome.prompt_tokens))
        answer = pieces.whole or raw.body
        for item in items_brought(answer, body.wire.name):
            attempt.brought[item] = outcome.completion_tokens or body.n * model.max_tokens
        attempt.last_tool_call = tool_call(answer, body.wire.name) or attempt.last_tool_call
        if delivery.begun:
            delivery.end()
        else:
            delivery.answer(raw.status, raw.content_type, raw.body)
