"""Rate limits of one endpoint, key and model (or of a group that shares them): token buckets told the time. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_S = 60.0
# A vendor refills by its own clock and granularity: staying a little below keeps refusals rare.
MARGIN = 0.98


@dataclass(slots=True)
class Bucket:
    """Refills evenly. A debit larger than the bucket is let through when it is full and leaves a debt."""

    per_minute: int
    level: float = 0.0
    updated: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.capacity

    @property
    def capacity(self) -> float:
        """A second's worth of burst, and at least one request."""
        return max(1.0, self.per_minute / MINUTE_S)

    def ready_at(self, amount: float, now: float) -> float:
        """When `amount` may be debited; `now` if it already may."""
        self._refill(now)
        lacking = min(amount, self.capacity) - self.level
        return now if lacking <= 1e-9 else now + lacking * MINUTE_S / (self.per_minute * MARGIN)

    def debit(self, amount: float, now: float) -> None:
        self._refill(now)
        self.level -= amount

    def credit(self, amount: float) -> None:
        """Gives back what was estimated too much; a negative amount takes what was estimated too little."""
        self.level = min(self.capacity, self.level + amount)

    def _refill(self, now: float) -> None:
        # A clock that jumps back gives nothing and takes nothing.
        if now > self.updated:
            self.level = min(
                self.capacity, self.level + (now - self.updated) * self.per_minute * MARGIN / MINUTE_S
            )
        self.updated = now


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a request is expected to count against limits of tokens."""

    input_tokens: int
    output_tokens: int


class RateLimit:
    """All limits that one group of models shares."""

    def __init__(
        self,
        *,
        requests: int | None = None,
        tokens: int | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        concurrency: int | None = None,
    ) -> None:
        self._requests = Bucket(requests) if requests else None
        self._tokens = Bucket(tokens) if tokens else None
        self._input = Bucket(input_tokens) if input_tokens else None
        self._output = Bucket(output_tokens) if output_tokens else None
        self.concurrency = concurrency
        self.in_flight = 0
        self.paused_until = 0.0

    @property
    def full(self) -> bool:
        """Whether as many requests are in flight as may be."""
        return self.concurrency is not None and self.in_flight >= self.concurrency

    def ready_at(self, estimate: Estimate, now: float) -> float:
        """When the limits let this request go; `now` if they do."""
        return max(
            [now, self.paused_until, *(b.ready_at(amount, now) for b, amount in self._amounts(estimate))]
        )

    def debit(self, estimate: Estimate, now: float) -> None:
        self.in_flight += 1
        for bucket, amount in self._amounts(estimate):
            bucket.debit(amount, now)

    def ended(self, estimate: Estimate, used: Estimate | None) -> None:
        """The request ended; `used` is what it really counted, None where it isn't known."""
        self.in_flight -= 1
        if used is not None:
            spent = dict(zip(map(id, self._buckets), (a for _, a in self._amounts(used)), strict=True))
            for bucket, amount in self._amounts(estimate):
                bucket.credit(amount - spent[id(bucket)])

    def pause(self, until: float) -> None:
        """No request before `until`: the vendor said so."""
        self.paused_until = max(self.paused_until, until)

    @property
    def _buckets(self) -> list[Bucket]:
        return [b for b in (self._requests, self._tokens, self._input, self._output) if b is not None]

    def _amounts(self, e: Estimate) -> list[tuple[Bucket, float]]:
        pairs = (
            (self._requests, 1.0),
            (self._tokens, float(e.input_tokens + e.output_tokens)),
            (self._input, float(e.input_tokens)),
            (self._output, float(e.output_tokens)),
        )
        return [(bucket, amount) for bucket, amount in pairs if bucket is not None]
