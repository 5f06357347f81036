"""Verification beside sampling: what arrives is judged as it comes, so many calls at once, each distinct text of a
problem once, over all runs of the ledger. A bound on what waits holds sampling back when verdicts fall behind.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from orchestrator.errors import InputError, LedgerBroken
from orchestrator.ledger.file.trouble import writing
from orchestrator.ledger.reading.for_run.unjudged import VerdictReader
from orchestrator.ledger.reading.samples.text_key import TextKey
from orchestrator.ledger.writing.rows import VerdictRow
from orchestrator.run.verdicts.case import Unjudged, bounded, verdict_row
from orchestrator.run.verdicts.pending import Pending
from orchestrator.run.verdicts.threads import VerifierThreads
from verifiers.types import Verdict
from verifiers.workers.executor import Executor

MOST_WAITING = 4096
MOST_REMEMBERED = 20_000


class Known(Protocol):
    """Verdicts that were given before, by key."""

    def get(self, key: TextKey) -> Verdict | None: ...

    def keep(self, key: TextKey, verdict: Verdict) -> None: ...

    def close(self) -> None: ...


class KnownVerdicts:
    """Verdicts by key: those of this session in memory, older ones in the ledger. An undecided one is remembered for
    this session only: the next tries again. A quick verifier is asked anew sooner than the ledger."""

    def __init__(self, path: Path, executor: Executor) -> None:
        self._path = path
        self._verifier = executor.name
        self._looks_up = not executor.is_inline
        self._reader: VerdictReader | None = None
        self._reads = False
        self._kept: OrderedDict[TextKey, Verdict] = OrderedDict()

    def get(self, key: TextKey) -> Verdict | None:
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
        elif self._looks_up and (known := self._from_ledger(key)) is not None:
            self.keep(key, known)
        return known

    def _from_ledger(self, key: TextKey) -> Verdict | None:
        """Raises LedgerBroken if the ledger can't be read: a run is under way, which ends in one line."""
        try:
            with writing(self._path, "the ledger can't be read"):
                return self._read(key)
        except InputError as error:
            raise LedgerBroken(error.where, error.message, error.remedy) from error

    def _read(self, key: TextKey) -> Verdict | None:
        if self._reader is None:
            self._reader = VerdictReader(self._path, self._verifier)
            self._reads = self._reader.has_any
        return self._reader(*key) if self._reads else None

    def keep(self, key: TextKey, verdict: Verdict) -> None:
        self._kept[key] = verdict
        if len(self._kept) > MOST_REMEMBERED:
            self._kept.popitem(last=False)
            self._reads = True

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()


class Judge:
    """Samples in, verdicts out. `problem(problem_id)` returns a problem's data, `write` makes verdicts durable, then
    `on_verdict` gets each sample's. If the verifier judges only afterwards, samples stay without a verdict."""

    def __init__(
        self,
        executor: Executor,
        known: Known,
        problem: Callable[[int], Mapping[str, Any]],
        *,
        write: Callable[[Sequence[VerdictRow]], Awaitable[None]],
        on_verdict: Callable[[Unjudged, VerdictRow], None],
    ) -> None:
        self._executor = executor
        self._known = known
        self._problem = problem
        self._write = write
        self._on_verdict = on_verdict
        self._crew = VerifierThreads(executor, self._judged)
        self._pending = Pending(executor.concurrency, one_of_each=executor.judges_together)
        self._open: dict[TextKey, list[Unjudged]] = {}
        """Samples of the keys that are being verified, or wait to be."""
        self._done: list[tuple[Unjudged, VerdictRow]] = []
        self._wake = asyncio.Event()
        self._room = asyncio.Semaphore(MOST_WAITING)
        self._nothing_waits = asyncio.Event()
        self._nothing_waits.set()
        self._waiting = 0
        self._writing = False
        self._written = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Samples whose verdict is not yet written."""
        return self._waiting

    @property
    def behind(self) -> bool:
        """Whether sampling should hold back."""
        return self._waiting > MOST_WAITING // 2

    @property
    def busy(self) -> bool:
        """Whether verdicts are due."""
        return self._waiting > 0

    async def add(self, sample: Unjudged) -> None:
        """Returns once there is room for it."""
        if self._executor.is_batch:
            return
        self._waiting += 1
        self._nothing_waits.clear()
        await self._make_room()
        key = sample.key()
        if (verdict := self._known.get(key)) is not None:
            self._finish([sample], key, verdict)
        elif (alike := self._open.get(key)) is not None:
            alike.append(sample)
        elif sample.ended is not None and not self._executor.is_inline:
            # Its answer would be worth nothing, and to run half a program may take long.
            self._finish([sample], key, bounded(Verdict(passed=False), sample.ended))
        else:
            self._open[key] = [sample]
            self._start(sample, key)

    def _start(self, sample: Unjudged, key: TextKey) -> None:
        """A text that nobody has judged."""
        self._pending.add(key)
        self._dispatch()

    async def _make_room(self) -> None:
        await self._room.acquire()

    async def drained(self) -> None:
        """Returns once every sample added so far has its verdict."""
        await self._nothing_waits.wait()

    async def run(self) -> None:
        """Writes verdicts until cancelled; what is not judged by then is judged by the next run."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                done, self._done = self._done, []
                if not done:
                    continue
                self._writing = True
                await self._write([row for _, row in done])
                for sample, row in done:
                    self._on_verdict(sample, row)
                    self._room.release()
                self._waiting -= len(done)
                self._writing = False
                self._written.set()
                if not self._waiting:
                    self._nothing_waits.set()
        finally:
            self._crew.stop()
            self._known.close()

    def _dispatch(self) -> None:
        while not self._crew.is_full and (keys := self._pending.take(self._executor.size)):
            self._crew.start(keys, [(self._open[key][0].text, self._problem(key[0])) for key in keys])

    def _judged(self, keys: Sequence[TextKey], verdicts: Sequence[Verdict], seconds: float) -> None:
        # How long a call of many takes says nothing of any of its problems.
        self._pending.ended(keys, 0.0 if self._executor.judges_together else seconds)
        for key, found in zip(keys, verdicts, strict=True):
            samples = self._open.pop(key)
            verdict = bounded(found, samples[0].ended)
            self._known.keep(key, verdict)
            self._finish(samples, key, verdict)
        self._dispatch()

    def _finish(self, samples: Sequence[Unjudged], key: TextKey, verdict: Verdict) -> None:
        self._done += [
            (sample, verdict_row(sample.model_id, sample.sample_index, self._executor.name, key, verdict))
            for sample in samples
        ]
        self._wake.set()


def takes_leftovers(executor: Executor) -> bool:
    """Whether what earlier runs left without a verdict is judged beside sampling, not before: it costs money, or takes
    long."""
    return executor.asks or (executor.judges_together and not executor.is_batch)


async def judge_all(judge: Judge, adding: Coroutine[Any, Any, None]) -> None:
    """Judges what `adding` adds; it returns once all of that has its verdict."""
    judging = asyncio.create_task(judge.run())
    added = asyncio.create_task(adding)
    try:
        await asyncio.wait({judging, added}, return_when=asyncio.FIRST_COMPLETED)
        if judging.done():  # only an error ends it
            await judging
        await added
    finally:
        judging.cancel()
        added.cancel()
        await asyncio.gather(judging, added, return_exceptions=True)
