"""What a reward model is sent, and what becomes of the scores: the sender's caller of its requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from msgspec.structs import replace

from orchestrator.booking.booking import Attempt, Booked
from orchestrator.booking.cost_ratio import ONE, times_ratio
from orchestrator.booking.counts import TOKENS_A_MESSAGE
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import Failure, Settlement
from orchestrator.reward.jobs import Job, Text
from orchestrator.reward.reward_model import RewardModel
from orchestrator.scheduler.call_queue import CallQueue
from orchestrator.scheduler.lane import Ticket
from orchestrator.sending.caller import Kept, PromptText
from orchestrator.sending.prompt_body import prompt_body
from pricing.cost import worst_pico
from providers.reward import ScoreProvider, ScoreRequest
from providers.types import Message, Prompt, Reply


@dataclass(slots=True)
class ScoreTally:
    """What came of the texts."""

    scored: int = 0
    failed: int = 0
    reason: str | None = None
    """Why the last text that failed did."""


class Scoring:
    """`overhead_tokens` is for each answer, and grows if a reply shows that it was too small. `on_progress` gets
    how many texts are scored."""

    def __init__(
        self,
        scorer: RewardModel,
        queue: CallQueue[Job],
        ledger: Ledger,
        providers: Sequence[ScoreProvider],
        *,
        overhead_tokens: int,
        on_progress: Callable[[int], None],
    ) -> None:
        self._scorer = scorer
        self._queue = queue
        self._ledger = ledger
        self._providers = providers
        self._on_progress = on_progress
        self.overhead_tokens = overhead_tokens
        self.cost_ratio = ONE
        self.tally = ScoreTally()

    def bound(self, _alias: str, number: int) -> ScoreBound:
        """Of the call of that number."""
        return ScoreBound(self._scorer, self._queue.call(number), self.overhead_tokens, self.cost_ratio)

    def _texts(self, ticket: Ticket) -> tuple[Text, ...]:
        texts = self._queue.call(ticket.item.problem).texts
        return tuple(texts[index] for index in ticket.item.indices)

    def attempt(self, ticket: Ticket, *, lease_id: int | None = None) -> Attempt:
        """Its indices are the numbers of the samples that are scored, one a text."""
        job = self._queue.call(ticket.item.problem)
        return Attempt(
            request_id=self._ledger.new_request_id(),
            model_id=self._ledger.state.models[ticket.alias].model_id,
            problem_id=job.problem_id,
            indices=tuple(text.samples[0] for text in self._texts(ticket)),
            max_tokens=0,
            input_bound=self.bound(ticket.alias, ticket.item.problem).input_tokens_of(ticket.item.indices),
            worst_pico=ticket.worst_pico,
            provider="vllm",
            price=self._scorer.price,
            cost_basis="usage" if self._scorer.gpu_usd_per_hour is None else "gpu_time",
            server=self._providers[ticket.endpoint].server,
            stop_rule="none",
            lease_id=lease_id,
            cost_ratio=self.cost_ratio,
        )

    def prompt(self, ticket: Ticket) -> PromptText:
        """The question."""
        question = self._queue.call(ticket.item.problem).question
        body = prompt_body(Prompt(messages=(Message("user", question),)))
        return PromptText(sha256(body.encode()).hexdigest(), lambda: body)

    async def send(self, ticket: Ticket, leaves: Callable[[], None]) -> Reply:
        job, texts = self._queue.call(ticket.item.problem), self._texts(ticket)
        request = ScoreRequest(
            model=self._scorer.model,
            prompt=Prompt(text=job.question),
            n=len(texts),
            max_tokens=0,
            extra=self._scorer.extra,
            timeout_s=self._scorer.timeout_s,
            problem=str(job.problem_id),
            question=job.question,
            answers=tuple(text.text for text in texts),
            leaves=leaves,
        )
        return await self._providers[ticket.endpoint].send(request)

    def replied(self, ticket: Ticket, attempt: Attempt, booked: Booked, reply: Reply) -> Kept:
        """A text without a score in the reply is not asked for again in this run."""
        problem_id, texts = attempt.problem_id, self._texts(ticket)
        missing = len(texts) - len(reply.choices)
        self.tally.scored += len(reply.choices)
        if missing:
            self.tally.failed += missing
            self.tally.reason = booked.warning or "no score in the reply"
        self._on_progress(self.tally.scored)
        return Kept(
            outcome=_without_samples(booked.outcome),
            arrived=len(reply.choices),
            given_up=missing,
            also=[
                statement
                for choice in reply.choices
                for statement in texts[choice.index].scored(self._scorer.name, problem_id, float(choice.text))
            ],
        )

    def broke_off(self, ticket: Ticket, outcome: Settlement) -> Settlement:
        return _without_samples(outcome)

    def gave_up(
        self, ticket: Ticket, attempt: Attempt, runs: Sequence[tuple[int, int]], error: str, message: str
    ) -> Sequence[Failure]:
        """The ledger keeps none: the next run asks for every text without a score."""
        if lost := sum(n for _, n in runs):
            self.tally.failed += lost
            self.tally.reason = message
        return ()

    def more_input(self, ticket: Ticket, attempt: Attempt, extra_tokens: int) -> int | None:
        self.overhead_tokens += -(-extra_tokens // ticket.n)
        return self.overhead_tokens

    def more_cost(self, ticket: Ticket, cost_ratio: int) -> None:
        self.cost_ratio = max(self.cost_ratio, cost_ratio)


class ScoreBound:
    """The most that a call can cost: the bytes of the question with each answer, what a template puts around these two
    messages, and the overhead of each. 0 if a server's time is paid: its lease is what is reserved."""

    def __init__(self, scorer: RewardModel, job: Job, overhead_tokens: int, cost_ratio: int) -> None:
        self._scorer = scorer
        self._job = job
        self._each = len(job.question.encode("utf-8", "replace")) + 2 * TOKENS_A_MESSAGE + overhead_tokens
        self._cost_ratio = cost_ratio

    @property
    def input_tokens(self) -> int:
        return self.input_tokens_of(range(len(self._job)))

    def input_tokens_of(self, indices: Sequence[int]) -> int:
        """The most input tokens that these texts can count."""
        texts = self._job.texts
        return sum(self._each + len(texts[index].text.encode("utf-8", "replace")) for index in indices)

    def worst_of(self, indices: Sequence[int]) -> int:
        return times_ratio(worst_pico(self._scorer.price, self.input_tokens_of(indices), 0), self._cost_ratio)

    def fitting(self, indices: Sequence[int], room: int) -> int:
        fits = len(indices)
        while fits and self.worst_of(indices[:fits]) > room:
            fits -= 1
        return fits


def _without_samples(outcome: Settlement) -> Settlement:
    """A score is no sample: none of its cost bought one."""
    return replace(outcome, samples=(), unused_pico=outcome.settled_pico)
