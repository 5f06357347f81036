"""Cases that wait to be verified, problem after problem: one whose texts are slow never holds up the others."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Sequence

from orchestrator.ledger.reading.samples.text_key import TextKey

SLOW_S = 0.1


class Pending:
    """First come, first served within a problem; the problems take turns. Of several calls at once, one problem's
    keys never take the last, once there is more than one problem; and what was slow goes into a call alone, since
    the texts of a call get their verdicts together."""

    def __init__(self, concurrency: int, *, one_of_each: bool = False) -> None:
        self._one_of_each = one_of_each
        self._most_of_one = max(1, concurrency - 1)
        self._concurrency = concurrency
        self._waiting: OrderedDict[int, deque[TextKey]] = OrderedDict()
        self._running: Counter[int] = Counter()
        self._seen: set[int] = set()
        self._slow: set[int] = set()

    def add(self, key: TextKey) -> None:
        if len(self._seen) < 2:
            self._seen.add(key[0])
        self._waiting.setdefault(key[0], deque()).append(key)

    def take(self, most: int) -> list[TextKey]:
        """The next few, for one call; they count as running until `ended`."""
        taken: list[TextKey] = []
        limit = self._most_of_one if len(self._seen) > 1 else self._concurrency
        calls: set[int] = set()
        passed_over = 0
        while len(taken) < most and passed_over < len(self._waiting):
            problem, keys = next(iter(self._waiting.items()))
            full = self._one_of_each if problem in calls else self._running[problem] >= limit
            if full or (taken and problem in self._slow):
                self._waiting.move_to_end(problem)
                passed_over += 1
                continue
            passed_over = 0
            if problem not in calls:
                calls.add(problem)
                self._running[problem] += 1
            taken.append(keys.popleft())
            if keys:
                self._waiting.move_to_end(problem)
            else:
                del self._waiting[problem]
            if problem in self._slow:
                break
        return taken

    def ended(self, taken: Sequence[TextKey], seconds: float = 0.0) -> None:
        """A call that `take` filled is over, after so long."""
        problems = {problem for problem, _ in taken}
        if seconds > SLOW_S:
            self._slow |= problems  # any of them may have been it; those that were not clear themselves
        else:
            self._slow -= problems
        for problem in problems:
            self._running[problem] -= 1
            if not self._running[problem]:
                del self._running[problem]
