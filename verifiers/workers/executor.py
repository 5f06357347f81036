"""How a verifier is run, whatever its isolation: a few texts a call, so many calls at once, never an exception."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from verifiers.types import BatchVerifier, Bounds, Verdict, Verifier
from verifiers.workers.pool import Pool
from verifiers.workers.worker_process import Item

MOST_INLINE = 256
MOST_BATCH = 10_000
MOST_CHARACTERS = 1 << 18
LONG_TEXT = 2_048
"""Characters above which even a quick verifier is run by a worker: what it takes grows with the text, and meanwhile
nothing else in this process would go on."""


class Executor(Protocol):
    """How a verifier is run. `judge` blocks and may be called from `concurrency` threads at once, with up to `size`
    texts."""

    verifier: Verifier
    options: dict[str, Any]
    bounds: Bounds
    name: str

    @property
    def concurrency(self) -> int: ...

    @property
    def most_at_once(self) -> int: ...

    @property
    def is_inline(self) -> bool:
        """Whether a verdict costs so little that one more is no matter."""
        ...

    @property
    def is_batch(self) -> bool:
        """Whether it judges only when asked to, by `manyfew verify`, and everything in few calls."""
        ...

    @property
    def judges_together(self) -> bool:
        """Whether a call takes minutes, whatever number of problems it is about, and one text of each."""
        ...

    @property
    def asks(self) -> bool:
        """Whether a model judges, so that verdicts are requests of their own and cost money."""
        ...

    @property
    def size(self) -> int: ...

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict an item, in their order. Never raises."""
        ...

    def judge_apart(self, items: Sequence[Item]) -> list[Verdict]:
        """As `judge`, of a quick verifier, but all of it by worker processes: for many texts, from up to
        `most_at_once` threads at once."""
        ...

    def close(self) -> None:
        """Ends what runs, at once; calls of `judge` return."""
        ...


class LocalExecutor:
    """On this machine, in processes and threads."""

    def __init__(
        self, verifier: Verifier, options: Mapping[str, Any], bounds: Bounds, *, during: bool = False
    ) -> None:
        """`options` and `bounds` are those that the verifier was made with. `during`: one that judges afterwards
        judges beside sampling."""
        self._during = during
        self.verifier = verifier
        self.options = dict(options)
        self.bounds = bounds
        self.name = f"{verifier.kind}/{verifier.version}"
        self._make_pool = partial(Pool, verifier.kind, options, bounds)
        self._lock = threading.Lock()
        self._closed = False
        self._pool = self._make_pool() if verifier.isolation == "worker" else None
        self._many = verifier if isinstance(verifier, BatchVerifier) else None
        self._several = verifier.isolation in ("worker", "process")
        self.most_at_once = bounds.workers or cores()

    @property
    def concurrency(self) -> int:
        return self.most_at_once if self._several else 1

    @property
    def is_inline(self) -> bool:
        return self.verifier.isolation == "inline"

    @property
    def is_batch(self) -> bool:
        return self.verifier.isolation == "batch" and not self._during

    @property
    def judges_together(self) -> bool:
        return self._many is not None

    @property
    def asks(self) -> bool:
        return self.verifier.isolation == "asks"

    @property
    def size(self) -> int:
        if self._pool is not None and not self.is_inline:
            return self._pool.size
        return {"inline": MOST_INLINE, "batch": MOST_BATCH}.get(self.verifier.isolation, 1)

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict an item, in their order."""
        try:
            verdicts = self._judge(items)
        except Exception as error:
            return [_broke(error)] * len(items)
        if len(verdicts) != len(items):
            return [Verdict(passed=None, reason="the verifier gave another number of verdicts")] * len(items)
        return verdicts

    def judge_apart(self, items: Sequence[Item]) -> list[Verdict]:
        """As `judge`, of a quick verifier, but all of it by worker processes: for many texts, from up to
        `most_at_once` threads at once."""
        verdicts: list[Verdict] = []
        try:
            for trip in _trips(items):
                verdicts += self._workers().judge_together(trip)
        except Exception as error:
            verdicts += [_broke(error)] * (len(items) - len(verdicts))
        return verdicts

    def _judge(self, items: Sequence[Item]) -> list[Verdict]:
        if self.is_inline:
            return self._judge_inline(items)
        if self._pool is not None:
            return self._pool.judge(items)
        if self._many is not None:
            return self._many.verify_many(items)
        return [self._one(text, problem) for text, problem in items]

    def _judge_inline(self, items: Sequence[Item]) -> list[Verdict]:
        long = [item for item in items if len(item[0]) > LONG_TEXT]
        by_worker = iter(self._workers().judge(long) if long else ())
        return [next(by_worker) if len(item[0]) > LONG_TEXT else self._one(*item) for item in items]

    def _workers(self) -> Pool:
        """Made at the first long text."""
        with self._lock:
            if self._pool is None:
                self._pool = self._make_pool()
            if self._closed:
                self._pool.close()
            return self._pool

    def close(self) -> None:
        """Ends what runs, at once; calls of `judge` return."""
        with self._lock:
            self._closed = True
            pool = self._pool
        if pool is not None:
            pool.close()
        self.verifier.close()

    def _one(self, text: str, problem: Mapping[str, Any]) -> Verdict:
        try:
            return self.verifier.verify(text, problem)
        except Exception as error:
            return _broke(error)


def _trips(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Texts that go to a worker together: not so many that one trip takes long."""
    trip: list[Item] = []
    characters = 0
    for item in items:
        if trip and (len(trip) == MOST_INLINE or characters + len(item[0]) > MOST_CHARACTERS):
            yield trip
            trip, characters = [], 0
        trip.append(item)
        characters += len(item[0])
    if trip:
        yield trip


def cores() -> int:
    """The processors that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _broke(error: Exception) -> Verdict:
    return Verdict(passed=None, reason=f"the verifier broke: {type(error).__name__}: {error}"[:300])
