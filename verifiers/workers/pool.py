"""Worker processes for verifiers that may hang, grow or die: each verdict within its limits, whatever the text does.

A worker is started when it is first needed, kept warm, and killed with its whole process group when a text is not
judged in time; the next text gets a new one. A verdict that a worker owed when it ended is None, with the reason.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from verifiers.types import Bounds, Verdict
from verifiers.workers.worker import Start
from verifiers.workers.worker_process import Item, Worker

MOST_A_TRIP = 32
TRIP_S = 0.02
"""About how long the texts of one round trip should take: they get their verdicts together."""


class Pool:
    """`judge` may be called from several threads at once; each has a worker of its own while it does."""

    def __init__(self, kind: str, options: Mapping[str, Any], bounds: Bounds) -> None:
        self._start = Start(kind=kind, options=dict(options), bounds=bounds, parent=os.getpid())
        self._lock = threading.Lock()
        self._workers: set[Worker] = set()
        self._free: list[Worker] = []
        self._closed = False
        self._mean_s = TRIP_S
        # On Linux a worker ends with the thread that started it, so that is one that lives as long as the pool.
        self._starter = ThreadPoolExecutor(1, "verifier workers")

    @property
    def size(self) -> int:
        """How many texts a call should hold, by the time that they have taken so far."""
        return max(1, min(MOST_A_TRIP, int(TRIP_S / self._mean_s)))

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict an item, in their order. A text at which a worker dies is tried on a second one: what ended the
        first, the kernel short of memory or a person, may have nothing to do with it."""
        began = time.monotonic()
        verdicts: list[Verdict] = []
        tried = -1
        while len(verdicts) < len(items):
            worker = self._take()
            if worker is None:
                verdicts.append(Verdict(passed=None, reason="the verifier was ended"))
                continue
            found = worker.ask(items[len(verdicts) :])
            self._give_back(worker)
            guilty = len(verdicts) + len(found) - 1
            if worker.died and tried != guilty:
                tried = guilty
                found.pop()
            verdicts += found
        self._mean_s += 0.2 * ((time.monotonic() - began) / max(1, len(items)) - self._mean_s)
        return verdicts

    def judge_together(self, items: Sequence[Item]) -> list[Verdict]:
        """As `judge`, of a verifier that can't hang: many short texts a round trip. If that fails they are judged one
        after the other, so that the text at which it did is found."""
        worker = self._take()
        found = None if worker is None else worker.ask_together(items)
        if worker is not None:
            self._give_back(worker)
        return self.judge(items) if found is None else found

    def close(self) -> None:
        """Kills every worker; calls that wait for one return."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
            self._workers.clear()
            self._free.clear()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.wait()
        self._starter.shutdown(wait=False)

    def _take(self) -> Worker | None:
        with self._lock:
            if self._closed:
                return None
            if self._free:
                return self._free.pop()
            # Under the lock, so that close() misses none.
            worker = self._starter.submit(Worker, self._start).result()
            self._workers.add(worker)
            return worker

    def _give_back(self, worker: Worker) -> None:
        with self._lock:
            if worker.usable and not self._closed:
                self._free.append(worker)
                return
            self._workers.discard(worker)
        worker.kill()
        worker.wait()
