"""The money of one agent's attempt: its cap is held whole, its calls reserve inside it. No I/O."""

from __future__ import annotations


class AttemptHold:
    """`cap`: pico-dollars; None: only the time of its server bounds it. `settled` and `presumed`: of earlier runs."""

    def __init__(self, cap: int | None, *, settled: int = 0, presumed: int = 0) -> None:
        self.cap = cap
        self.settled = settled
        self.presumed = presumed
        self.reserved = 0
        """By its calls in flight."""

    @property
    def rest(self) -> int:
        """What no call has used or reserved."""
        if self.cap is None:
            return 0
        return max(0, self.cap - self.settled - self.presumed - self.reserved)

    @property
    def held(self) -> int:
        """What the run's budget holds for it now."""
        return self.rest + self.reserved

    @property
    def room(self) -> int | None:
        """What a call may reserve; None: it is not by dollars that it is bounded."""
        return None if self.cap is None else self.rest

    @property
    def room_later(self) -> int | None:
        """The same if everything in flight came back free."""
        return None if self.cap is None else self.rest + self.reserved

    @property
    def is_used_up(self) -> bool:
        """More was billed than its cap allows, or all of it."""
        return self.cap is not None and self.settled + self.presumed >= self.cap

    def reserve(self, amount: int) -> int:
        """A call takes `amount`, which must fit. By how much `rest` changes."""
        before = self.rest
        if self.cap is not None and amount > before:
            raise ValueError(f"{amount} of {before} left")
        self.reserved += amount
        return self.rest - before

    def end(self, reserved: int, *, settled: int = 0, presumed: int = 0) -> tuple[int, int]:
        """A call ends, billed above what it reserved perhaps. (By how much `rest` changes, what of the bill the run's
        budget held for it.)"""
        rest, held = self.rest, self.held
        self.reserved -= reserved
        self.settled += settled
        self.presumed += presumed
        return self.rest - rest, held - self.held
