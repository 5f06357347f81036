"""What a judge is sent, and what becomes of its replies: the sender's caller of its requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from msgspec.structs import replace

from orchestrator.booking.booking import Attempt, Booked
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import Failure, Settlement
from orchestrator.run.verdicts.asked_judge import AskedJudge
from orchestrator.run.verdicts.judge_calls import JudgeCall, JudgeCalls
from orchestrator.scheduler.budget import Budget
from orchestrator.scheduler.lane import Ticket
from orchestrator.sending.caller import Kept, PromptText
from orchestrator.sending.prompt_body import prompt_body
from orchestrator.sweep.timeout import timeout_s
from providers.types import Provider, Reply, Request
from verifiers.types import Verdict


class Asking:
    """A call that got no verdict is not asked again in this run; the next `manyfew verify` asks it."""

    def __init__(
        self,
        calls: JudgeCalls,
        judge: AskedJudge,
        ledger: Ledger,
        budget: Budget,
        providers: Sequence[Provider],
    ) -> None:
        self._calls = calls
        self._judge = judge
        self._ledger = ledger
        self._budget = budget
        self._providers = providers
        self._asked: dict[int, JudgeCall] = {}
        """Calls that have not ended, by number."""
        self._promised: dict[int, int] = {}
        """By number: what was set aside for a call's next attempt."""

    def attempt(self, ticket: Ticket, *, lease_id: int | None = None) -> Attempt:
        calls, number = self._calls, ticket.item.problem
        call, model = calls.queue.call(number), calls.model
        self._asked[number] = call
        self._promised.pop(number, None)
        return Attempt(
            request_id=self._ledger.new_request_id(),
            model_id=self._ledger.state.models[ticket.alias].model_id,
            problem_id=call.key[0],
            indices=(call.sample_index,),
            max_tokens=model.max_tokens,
            input_bound=calls.input_bound(number),
            worst_pico=ticket.worst_pico,
            provider=model.provider,
            price=calls.price,
            cost_basis="usage" if model.gpu_usd_per_hour is None else "gpu_time",
            server=self._providers[ticket.endpoint].server,
            stop_rule="none",
            lease_id=lease_id,
            cost_ratio=calls.cost_ratio,
        )

    def prompt(self, ticket: Ticket) -> PromptText:
        body = prompt_body(self._calls.prompt(ticket.item.problem))
        return PromptText(sha256(body.encode()).hexdigest(), lambda: body)

    async def send(self, ticket: Ticket, leaves: Callable[[], None]) -> Reply:
        model, number = self._calls.model, ticket.item.problem
        request = Request(
            model=model.model,
            prompt=self._calls.prompt(number),
            n=1,
            max_tokens=model.max_tokens,
            params=model.params,
            extra=model.extra,
            timeout_s=timeout_s(model.timeout_s, 1, model.max_tokens),
            problem=str(self._asked[number].key[0]),
            indices=(0,),
            leaves=leaves,
        )
        return await self._providers[ticket.endpoint].send(request)

    def replied(self, ticket: Ticket, attempt: Attempt, booked: Booked, reply: Reply) -> Kept:
        outcome = _without_samples(booked.outcome)
        choice = next((c for c in reply.choices if not c.broken_off), None)
        if choice is None:
            return Kept(outcome=outcome, arrived=0, missing=ticket.item.indices)
        verdict = self._calls.verifier.read(choice.text, cut_off=choice.finish_reason == "length")
        rows = self._judge.graded(self._asked.pop(ticket.item.problem), verdict)
        return Kept(outcome=replace(outcome, verdicts=rows), arrived=1)

    def broke_off(self, ticket: Ticket, outcome: Settlement) -> Settlement:
        """The next attempt's money is set aside as this one's comes back."""
        back = ticket.worst_pico - outcome.presumed_pico
        self._promised[ticket.item.problem] = back
        self._budget.promise(ticket.alias, back)
        return _without_samples(outcome)

    def gave_up(
        self, ticket: Ticket, attempt: Attempt, runs: Sequence[tuple[int, int]], error: str, message: str
    ) -> Sequence[Failure]:
        """The ledger keeps none: the samples are there, without a verdict."""
        if runs:
            self._budget.promise(ticket.alias, -self._promised.pop(ticket.item.problem, 0))
            verdict = Verdict(passed=None, reason=f"the judge {ticket.alias} gave no verdict: {message}")
            self._judge.graded(self._asked.pop(ticket.item.problem), verdict)
        return ()

    def more_input(self, ticket: Ticket, attempt: Attempt, extra_tokens: int) -> int | None:
        self._calls.overhead_tokens += extra_tokens
        return self._calls.overhead_tokens

    def more_cost(self, ticket: Ticket, cost_ratio: int) -> None:
        self._calls.cost_ratio = max(self._calls.cost_ratio, cost_ratio)


def _without_samples(outcome: Settlement) -> Settlement:
    """A verdict is no sample: none of its cost bought one."""
    return replace(outcome, samples=(), unused_pico=outcome.settled_pico)
