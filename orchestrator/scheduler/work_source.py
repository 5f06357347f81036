"""What a model still has to ask, as the scheduler sees it: the samples of a sweep, or the calls that others make."""

from __future__ import annotations

from typing import Protocol

from orchestrator.scheduler.work import Item


class WorkSource(Protocol):
    """`peek` shows what comes next, `take` takes a part of it, `again` puts back what did not come."""

    max_n: int
    """The most that one request carries."""

    @property
    def unasked(self) -> int:
        """What waits to be sent, retries too."""
        ...

    @property
    def empty(self) -> bool:
        """Nothing to send, as far as is known."""
        ...

    def peek(self, now: float, /) -> Item | None: ...
    def next_at(self) -> float | None:
        """When a retry becomes due, if one waits."""
        ...

    def take(self, item: Item, n: int, /) -> Item: ...
    def again(self, item: Item, ready_at: float, /) -> None: ...
    def arrived(self, problem: int, n: int, /) -> None: ...
    def gave_up(self, problem: int, n: int, /) -> None: ...
    def close(self, problem: int, /) -> list[tuple[int, int]]:
        """What was not asked yet of a problem that is refused itself fails with it. Gives (first index, n) of it."""
        ...

    def lacking(self) -> int:
        """What is still to be sent or on its way."""
        ...
