"""One call of an agent until it is answered: recorded reply or a new one, bound, sent again where that helps."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from random import Random

from orchestrator.booking.cost_ratio import times_ratio
from orchestrator.gateway.attempt import OpenAttempt, recorded_settlement
from orchestrator.gateway.body import CallBody, Refusal
from orchestrator.gateway.bound import TooLittle, affordable, input_bound, settled, writes_asked_for
from orchestrator.gateway.delivery import Delivery
from orchestrator.gateway.edit import edited, replaced
from orchestrator.gateway.ending import EndedBy
from orchestrator.gateway.model import GatewayModel
from orchestrator.gateway.reading import items_brought, tool_call
from orchestrator.gateway.refusals import check, thinking_budget
from orchestrator.gateway.stream_edit import UsageTakenOut
from orchestrator.ledger.writing.agent_attempts import Recorded, Statement, answers, says
from orchestrator.scheduler.call_retry import MOST_LOST, Then, Tries, after
from orchestrator.scheduler.limits.rates import Estimate
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.agent_calls import ENDING, RAISED, AgentCall, CallEnd, CallSender
from orchestrator.sending.caller import PromptText
from orchestrator.sending.sender import NOT_PAID
from orchestrator.sweep.timeout import timeout_s
from pricing.cost import worst_pico
from pricing.types import PICO_PER_USD
from providers.errors import ProviderError, Refused
from providers.forward import Forwarded

CAP = "manyfew: this attempt's cap is used up"
NO_ANSWER = "manyfew: no whole answer came from the vendor"
PAUSE_S = 1.0
"""Between two looks at a server's lease that the budget refused."""
ABOUT_USAGE = re.compile(r"stream_options|include_usage", re.IGNORECASE)


class Answering:
    """`models` by alias; `prompt` gives the task's prompt of an attempt."""

    def __init__(
        self,
        models: Mapping[str, GatewayModel],
        scheduler: Scheduler,
        sender: CallSender,
        *,
        prompt: Callable[[OpenAttempt], PromptText],
        clock: Callable[[], float],
    ) -> None:
        self._models = models
        self._scheduler = scheduler
        self._sender = sender
        self._prompt = prompt
        self._clock = clock
        self._random = Random()  # noqa: S311 - jitter
        self._no_usage: set[str] = set()
        """Models whose vendor refuses to be asked for the usage of a stream."""
        self._untrusted: set[str] = set()
        """Models whose prefixes did not bound what follows."""

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
        try:
            await self._answer(attempt, body, model, delivery, headers)
        except Refusal as refusal:
            refuse(delivery, body, refusal)

    async def _answer(
        self,
        attempt: OpenAttempt,
        body: CallBody,
        model: GatewayModel,
        delivery: Delivery,
        headers: Mapping[str, str],
    ) -> None:
        tries = Tries()
        number = attempt.requests + 1
        attempt.requests = number
        while True:
            made = await self._bound(attempt, body, model, delivery, headers, tries, number)
            tries.made += 1
            filtered = _Pieces(body, delivery, takes_usage_out=model.alias not in self._no_usage)
            call = made(filtered)
            end = await self._sender.perform(call)
            attempt.last_body = (end.request_id, body.raw)
            if (wait_s := self._after(attempt, body, model, delivery, tries, end, filtered)) is None:
                return
            if wait_s:
                with self._waiting(attempt, delivery):
                    await attempt.pause(wait_s)

    # -- bound ------------------------------------------------------------------------------------------------------

    async def _bound(
        self,
        attempt: OpenAttempt,
        body: CallBody,
        model: GatewayModel,
        delivery: Delivery,
        headers: Mapping[str, str],
        tries: Tries,
        number: int,
    ) -> Callable[[_Pieces], AgentCall]:
        """The call as it may be made now: it waits while only calls of its own attempt are in its way. Raises Refusal
        where the attempt's cap doesn't pay for it."""
        hold = attempt.hold
        while True:
            if attempt.is_capped:
                raise self.capped(attempt)
            prefixes = (
                attempt.prefixes if model.trusts_prefixes and model.alias not in self._untrusted else ()
            )
            bound = input_bound(body, overhead=model.overhead(), earlier=prefixes, brought=attempt.brought)
            writes = writes_asked_for(body)

            def worst(max_tokens: int, bound: int = bound, writes: tuple[str, ...] = writes) -> int:
                if model.is_time_paid:
                    return 0
                pico = worst_pico(model.price, bound, body.n * max_tokens, asked_for=writes)
                return times_ratio(pico, model.cost_ratio())

            try:
                tokens = affordable(
                    body.stated_max_tokens,
                    ceiling=model.max_tokens,
                    room=hold.room,
                    shrink=attempt.agent.shrink,
                    worst=worst,
                )
            except TooLittle as little:
                later = hold.room_later
                if hold.reserved and later is not None and little.needs <= later:
                    await self._await_others(attempt, delivery)
                    continue
                raise self.capped(attempt, little.needs) from None
            if (budget := thinking_budget(body)) >= tokens:
                raise Refusal(
                    f"thinking.budget_tokens ({budget}) must be below max_tokens, which is {tokens} by what is left of "
                    "this attempt's cap and the sweep file"
                )
            return lambda pieces: self._call(
                attempt,
                body,
                model,
                delivery,
                headers,
                tries,
                number,
                tokens=tokens,
                bound=bound,
                worst=worst,
                pieces=pieces,
            )

    def _call(
        self,
        attempt: OpenAttempt,
        body: CallBody,
        model: GatewayModel,
        delivery: Delivery,
        headers: Mapping[str, str],
        tries: Tries,
        number: int,
        *,
        tokens: int,
        bound: int,
        worst: Callable[[int], int],
        pieces: _Pieces,
    ) -> AgentCall:
        before = attempt.last_body or (None, b"")
        sent = edited(
            body,
            model=model.name,
            max_tokens=tokens,
            max_tokens_key=model.max_tokens_key,
            params=model.params,
            service_tier=model.service_tier,
            inference_geo=model.inference_geo,
            includes_usage=model.alias not in self._no_usage,
        )
        said = says(
            wire=body.wire.name,
            asked=body.model,
            body=body.raw,
            body_sha=body.sha,
            prefix_of=before[0],
            prefix=before[1],
            stated_max_tokens=body.stated_max_tokens,
            stated_params=replaced(body, model.params),
        )
        n, held = body.n, worst(tokens)
        ratio = model.cost_ratio()
        output_tokens = tokens if model.provider == "openai" else round(min(tokens, model.expected_output()))
        return AgentCall(
            alias=attempt.alias,
            priced_as=model.alias,
            endpoint=attempt.ticket.endpoint if model.alias == attempt.alias else 0,
            hold=attempt.hold,
            agent_attempt_id=attempt.attempt_id,
            problem_id=attempt.problem_id,
            sample_index=attempt.sample_index,
            call=number,
            attempt=tries.made,
            prompt=self._prompt(attempt),
            wire=body.wire.name,
            body=sent,
            headers=headers,
            n=n,
            max_tokens=tokens,
            input_bound=bound,
            cap_pico=attempt.cap_pico if model.is_time_paid else None,
            worst_pico=held,
            worst_now=lambda: held if model.is_time_paid else _at_ratio(held, ratio, model.cost_ratio()),
            provider=model.provider,
            price=model.price,
            cost_basis=model.cost_basis,
            cost_ratio=ratio,
            timeout_s=timeout_s(model.timeout_s, n, tokens),
            estimate=Estimate(input_tokens=min(bound, len(body.raw) // 4), output_tokens=n * output_tokens),
            passes=pieces.passes,
            exchange=said,
            answered=pieces.answered,
            waiting=lambda: self._waiting(attempt, delivery),
            worked_s=lambda: attempt.worked_s,
        )

    async def _await_others(self, attempt: OpenAttempt, delivery: Delivery) -> None:
        with self._waiting(attempt, delivery):
            await attempt.changed.wait()

    def capped(self, attempt: OpenAttempt, needs: int | None = None) -> Refusal:
        """What a call is told that the attempt's cap does not pay for. `needs`: pico-dollars that the call may cost."""
        cap, most = attempt.cap_pico, attempt.agent.attempt_calls
        message = CAP
        if attempt.has_no_calls_left:
            message = f"{CAP}: it has made the {most:,} calls that attempt_calls allows"
        elif attempt.is_capped and cap is not None:
            message = f"{CAP}: attempt_usd, ${cap / PICO_PER_USD:.6g}, is spent"
        elif needs is not None and attempt.hold.room is not None:
            may_cost, left = needs / PICO_PER_USD, attempt.hold.room / PICO_PER_USD
            message = f"{CAP}: one more call may cost ${may_cost:.3g}, and ${left:.3g} of attempt_usd is left"
        attempt.refuse_for_cap(message)
        return Refusal(message, status=402, kind="billing_error", code="insufficient_quota")

    @contextlib.contextmanager
    def _waiting(self, attempt: OpenAttempt, delivery: Delivery) -> Generator[None]:
        """The time inside it is none that the attempt works."""
        if delivery.waits_since is None:
            delivery.waits_since = self._clock()
        attempt.waits()
        try:
            yield
        finally:
            attempt.goes_on()

    # -- what follows -----------------------------------------------------------------------------------------------

    def _after(
        self,
        attempt: OpenAttempt,
        body: CallBody,
        model: GatewayModel,
        delivery: Delivery,
        tries: Tries,
        end: CallEnd,
        pieces: _Pieces,
    ) -> float | None:
        """None: it is answered, or never will be; else how long to wait before it is sent again."""
        if end.withheld is not None:
            return self._withheld(attempt, body, delivery, end)
        forwarded = end.forwarded
        if forwarded is None:  # its server's lease ended, or it was cancelled at its attempt's cap
            return 0.0 if attempt.is_capped else PAUSE_S
        if forwarded.reply is not None and end.booked is not None:
            broken = bool(end.booked.broken_off) and not end.booked.arrived
            if broken and tries.lost < MOST_LOST and not delivery.begun:
                tries.lost += 1
                return 0.0
            self._replied(attempt, body, model, delivery, end, pieces)
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

    def _withheld(
        self, attempt: OpenAttempt, body: CallBody, delivery: Delivery, end: CallEnd
    ) -> float | None:
        if end.withheld == ENDING:
            return None  # its program is ended before it is answered, and asks again in the next run
        if end.withheld == RAISED:
            return 0.0
        if end.withheld == NOT_PAID:
            return PAUSE_S
        if end.stopped is not None:
            self._scheduler.stop(attempt.alias, end.stopped)
        attempt.end(EndedBy.STOPPED)
        refuse(delivery, body, Refusal(f"manyfew: {end.withheld}", status=503, kind="api_error"))
        return None

    def _learns_usage(self, model: GatewayModel, body: CallBody, error: ProviderError) -> bool:
        """A vendor that refuses stream_options is asked without from here on."""
        added = body.wire.name == "chat" and body.streams and not body.asks_usage
        if not added or error.status not in (400, 422) or model.alias in self._no_usage:
            return False
        if ABOUT_USAGE.search(error.message) is None:
            return False
        self._no_usage.add(model.alias)
        return True

    def _replied(
        self,
        attempt: OpenAttempt,
        body: CallBody,
        model: GatewayModel,
        delivery: Delivery,
        end: CallEnd,
        pieces: _Pieces,
    ) -> None:
        assert end.forwarded is not None
        assert end.forwarded.raw is not None
        assert end.booked is not None
        raw, outcome = end.forwarded.raw, end.outcome
        delivery.request_id = end.request_id
        attempt.calls_known[end.request_id] = outcome
        if outcome.state == "settled" and outcome.prompt_tokens is not None and outcome.cost_basis != "none":
            if end.booked.extra_input_tokens:
                self._untrusted.add(model.alias)
            attempt.prefixes.append(settled(body, end.request_id, outcome.prompt_tokens))
        answer = pieces.whole or raw.body
        for item in items_brought(answer, body.wire.name):
            attempt.brought[item] = outcome.completion_tokens or body.n * model.max_tokens
        attempt.last_tool_call = tool_call(answer, body.wire.name) or attempt.last_tool_call
        if delivery.begun:
            delivery.end()
        else:
            delivery.answer(raw.status, raw.content_type, raw.body)


class _Pieces:
    """A stream on its way to the agent, and what of it the ledger keeps."""

    def __init__(self, body: CallBody, delivery: Delivery, *, takes_usage_out: bool) -> None:
        takes = takes_usage_out and body.wire.name == "chat" and body.streams and not body.asks_usage
        self._filter = UsageTakenOut() if takes else None
        self._delivery = delivery
        self._pieces: list[bytes] = []
        self._content_type = "text/event-stream"

    def passes(self, chunk: bytes, content_type: str) -> None:
        if not self._delivery.begun:
            self._delivery.begin(200, content_type)
        self._content_type = content_type
        self._add(chunk if self._filter is None else self._filter.feed(chunk))

    @property
    def whole(self) -> bytes:
        return b"".join(self._pieces)

    def answered(self, request_id: int, forwarded: Forwarded) -> Sequence[Statement]:
        """What the ledger keeps of a whole reply."""
        raw = forwarded.raw
        if raw is None or raw.status >= 300:
            return ()
        if self._filter is not None:
            self._add(self._filter.end())
        return [answers(request_id, raw.status, raw.content_type, self.whole or raw.body)]

    def _add(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self._delivery.add(piece)


def refuse(delivery: Delivery, body: CallBody, refusal: Refusal) -> None:
    """Answers in the wire's own form; a stream that has begun is told in it."""
    text = body.wire.error(refusal.message, kind=refusal.kind, code=refusal.code)
    delivery.answer(refusal.status, "application/json", text, may_retry=False)


def _at_ratio(held: int, before: int, now: int) -> int:
    """The worst case by a ratio that may have risen since."""
    return held if now <= before else -(-held * now // before)
