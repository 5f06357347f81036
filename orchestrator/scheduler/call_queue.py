"""Calls that are made in the order in which they are given, and are read only when their turn comes. No I/O."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from msgspec.structs import replace

from orchestrator.scheduler.work import Item


class Call(Protocol):
    """One call. Its length is the number of its parts."""

    def __len__(self) -> int: ...


AnyCall = TypeVar("AnyCall", bound=Call)


@dataclass(order=True, slots=True)
class _Again:
    ready_at: float
    order: int
    item: Item = field(compare=False)


class CallQueue(Generic[AnyCall]):
    """A WorkSource. An item's `problem` is the number of its call, its `indices` are parts of that call. `parts`: how
    many all calls have together."""

    def __init__(self, calls: Iterator[AnyCall], *, parts: int, max_n: int) -> None:
        self.max_n = max_n
        self.unasked = parts
        self._calls = calls
        self._lacking = parts
        self._number = 0
        self._open: dict[int, tuple[AnyCall, int]] = {}
        """By number: a call, and how many of its parts have not ended."""
        self._head: Item | None = None
        self._again: list[_Again] = []
        self._more: deque[AnyCall] = deque()

    def add(self, call: AnyCall) -> None:
        """A call that comes while others are made."""
        self._more.append(call)
        self.unasked += len(call)
        self._lacking += len(call)

    def call(self, number: int) -> AnyCall:
        """A call that has not ended."""
        return self._open[number][0]

    @property
    def empty(self) -> bool:
        return not self.unasked

    def peek(self, now: float) -> Item | None:
        if self._again and self._again[0].ready_at <= now:
            return self._first(self._again[0].item)
        if self._head is None and (call := self._next()) is not None:
            self._number += 1
            self._open[self._number] = call, len(call)
            self._head = Item(problem=self._number, indices=tuple(range(len(call))))
        return None if self._head is None else self._first(self._head)

    def _next(self) -> AnyCall | None:
        return self._more.popleft() if self._more else next(self._calls, None)

    def _first(self, item: Item) -> Item:
        return replace(item, indices=item.indices[: self.max_n])

    def next_at(self) -> float | None:
        return self._again[0].ready_at if self._again else None

    def take(self, item: Item, n: int) -> Item:
        self.unasked -= n
        head = self._head
        if head is not None and (head.problem, head.indices[0]) == (item.problem, item.indices[0]):
            rest = head.indices[n:]
            self._head = replace(head, indices=rest) if rest else None
        else:
            again = heapq.heappop(self._again)
            if rest := again.item.indices[n:]:
                heapq.heappush(
                    self._again, _Again(again.ready_at, again.order, replace(again.item, indices=rest))
                )
        return replace(item, indices=item.indices[:n])

    def again(self, item: Item, ready_at: float) -> None:
        self.unasked += len(item.indices)
        self._number += 1
        heapq.heappush(self._again, _Again(ready_at, self._number, item))

    def arrived(self, problem: int, n: int) -> None:
        self._ended(problem, n)

    def gave_up(self, problem: int, n: int) -> None:
        self._ended(problem, n)

    def close(self, problem: int) -> list[tuple[int, int]]:
        """Nothing: one part says nothing of the others."""
        return []

    def lacking(self) -> int:
        return self._lacking

    def _ended(self, number: int, n: int) -> None:
        self._lacking -= n
        call, left = self._open.pop(number)
        if left > n:
            self._open[number] = call, left - n
