"""Verdicts before samples are written, if that is quick: of texts that were judged before, and, by a verifier that
is quick itself, of any. Sample and verdict then go into the ledger together, which costs less than one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from orchestrator.ledger.reading.samples.text_key import text_key, wrong_by_ending
from orchestrator.ledger.writing.rows import SampleVerdict
from orchestrator.run.verdicts.case import bounded, verdict_row
from verifiers.workers.executor import LONG_TEXT

if TYPE_CHECKING:
    from orchestrator.ledger.writing.rows import SampleRow, Settlement, VerdictRow
    from orchestrator.run.verdicts.judge import KnownVerdicts
    from verifiers.types import Verdict
    from verifiers.workers.executor import Executor

MOST_S = 0.003
"""The time that a reply's texts may take here: meanwhile nothing else goes on."""
SHORT_TEXT = 200
"""Characters below which the time says nothing of the text."""
FORGETS = 0.9
"""Texts that took long are held against those that follow; for every reply a little less."""
MOST_CHARACTERS, EACH = 1 << 23, 256
"""Of the texts whose verdicts are at hand, and what each of them takes besides: to look one up takes a fifth of making
its digest and a row of its verdict."""


class InlineVerdicts:
    """`problem(problem_id)` gives a problem's data."""

    def __init__(
        self, executor: Executor, known: KnownVerdicts, problem: Callable[[int], Mapping[str, Any]]
    ) -> None:
        self._executor = executor
        self._known = known
        self._problem = problem
        self._s_per_character = 0.0
        """The worst lately."""
        self._at_hand: dict[tuple[int, str, str | None], SampleVerdict] = {}
        """By problem, text and how it ended: a text that repeats comes again soon."""
        self._characters = 0

    def judge(self, outcome: Settlement) -> Settlement:
        """The outcome with the verdicts that can be given at once; samples without one are for the judge."""
        if not outcome.samples or self._executor.is_batch:
            return outcome
        left = self._most_characters() if self._executor.is_inline else 0
        judged: list[SampleVerdict | None] = []
        new: list[VerdictRow] = []
        at_hand = self._at_hand
        for row in outcome.samples:
            text = row.text
            said = row.problem_id, text, row.finish_reason
            known = at_hand.get(said)
            if known is None:
                key = text_key(*said)
                verdict = self._known.get(key)
                if verdict is None and len(text) <= left:
                    left -= len(text)
                    verdict = self._verified(row)
                    self._known.keep(key, verdict)
                    if (
                        verdict.reason is not None or verdict.evidence is not None
                    ):  # else the sample's row says it all
                        new.append(
                            verdict_row(outcome.model_id, row.sample_index, self._executor.name, key, verdict)
                        )
                if verdict is not None:
                    known = self._of_sample(verdict)
                    self._keep(said, known)
            judged.append(known)
        return replace(outcome, judged=tuple(judged), verdicts=tuple(new))

    def _keep(self, said: tuple[int, str, str | None], verdict: SampleVerdict) -> None:
        takes = len(said[1]) + EACH
        self._characters += takes
        if self._characters > MOST_CHARACTERS:
            self._at_hand.clear()
            self._characters = takes
        self._at_hand[said] = verdict

    def _most_characters(self) -> int:
        """Of a reply's texts that are verified here."""
        self._s_per_character *= FORGETS
        return min(LONG_TEXT, int(MOST_S / max(self._s_per_character, 1e-9)))

    def _of_sample(self, verdict: Verdict) -> SampleVerdict:
        passed, answer, score, reason, _ = verdict
        passes = None if passed is None else int(passed)
        return SampleVerdict(passes, score, answer, self._executor.name, reason)

    def _verified(self, row: SampleRow) -> Verdict:
        began = time.perf_counter()
        (found,) = self._executor.judge([(row.text, self._problem(row.problem_id))])
        took_s = (time.perf_counter() - began) / max(SHORT_TEXT, len(row.text))
        self._s_per_character = max(self._s_per_character, took_s)
        return bounded(found, wrong_by_ending(row.text, row.finish_reason))
