"""Verification beside sampling: a bounded queue holds sampling back when verdicts fall behind.

Each distinct text of a problem is verified once in a run; verdicts are written in batches.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from orchestrator.ledger.rows import VerdictRow
from verifiers.types import Verdict, Verifier

MOST_WAITING = 4096
MOST_A_BATCH = 256
MOST_REMEMBERED = 20_000
CUT_OFF = "length"
REFUSED = frozenset({"refusal", "content_filter"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A recorded sample that waits for its verdict."""

    alias: str
    model_id: int
    problem_id: int
    ordinal: int
    sample_index: int
    text: str
    finish_reason: str | None


class Bench:
    """Verifies texts, each distinct one once. `problem(problem_id)` gives a problem's data."""

    def __init__(self, verifier: Verifier, problem: Callable[[int], Mapping[str, Any]]) -> None:
        self.name = f"{verifier.kind}/{verifier.version}"
        self._verifier = verifier
        self._problem = problem
        self._known: OrderedDict[tuple[int, bytes], Verdict] = OrderedDict()

    def rows(self, samples: list[Unjudged]) -> list[VerdictRow]:
        return [self.row(sample) for sample in samples]

    def row(self, sample: Unjudged) -> VerdictRow:
        """The verdict on one sample. Cut off, refused or empty is wrong (CONTRACT, Ledger), whatever the text says;
        the answer is still extracted where there is one."""
        digest = sha256(sample.text.encode("utf-8", "replace")).digest()[:16]
        verdict = self._verdict(sample, digest)
        passed, reason = verdict.passed, verdict.reason
        if sample.finish_reason == CUT_OFF:
            passed, reason, digest = False, "cut off at max_tokens", _mark(digest, b"cut")
        elif sample.finish_reason in REFUSED:
            passed, reason, digest = False, "refused", _mark(digest, b"refused")
        elif not sample.text.strip():
            passed, reason = False, "empty"
        return VerdictRow(
            model_id=sample.model_id,
            problem_id=sample.problem_id,
            sample_index=sample.sample_index,
            verifier=self.name,
            text_sha=digest,
            passed=None if passed is None else int(passed),
            score=verdict.score,
            answer=verdict.answer,
            reason=reason,
        )

    def _verdict(self, sample: Unjudged, digest: bytes) -> Verdict:
        key = (sample.problem_id, digest)
        known = self._known.get(key)
        if known is None:
            try:
                known = self._verifier.verify(sample.text, self._problem(sample.problem_id))
            except Exception as error:
                known = Verdict(
                    passed=None, reason=f"the verifier broke: {type(error).__name__}: {error}"[:300]
                )
            self._known[key] = known
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return known


def _mark(digest: bytes, how: bytes) -> bytes:
    """The same text, ended otherwise, is another case."""
    return sha256(digest + how).digest()[:16]


class Judge:
    """The queue and its one consumer. `write` makes verdicts durable, `told` hears each sample's."""

    def __init__(
        self,
        bench: Bench,
        *,
        write: Callable[[list[VerdictRow]], Any],
        told: Callable[[Unjudged, VerdictRow], None],
    ) -> None:
        self._bench = bench
        self._write = write
        self._told = told
        self._queue: asyncio.Queue[Unjudged] = asyncio.Queue(MOST_WAITING)
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """Samples whose verdict is not yet written."""
        return self._waiting

    @property
    def behind(self) -> bool:
        """Whether sampling should hold back."""
        return self._queue.qsize() > MOST_WAITING // 2

    async def add(self, sample: Unjudged) -> None:
        self._waiting += 1
        await self._queue.put(sample)

    async def drained(self) -> None:
        """Returns once every sample added so far has its verdict."""
        await self._queue.join()

    async def run(self) -> None:
        """Judges until cancelled."""
        while True:
            batch = [await self._queue.get()]
            while len(batch) < MOST_A_BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            rows = await asyncio.to_thread(self._bench.rows, batch)
            await self._write(rows)
            for sample, row in zip(batch, rows, strict=True):
                self._told(sample, row)
                self._waiting -= 1
                self._queue.task_done()
