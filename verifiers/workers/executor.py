"""How a verifier is run, whatever its isolation: a few texts a call, so many calls at once, never an exception."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from verifiers.types import BatchVerifier, Bounds, Verdict, Verifier
from verifiers.workers.pool import Pool
from verifiers.workers.worker_process import Item

MOST_INLINE = 256
MOST_BATCH = 10_000


class Executor:
    """`judge` blocks and may be called from `concurrency` threads at once, with up to `size` texts."""

    def __init__(self, verifier: Verifier, options: Mapping[str, Any], bounds: Bounds) -> None:
        """`options` and `bounds` are those that the verifier was made with."""
        self.verifier = verifier
        self.name = f"{verifier.kind}/{verifier.version}"
        self._pool = Pool(verifier.kind, options, bounds) if verifier.isolation == "worker" else None
        self._many = verifier if isinstance(verifier, BatchVerifier) else None
        several = verifier.isolation in ("worker", "process")
        self.concurrency = (bounds.workers or cores()) if several else 1

    @property
    def is_inline(self) -> bool:
        """Whether a verdict costs so little that one more is no matter."""
        return self.verifier.isolation == "inline"

    @property
    def is_batch(self) -> bool:
        """Whether it judges only when asked to, by `manyfew verify`, and everything in few calls."""
        return self.verifier.isolation == "batch"

    @property
    def size(self) -> int:
        if self._pool is not None:
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

    def _judge(self, items: Sequence[Item]) -> list[Verdict]:
        if self._pool is not None:
            return self._pool.judge(items)
        if self._many is not None:
            return self._many.verify_many(items)
        return [self._one(text, problem) for text, problem in items]

    def close(self) -> None:
        """Ends what runs, at once; calls of `judge` return."""
        if self._pool is not None:
            self._pool.close()
        self.verifier.close()

    def _one(self, text: str, problem: Mapping[str, Any]) -> Verdict:
        try:
            return self.verifier.verify(text, problem)
        except Exception as error:
            return _broke(error)


def cores() -> int:
    """The processors that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _broke(error: Exception) -> Verdict:
    return Verdict(passed=None, reason=f"the verifier broke: {type(error).__name__}: {error}"[:300])
