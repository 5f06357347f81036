"""A token bucket that is given the time. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_S = 60.0
# A vendor refills by its own clock and granularity: staying a little below keeps refusals rare.
MARGIN = 0.98


@dataclass(slots=True)
class Bucket:
    """Refills evenly. A debit larger than the bucket is let through when it is full and leaves a debt."""

    per_minute: float
    burst: float | None = None
    """What it holds when full; default: a second's worth, and at least one request."""
    level: float = 0.0
    updated: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.capacity

    @property
    def capacity(self) -> float:
        return max(1.0, self.per_minute / MINUTE_S if self.burst is None else self.burst)

    def ready_at(self, amount: float, now: float) -> float:
        """When `amount` may be debited; `now` if it already may."""
        self._refill(now)
        lacking = min(amount, self.capacity) - self.level
        return now if lacking <= 1e-9 else now + lacking * MINUTE_S / (self.per_minute * MARGIN)

    @property
    def was_full(self) -> bool:
        """When it was last looked at."""
        return self.level >= self.capacity

    def debit(self, amount: float, now: float) -> None:
        self._refill(now)
        self.level -= amount

    def credit(self, amount: float) -> None:
        """Gives back what was estimated too much; a negative amount takes what was estimated too little."""
        self.level = min(self.capacity, self.level + amount)

    def change(self, per_minute: float, now: float, *, burst: float | None = None) -> None:
        """Another rate from now on."""
        self._refill(now)
        self.per_minute, self.burst = per_minute, burst
        self.level = min(self.level, self.capacity)

    def cap(self, level: float, now: float) -> None:
        """No more than `level` is there: others may draw on the same limit."""
        self._refill(now)
        self.level = min(self.level, level)

    def _refill(self, now: float) -> None:
        # A clock that jumps back gives nothing and takes nothing.
        if now > self.updated:
            self.level = min(
                self.capacity, self.level + (now - self.updated) * self.per_minute * MARGIN / MINUTE_S
            )
        self.updated = now
