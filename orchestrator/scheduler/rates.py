"""Rate limits of one endpoint, key and model (or of a group that shares them): stated, read from the vendor's headers,
or found by its refusals. No I/O."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from orchestrator.scheduler.bucket import Bucket
from orchestrator.scheduler.found_rate import FoundRate
from providers.reading.rate_limits import KINDS, Kind, VendorLimit

FIRST_IN_FLIGHT = 8
"""While no limit is known and no reply has told any: so few requests that a small limit is not overrun at once."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is expected to count against limits of tokens."""

    input_tokens: int
    output_tokens: int

    def amount(self, kind: Kind) -> float:
        """What it counts against a limit of that kind."""
        match kind:
            case "requests":
                return 1.0
            case "input_tokens":
                return self.input_tokens
            case "output_tokens":
                return self.output_tokens
            case "tokens":
                return self.input_tokens + self.output_tokens


class RateLimit:
    """All limits that one group of models shares. `is_reported`: whether the vendor's headers state limits, so that the
    first replies are worth waiting for."""

    def __init__(
        self,
        *,
        requests: int | None = None,
        tokens: int | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        concurrency: int | None = None,
        is_reported: bool = False,
    ) -> None:
        stated: dict[Kind, int | None] = dict(
            zip(KINDS, (requests, tokens, input_tokens, output_tokens), strict=True)
        )
        self._stated: dict[Kind, int] = {kind: limit for kind, limit in stated.items() if limit}
        self._buckets: dict[Kind, Bucket] = {kind: Bucket(limit) for kind, limit in self._stated.items()}
        self._found = FoundRate()
        self._waits_for_reply = is_reported and not self._stated
        self.concurrency = concurrency
        self.in_flight = 0
        self.paused_until = 0.0

    @property
    def full(self) -> bool:
        """Whether as many requests are in flight as may be."""
        if self._waits_for_reply and self.in_flight >= FIRST_IN_FLIGHT:
            return True
        return self.concurrency is not None and self.in_flight >= self.concurrency

    def ready_at(self, estimate: Estimate, now: float) -> float:
        """When the limits let this request go; `now` if they do."""
        at = max(now, self.paused_until)
        for kind, bucket in self._buckets.items():
            at = max(at, bucket.ready_at(estimate.amount(kind), now))
        found = self._found.bucket
        return at if found is None else max(at, found.ready_at(1.0, now))

    def debit(self, estimate: Estimate, now: float) -> None:
        self.in_flight += 1
        for kind, bucket in self._buckets.items():
            bucket.debit(estimate.amount(kind), now)
        if self._found.bucket is not None:
            self._found.bucket.debit(1.0, now)

    def ended(self, estimate: Estimate, used: Estimate | None, now: float) -> None:
        """The request ended; `used` is what it really counted, None if it isn't known."""
        self.in_flight -= 1
        if used is None:
            return
        self._waits_for_reply = False
        self._found.taken(now)
        for kind, bucket in self._buckets.items():
            bucket.credit(estimate.amount(kind) - used.amount(kind))

    def refused(self, sent_at: float, until: float, now: float) -> None:
        """A 429: no request before `until`. Where no limit of requests is known, it is sought."""
        self._waits_for_reply = False
        self.paused_until = max(self.paused_until, until)
        if "requests" not in self._buckets:
            self._found.refused(sent_at, now)

    def learn(self, limits: Iterable[VendorLimit], now: float) -> None:
        """A reply's headers. A stated limit that is lower stands: the rest may be meant for others."""
        for limit in limits:
            per_minute = min(limit.per_minute, self._stated.get(limit.kind, limit.per_minute))
            burst = float(limit.limit) if limit.per_minute < limit.limit / 2 else None
            bucket = self._buckets.get(limit.kind)
            if bucket is None:
                bucket = self._buckets[limit.kind] = Bucket(per_minute, burst)
                bucket.updated = now
            elif not 0.8 < per_minute / bucket.per_minute < 1.25 and burst is None:
                bucket.change(per_minute, now)
            if limit.remaining is not None:
                bucket.cap(limit.remaining, now)
