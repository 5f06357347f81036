"""The call that is sent for what an agent asks: bound, lowered to what its attempt's money pays for, edited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.booking.cost_ratio import times_ratio
from orchestrator.gateway.asked import Asked
from orchestrator.gateway.attempt import OpenAttempt
from orchestrator.gateway.body import Refusal
from orchestrator.gateway.bound import TooLittle, affordable, input_bound, writes_asked_for
from orchestrator.gateway.edit import edited, replaced
from orchestrator.gateway.refusals import thinking_budget
from orchestrator.gateway.replies.pieces import Pieces
from orchestrator.grammar import many
from orchestrator.ledger.writing.agent_attempts import says
from orchestrator.scheduler.limits.rates import Estimate
from orchestrator.sending.agent_call import AgentCall
from orchestrator.sending.caller import PromptText
from orchestrator.sweep.timeout import timeout_s
from pricing.cost import worst_pico
from pricing.types import PICO_PER_USD

CAP = "manyfew: this attempt's cap is used up"


@dataclass(slots=True)
class Learnt:
    """What the replies of this run showed, by alias."""

    no_usage: set[str] = field(default_factory=set[str])
    """Models whose vendor refuses to be asked for the usage of a stream."""
    untrusted: set[str] = field(default_factory=set[str])
    """Models whose prefixes did not bound what follows."""


@dataclass(frozen=True, slots=True)
class BoundedCall:
    """What it may cost by now. `bound`: tokens of input; `tokens`: the most of output; `worst`: pico-dollars of so much
    output."""

    asked: Asked
    bound: int
    tokens: int
    worst: Callable[[int], int]

    def call(self, pieces: Pieces, prompt: PromptText, learnt: Learnt, *, place: int) -> AgentCall:
        """Ready to be sent. `place`: which of the model's servers is asked."""
        attempt, body, model = self.asked.attempt, self.asked.body, self.asked.model
        before = attempt.last_body or (None, b"")
        n, held, ratio = body.n, self.worst(self.tokens), model.cost_ratio()
        output = (
            self.tokens if model.provider == "openai" else round(min(self.tokens, model.expected_output()))
        )
        return AgentCall(
            alias=attempt.alias,
            priced_as=model.alias,
            endpoint=place,
            hold=attempt.hold,
            agent_attempt_id=attempt.attempt_id,
            problem_id=attempt.problem_id,
            sample_index=attempt.sample_index,
            call=self.asked.number,
            attempt=self.asked.tries.made,
            prompt=prompt,
            wire=body.wire.name,
            body=edited(
                body,
                model=model.name,
                max_tokens=self.tokens,
                max_tokens_key=model.max_tokens_key,
                params=model.params,
                service_tier=model.service_tier,
                inference_geo=model.inference_geo,
                includes_usage=model.alias not in learnt.no_usage,
            ),
            headers=self.asked.headers,
            n=n,
            max_tokens=self.tokens,
            input_bound=self.bound,
            cap_pico=attempt.cap_pico if model.is_time_paid else None,
            worst_pico=held,
            worst_now=lambda: held if model.is_time_paid else _at_ratio(held, ratio, model.cost_ratio()),
            provider=model.provider,
            price=model.price,
            cost_basis=model.cost_basis,
            cost_ratio=ratio,
            timeout_s=timeout_s(model.timeout_s, n, self.tokens),
            estimate=Estimate(input_tokens=min(self.bound, len(body.raw) // 4), output_tokens=n * output),
            passes=pieces.passes,
            exchange=says(
                wire=body.wire.name,
                asked=body.model,
                body=body.raw,
                body_sha=body.sha,
                prefix_of=before[0],
                prefix=before[1],
                stated_max_tokens=body.stated_max_tokens,
                stated_params=replaced(body, model.params),
            ),
            answered=pieces.answered,
            waiting=self.asked.waiting,
            worked_s=lambda: attempt.worked_s,
        )


async def bounded(asked: Asked, learnt: Learnt) -> BoundedCall:
    """The call as it may be made now: it waits while only calls of its own attempt are in its way. Raises Refusal
    where the attempt's cap doesn't pay for it."""
    attempt, body, model = asked.attempt, asked.body, asked.model
    hold = attempt.hold
    while True:
        if attempt.is_capped:
            raise capped(attempt)
        trusts = model.trusts_prefixes and model.alias not in learnt.untrusted
        bound = input_bound(
            body,
            overhead=model.overhead(),
            earlier=attempt.prefixes if trusts else (),
            brought=attempt.brought,
        )
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
                with asked.waiting():
                    await attempt.changed.wait()
                continue
            raise capped(attempt, little.needs) from None
        if (budget := thinking_budget(body)) >= tokens:
            raise Refusal(
                f"thinking.budget_tokens ({budget}) must be below max_tokens, which is {tokens} by what is left of "
                "this attempt's cap and the sweep file"
            )
        return BoundedCall(asked, bound, tokens, worst)


def capped(attempt: OpenAttempt, needs: int | None = None) -> Refusal:
    """What a call is told that the attempt's cap does not pay for. `needs`: pico-dollars that the call may cost."""
    cap, most = attempt.cap_pico, attempt.agent.attempt_calls
    message = CAP
    if attempt.has_no_calls_left and most is not None:
        message = f"{CAP}: it has made the {many(most, 'call')} that attempt_calls allows"
    elif attempt.is_capped and cap is not None:
        message = f"{CAP}: attempt_usd, ${cap / PICO_PER_USD:.6g}, is spent"
    elif needs is not None and attempt.hold.room is not None:
        may_cost, left = needs / PICO_PER_USD, attempt.hold.room / PICO_PER_USD
        message = f"{CAP}: one more call may cost ${may_cost:.3g}, and ${left:.3g} of attempt_usd is left"
    attempt.refuse_for_cap()
    return Refusal(message, status=402, kind="billing_error", code="insufficient_quota")


def _at_ratio(held: int, before: int, now: int) -> int:
    """The worst case by a ratio that may have risen since."""
    return held if now <= before else -(-held * now // before)
