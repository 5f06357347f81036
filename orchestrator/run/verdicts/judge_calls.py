"""What a judge is asked, in order, and the most that it can cost. Decides, and does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from orchestrator.booking.cost_ratio import ONE, times_ratio
from orchestrator.booking.counts import TOKENS_A_MESSAGE
from orchestrator.ledger.reading.samples.text_key import TextKey
from orchestrator.scheduler.call_queue import CallQueue
from orchestrator.scheduler.lane import Bound
from orchestrator.sweep.types import Model
from pricing.cost import cost_pico, worst_pico
from pricing.types import Price, Tokens
from providers.types import Message, Prompt
from verifiers.judge import Judge as JudgeText

BYTES_A_TOKEN = 8
"""Of an answer's token, set aside for its judge: twice what is usual. A longer answer's judge needs room of its own."""
USUAL_BYTES_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class JudgeCall:
    """A distinct text of a problem, to be graded once."""

    key: TextKey
    sample_index: int
    text: str
    problem: Mapping[str, Any]

    def __len__(self) -> int:
        return 1


class JudgeCalls:
    """Of one model. `overhead_tokens` and `cost_ratio` grow when a reply shows that they were too small."""

    def __init__(
        self,
        verifier: JudgeText,
        model: Model,
        price: Price,
        *,
        overhead_tokens: int = 0,
        cost_ratio: int = ONE,
    ) -> None:
        self.verifier = verifier
        self.model = model
        self.price = price
        self.overhead_tokens = max(overhead_tokens, model.prompt_overhead_tokens)
        self.cost_ratio = cost_ratio
        self.queue: CallQueue[JudgeCall] = CallQueue(iter(()), parts=0, max_n=1)
        self._extra_bytes = len(msgspec.json.encode(dict(model.extra))) if model.extra else 0
        self._by_time = model.gpu_usd_per_hour is not None

    @property
    def alias(self) -> str:
        return self.model.alias

    def prompt(self, number: int) -> Prompt:
        return self._prompt(self.queue.call(number))

    def worst_of(self, call: JudgeCall) -> int:
        """The most that a call can cost."""
        return self._worst(self._tokens(self._prompt(call).size_bytes))

    def _prompt(self, call: JudgeCall) -> Prompt:
        messages = self.verifier.messages(call.text, call.problem)
        return Prompt(
            messages=tuple(Message("system" if role == "system" else "user", text) for role, text in messages)
        )

    def input_bound(self, number: int) -> int:
        """The most input tokens that a call can count."""
        return self._tokens(self.prompt(number).size_bytes)

    def bound(self, number: int) -> Bound:
        tokens = self.input_bound(number)
        return Bound(fixed=self._worst(tokens), sample=0, input_tokens=tokens // USUAL_BYTES_A_TOKEN)

    def most_pico(self, problem: Mapping[str, Any], max_tokens: int) -> int:
        """What is set aside for the verdict on an answer of at most so many tokens."""
        return self._worst(self._tokens(self.verifier.most_bytes(problem, BYTES_A_TOKEN * max_tokens)))

    def expected_pico(self, problem: Mapping[str, Any], answer_tokens: float, judge_tokens: float) -> int:
        """What a verdict is expected to cost."""
        size = self.verifier.most_bytes(problem, round(USUAL_BYTES_A_TOKEN * answer_tokens))
        return cost_pico(
            self.price, Tokens(input=size // USUAL_BYTES_A_TOKEN, output=max(1, round(judge_tokens)))
        )

    def _tokens(self, size_bytes: int) -> int:
        return size_bytes + 2 * TOKENS_A_MESSAGE + self._extra_bytes + self.overhead_tokens

    def _worst(self, input_tokens: int) -> int:
        """0 where a server's time is paid: its lease is what is reserved."""
        if self._by_time:
            return 0
        return times_ratio(worst_pico(self.price, input_tokens, self.model.max_tokens), self.cost_ratio)
