"""What one model still has to ask, made lazily: a few integers a problem, never an object a sample. No I/O.

Breadth first: the problem with the fewest samples asked comes next. Where money is short, or a verdict can end a
problem, its samples go out in rounds that bring it to 1, 2, 4, 8 … samples; else packed up to max_n.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.warmth import Warmth


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Samples of one problem that go out together. `attempt` is 1 for the first try."""

    problem: int
    """Ordinal."""
    indices: tuple[int, ...]
    attempt: int = 1
    lost: int = 0
    """How many of its attempts ended unknown, and so cost money."""
    first_at: float | None = None
    """When it was first sent."""
    cached: bool = False
    """Whether it is to use the vendor's cache of prompts."""
    measured: bool = False
    """Whether no outcome had a part in its choice, under a policy that outcomes steer."""


@dataclass(order=True, slots=True)
class _Again:
    ready_at: float
    order: int
    item: Item = field(compare=False)


class Work:
    """One model's remaining samples: `peek` shows the next ones, `take` takes a part of them, `again` puts back."""

    def __init__(
        self,
        problems: Sequence[ProblemState],
        *,
        samples: int | Sequence[int],
        max_n: int,
        rounds: bool,
        until_solved: bool,
        warmth: Warmth | None = None,
    ) -> None:
        self.wanted = array("q", [samples] * len(problems) if isinstance(samples, int) else samples)
        """Samples of each problem."""
        self.max_n = max_n
        self.rounds = rounds or until_solved
        self.until_solved = until_solved
        self._warmth = warmth
        self.asked = array("q", (p.next_index for p in problems))
        # Samples beyond those wanted now (an earlier run wanted more) stay in the ledger and do not count here.
        self.done = array("q", (min(p.recorded, n) for p, n in zip(problems, self.wanted, strict=True)))
        self.failed = array("q", bytes(8 * len(problems)))
        self.busy = array("q", (p.unverified + len(p.asked) if until_solved else 0 for p in problems))
        """Samples of a problem in flight or waiting for their verdict; kept for until_solved only."""
        self.solved = bytearray(p.solved for p in problems)
        self.unasked = sum(max(0, n - p.next_index) for p, n in zip(problems, self.wanted, strict=True))
        """Samples that wait to be asked, retries too. Of until_solved, where a verdict ends a problem: at most."""
        self._order = 0
        self._again: list[_Again] = []
        self._waiting: dict[int, list[Item]] = {}
        """until_solved: what to ask again once the problem's verdicts are in."""
        self._fresh: list[tuple[int, int]] = []
        """Heap of (asked, ordinal): each problem that may be asked for new samples, once."""
        self._queued = bytearray(len(problems))
        for ordinal in range(len(problems)):
            self._queue(ordinal)
        for ordinal, problem in enumerate(problems):
            lacking = max(0, self.wanted[ordinal] - problem.recorded - len(problem.asked))
            holes = problem.holes[:lacking]
            if holes and not self._is_over(ordinal):
                for item in self._refill(ordinal, tuple(holes)):
                    self._push(item, 0.0)

    def _refill(self, problem: int, indices: tuple[int, ...]) -> Iterator[Item]:
        """How samples are asked anew that an earlier run lost."""
        yield Item(problem=problem, indices=indices)

    def _open(self, problem: int) -> bool:
        return not (self._is_over(problem) or self._waits(problem))

    def _waits(self, problem: int) -> bool:
        """What is to be asked again of it waits for its verdicts."""
        return self.until_solved and self.busy[problem] > 0

    def _is_over(self, problem: int) -> bool:
        """A verdict has ended it: nothing more is asked of it."""
        return self.until_solved and bool(self.solved[problem])

    def _over(self) -> Iterable[int]:
        """Of each problem, whether `_is_over`."""
        return self.solved if self.until_solved else bytes(len(self.done))

    def _push(self, item: Item, ready_at: float) -> None:
        self.unasked += len(item.indices)
        self._order += 1
        heapq.heappush(self._again, _Again(ready_at, self._order, item))

    def peek(self, now: float) -> Item | None:
        """The next item, at most max_n samples; None while there is none (see `next_at`)."""
        while self._again and self._again[0].ready_at <= now:
            item = self._again[0].item
            if self._is_over(item.problem) and not item.measured:
                heapq.heappop(self._again)  # a verdict made it needless
                self.unasked -= len(item.indices)
                self._reopen(item.problem)
                continue
            if self._waits(item.problem):
                heapq.heappop(self._again)
                self.unasked -= len(item.indices)
                self._waiting.setdefault(item.problem, []).append(item)
                continue
            return _first(item, self.max_n)
        while self._fresh and not self._open(self._fresh[0][1]):
            self._queued[heapq.heappop(self._fresh)[1]] = 0
        if not self._fresh:
            return None
        problem = self._fresh[0][1]
        asked = self.asked[problem]
        indices = tuple(range(asked, asked + self._chunk(problem, asked)))
        return Item(problem=problem, indices=indices, cached=self._cached(problem, asked))

    def next_at(self) -> float | None:
        """When a retry becomes due, if one waits."""
        return self._again[0].ready_at if self._again else None

    def _target(self, problem: int, asked: int) -> int:
        """How many samples of a problem are wanted now."""
        wanted = self.wanted[problem]
        return min(1 << asked.bit_length(), wanted) if self.rounds else wanted

    def _chunk(self, problem: int, asked: int) -> int:
        return max(1, min(self._target(problem, asked), asked + self.max_n) - asked)

    def _cached(self, problem: int, asked: int) -> bool:
        return self._warmth is not None and self._warmth.cached(problem, asked, self._target(problem, asked))

    def take(self, item: Item, n: int) -> Item:
        """Takes the first `n` samples of what `peek` showed; the rest stays."""
        taken = _first(item, n)
        if (
            self._again
            and self._again[0].item.problem == item.problem
            and item.indices[0] < self.asked[item.problem]
        ):
            again = heapq.heappop(self._again)
            self.unasked -= len(again.item.indices)
            rest = again.item.indices[n:]
            if rest:
                self._push(_with(again.item, rest), again.ready_at)
        else:
            problem = heapq.heappop(self._fresh)[1]
            asked = self.asked[problem]
            self._queued[problem] = 0
            self.asked[problem] = asked + n
            self.unasked -= n
            if self._warmth is not None and taken.cached:
                self._warmth.took(problem, asked + n, self._warmth.block(asked, self._target(problem, asked)))
            if not self.until_solved:
                self._queue(problem)
        if self.until_solved:
            self.busy[taken.problem] += n
        return taken

    def again(self, item: Item, ready_at: float) -> None:
        """Puts samples back, to be asked again from `ready_at` on."""
        if self.until_solved:
            self.busy[item.problem] -= len(item.indices)
        self._push(item, ready_at)

    def arrived(self, problem: int, n: int) -> None:
        """`n` samples of a problem are recorded."""
        self.done[problem] += n
        if n:
            self._landed(problem)

    def gave_up(self, problem: int, n: int) -> None:
        """`n` samples failed for good."""
        self.failed[problem] += n
        self._landed(problem)
        if self.until_solved:
            self.busy[problem] -= n
            self._reopen(problem)

    def close(self, problem: int) -> list[tuple[int, int]]:
        """The problem itself is refused: what was not asked yet fails with it. Gives (first index, n) of those."""
        given_up = [
            run
            for item in [*(a.item for a in self._again), *self._waiting.pop(problem, [])]
            if item.problem == problem
            for run in runs(item.indices)
        ]
        self.unasked -= sum(len(a.item.indices) for a in self._again if a.item.problem == problem)
        self._again = [a for a in self._again if a.item.problem != problem]
        heapq.heapify(self._again)
        if (more := self.wanted[problem] - self.asked[problem]) > 0:
            given_up.append((self.asked[problem], more))
            self.unasked -= more
            self.asked[problem] += more
            self._fresh = [entry for entry in self._fresh if entry[1] != problem]
            heapq.heapify(self._fresh)
            self._queued[problem] = 0
        self.failed[problem] += sum(n for _, n in given_up)
        return given_up

    def judged(self, problem: int, *, passed: bool, index: int) -> None:
        """One recorded sample has its verdict."""
        del index
        if passed:
            self.solved[problem] = 1
        if self.until_solved:
            self.busy[problem] -= 1
            self._reopen(problem)

    def _landed(self, problem: int) -> None:
        if self._warmth is not None and self._warmth.landed(problem):
            self._queue(problem)

    def _reopen(self, problem: int) -> None:
        if self.busy[problem] or self._is_over(problem):
            return
        waiting = self._waiting.pop(problem, [])
        for item in waiting:
            self._push(item, 0.0)
        if not waiting:
            self._queue(problem)

    def _queue(self, problem: int) -> None:
        if self.asked[problem] < self.wanted[problem] and not self._queued[problem] and self._open(problem):
            if self._warmth is not None and self._warmth.holds(problem):
                return
            hot = self._warmth is not None and self._warmth.hot(problem)
            self._queued[problem] = 1
            heapq.heappush(self._fresh, (-1 if hot else self.asked[problem], problem))

    @property
    def empty(self) -> bool:
        """Nothing to ask, as far as is known: verdicts on the way can still reopen until_solved."""
        return not self._again and not self._fresh

    def verdicts_awaited(self) -> int:
        """Samples in flight or landed whose verdict may decide what is asked next."""
        return sum(self.busy)

    def is_whole(self, problem: int) -> bool:
        """Whether a problem's samples are all in, now and for the next run."""
        return not self.left(problem) and (self._is_over(problem) or not self.failed[problem])

    def left(self, problem: int) -> int:
        """Samples of a problem that are still to be asked or on their way."""
        if self._is_over(problem):
            return 0
        return max(0, self.wanted[problem] - self.done[problem] - self.failed[problem])

    def lacking(self) -> int:
        """The same of all problems, which the display asks for while the loop waits."""
        counts = zip(self.wanted, self.done, self.failed, self._over(), strict=True)
        return sum(n - done - failed for n, done, failed, over in counts if not over and n > done + failed)


def _with(item: Item, indices: tuple[int, ...]) -> Item:
    return Item(
        problem=item.problem,
        indices=indices,
        attempt=item.attempt,
        lost=item.lost,
        first_at=item.first_at,
        cached=item.cached,
        measured=item.measured,
    )


def _first(item: Item, n: int) -> Item:
    return item if len(item.indices) <= n else _with(item, item.indices[:n])


def runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending indices as (first, n) of each unbroken run."""
    found: list[tuple[int, int]] = []
    for index in indices:
        if found and index == found[-1][0] + found[-1][1]:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((index, 1))
    return found
