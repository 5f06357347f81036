"""One request to the scorer: what it asks, what it can cost at most, and what booking needs to know of it."""

from __future__ import annotations

import time
from hashlib import sha256

from orchestrator.booking.booking import Attempt
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import Reservation
from orchestrator.reward.jobs import Job
from orchestrator.reward.reward_model import RewardModel
from orchestrator.run.prepare import prompt_body
from pricing.cost import worst_pico
from providers.reward import ScoreRequest
from providers.types import Message, Prompt


class Requests:
    """Makes them. `overhead_tokens` is for each answer, and grows where a reply shows that it was too small."""

    def __init__(self, scorer: RewardModel, ledger: Ledger, overhead_tokens: int) -> None:
        self._scorer = scorer
        self._ledger = ledger
        self.overhead_tokens = overhead_tokens

    def input_bound(self, job: Job) -> int:
        """The most input tokens it can count: the bytes of the question with each answer, and the overhead."""
        question = len(job.question.encode("utf-8", "replace"))
        answers = sum(len(text.text.encode("utf-8", "replace")) for text in job.texts)
        return len(job.texts) * (question + self.overhead_tokens) + answers

    def worst_pico(self, job: Job) -> int:
        """0 where a server's time is paid: its lease is what is reserved."""
        return worst_pico(self._scorer.price, self.input_bound(job), 0)

    def attempt(self, job: Job, server: str, worst: int, lease_id: int | None) -> Attempt:
        """What booking needs to know. Its indices stand for the job's texts."""
        return Attempt(
            request_id=self._ledger.new_request_id(),
            model_id=self._ledger.state.models[self._scorer.alias].model_id,
            problem_id=job.problem_id,
            indices=tuple(range(len(job.texts))),
            max_tokens=0,
            input_bound=self.input_bound(job),
            worst_pico=worst,
            provider="vllm",
            price=self._scorer.price,
            cost_basis="usage" if self._scorer.gpu_usd_per_hour is None else "gpu_time",
            server=server,
            stop_rule="none",
            lease_id=lease_id,
        )

    def reservation(
        self, job: Job, attempt: Attempt, number: int
    ) -> tuple[Reservation, tuple[int, str, str] | None]:
        """What is written before it leaves: the question as its prompt, and as its indices the numbers of the samples
        (one a text) that are scored."""
        body = prompt_body(Prompt(messages=(Message("user", job.question),)))
        sha = sha256(body.encode()).hexdigest()
        prompt_id, new = self._ledger.prompt_id(sha)
        reservation = Reservation(
            request_id=attempt.request_id,
            run_id=self._ledger.state.run_id,
            model_id=attempt.model_id,
            problem_id=job.problem_id,
            prompt_id=prompt_id,
            attempt=number,
            indices=tuple(text.samples[0] for text in job.texts),
            max_tokens=0,
            reserved_pico=attempt.worst_pico,
            server=attempt.server,
            reserved_at=time.time(),
        )
        return reservation, (prompt_id, sha, body) if new else None

    def request(self, job: Job) -> ScoreRequest:
        """What is sent."""
        return ScoreRequest(
            model=self._scorer.model,
            prompt=Prompt(text=job.question),
            n=len(job.texts),
            max_tokens=0,
            extra=self._scorer.extra,
            timeout_s=self._scorer.timeout_s,
            problem=str(job.problem_id),
            question=job.question,
            answers=tuple(text.text for text in job.texts),
        )

    def raise_overhead(self, extra_tokens: int, texts: int) -> bool:
        """More input than its bound: the bound grows for all that follow. Whether it did."""
        self.overhead_tokens += -(-extra_tokens // texts)
        return extra_tokens > 0
