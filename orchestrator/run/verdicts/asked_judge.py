"""Verdicts that a model gives, beside sampling: what arrives is queued for it, each distinct text once, with its money
set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.ledger.reading.samples.text_key import TextKey, text_key, wrong_by_ending
from orchestrator.ledger.writing.rows import VerdictRow
from orchestrator.run.verdicts.case import Unjudged, bounded, verdict_row
from orchestrator.run.verdicts.judge import Judge
from orchestrator.run.verdicts.judge_calls import JudgeCall
from verifiers.types import Verdict

if TYPE_CHECKING:
    from orchestrator.ledger.writing.rows import Settlement
    from orchestrator.run.verdicts.judge_calls import JudgeCalls
    from orchestrator.scheduler.budget import Budget


class AskedJudge(Judge):
    """A Judge whose verdicts come from requests, which the scheduler admits and the sender sends. It never holds its
    own requests back."""

    def __init__(self, *args: Any, calls: JudgeCalls, budget: Budget, **more: Any) -> None:
        super().__init__(*args, **more)
        self._calls = calls
        self._budget = budget
        self._promised: set[TextKey] = set()

    @property
    def behind(self) -> bool:
        """Never: the scheduler holds sampling back, and lets the judge go on."""
        return False

    @property
    def busy(self) -> bool:
        """Whether verdicts that were given are still to be written."""
        return bool(self._done) or self._writing

    async def _make_room(self) -> None:
        """There always is: the scheduler holds sampling back."""

    async def drained(self) -> None:
        """Returns once every verdict that was given is written."""
        while self.busy:
            self._written.clear()
            await self._written.wait()

    def set_aside(self, outcome: Settlement, held_pico: int) -> None:
        """Money for the verdicts on what arrives with `outcome`, out of what its request held for them. In the step in
        which that is given back."""
        for place, row in enumerate(outcome.samples):
            key = text_key(row.problem_id, row.text, row.finish_reason)
            known = outcome.judged and outcome.judged[place] is not None
            if known or key in self._open or key in self._promised:
                continue
            if wrong_by_ending(row.text, row.finish_reason) is None:
                each = min(held_pico, self._worst(key, row.text))
                held_pico -= each
                self._promised.add(key)
                self._budget.promise(self._calls.alias, each)

    def _worst(self, key: TextKey, text: str) -> int:
        return self._calls.worst_of(JudgeCall(key, 0, text, self._problem(key[0])))

    def _start(self, sample: Unjudged, key: TextKey) -> None:
        self._promised.discard(key)
        self._calls.queue.add(JudgeCall(key, sample.sample_index, sample.text, self._problem(key[0])))

    # -- what came --------------------------------------------------------------------------------------------------

    def graded(self, call: JudgeCall, verdict: Verdict) -> tuple[VerdictRow, ...]:
        """A verdict as it came, for all samples of its text. Gives what is to be written with the request."""
        samples = self._open.pop(call.key)
        kept = bounded(verdict, None)
        self._known.keep(call.key, kept)
        self._finish(samples, call.key, kept)
        if kept.passed is None:
            return ()
        first = samples[0]
        return (verdict_row(first.model_id, first.sample_index, self._executor.name, call.key, kept),)
