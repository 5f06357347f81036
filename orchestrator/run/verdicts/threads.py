"""Threads that wait for a verifier's calls. Daemons: a process that is asked to leave at once leaves."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from orchestrator.ledger.reading.samples.text_key import TextKey
from verifiers.types import Verdict
from verifiers.workers.executor import Executor
from verifiers.workers.worker_process import Item

Call = tuple[Sequence[TextKey], Sequence[Item]]
Done = Callable[[Sequence[TextKey], Sequence[Verdict], float], None]


class VerifierThreads:
    """`done` hears each call's verdicts, and how long it took, in the event loop that made the crew. Threads start as
    they are needed."""

    def __init__(self, executor: Executor, done: Done) -> None:
        self._executor = executor
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._threads = 0
        self._busy = 0

    @property
    def is_full(self) -> bool:
        return self._busy >= self._executor.concurrency

    def start(self, cases: Sequence[TextKey], items: Sequence[Item]) -> None:
        self._busy += 1
        if self._threads < self._busy:
            self._threads += 1
            threading.Thread(target=self._work, name=f"verifier {self._threads}", daemon=True).start()
        self._calls.put((cases, items))

    def stop(self) -> None:
        """Threads end once what they wait for returns; nothing is heard of it."""
        for _ in range(self._threads):
            self._calls.put(None)
        self._threads = 0

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            cases, items = call
            began = time.monotonic()
            verdicts = self._executor.judge(items)
            seconds = time.monotonic() - began
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
                self._loop.call_soon_threadsafe(self._heard, cases, verdicts, seconds)

    def _heard(self, cases: Sequence[TextKey], verdicts: Sequence[Verdict], seconds: float) -> None:
        self._busy -= 1
        self._done(cases, verdicts, seconds)
