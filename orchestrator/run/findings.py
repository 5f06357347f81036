"""What a run finds in its replies that the person who watches should know before more money goes the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.ledger.reading.samples.text_key import CUT_OFF
from orchestrator.ledger.writing.rows import SampleRow
from orchestrator.run.prepare import Prepared
from orchestrator.run.progress_figures import Tally
from orchestrator.run.shared_limits import shared_limits
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.text.empty_words import EmptyReplies
from orchestrator.text.one_sided_words import gold_of, one_sided


class Findings:
    """Empty replies, limits that models share, verdicts that are all alike. `tallies`: by alias, kept by the caller."""

    def __init__(self, prepared: Prepared, scheduler: Scheduler, tallies: Mapping[str, Tally]) -> None:
        self._prepared = prepared
        self._scheduler = scheduler
        self._tallies = tallies
        self._examples: dict[str, tuple[int, str, str | None]] = {}
        """Of each model the first judged sample: its problem, text and extracted answer."""
        self._empty = dict.fromkeys(prepared.sweep.models, EmptyReplies())

    def add_samples(self, alias: str, samples: Sequence[SampleRow]) -> None:
        """The samples of one reply."""
        cut = [
            (row.text, bool(row.reasoning_tokens) or row.reasoning is not None)
            for row in samples
            if row.finish_reason == CUT_OFF
        ]
        self._empty[alias] = self._empty[alias].and_more(len(samples), cut)

    def has_example(self, alias: str) -> bool:
        """Whether no further judged sample of the model is looked at."""
        return alias in self._examples

    def add_judged(self, alias: str, ordinal: int, text: str, answer: str | None) -> None:
        """A judged sample: its problem's ordinal, its text, and the answer that the verifier found in it."""
        if alias not in self._examples and text.strip():
            self._examples[alias] = (ordinal, text, answer)

    def empty_replies(self) -> dict[str, str]:
        """What to say of models that this run got many empty replies of, by alias."""
        models = self._prepared.sweep.models
        words = {alias: seen.words(models[alias].max_tokens) for alias, seen in self._empty.items()}
        return {alias: said for alias, said in words.items() if said is not None}

    def shared_limits(self) -> list[str]:
        """What to say of models that may share a vendor's limit."""
        rates = {alias: lane.rate for alias, lane in self._scheduler.lanes.items()}
        return shared_limits(self._prepared.sweep.models, rates)

    def to_watch(self) -> str | None:
        """The first of them all, as one line."""
        for alias, words in self.empty_replies().items():
            return f"{alias}: {words}"
        return self._one_sided() or next(iter(self.shared_limits()), None)

    def _one_sided(self) -> str | None:
        """The first model whose verdicts are all alike."""
        for alias, (ordinal, text, answer) in self._examples.items():
            tally = self._tallies[alias]
            gold = gold_of(self._prepared.problems[ordinal].data.get("answer"))
            words = one_sided(tally.verified, tally.passed, text=text, answer=answer, gold=gold)
            if words is not None:
                return f"{alias}: {words}"
        return None
