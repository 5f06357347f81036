"""Rate limits of one endpoint, key and model (or of a group that shares them): stated, told by the vendor's headers,
or found by its refusals. No I/O."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from orchestrator.scheduler.limits.bucket import MARGIN, MINUTE_S, Bucket
from orchestrator.scheduler.limits.departures import Departures
from orchestrator.scheduler.limits.found_rate import FoundRate
from orchestrator.scheduler.limits.reported_limit import ReportedLimit
from providers.reading.rate_limits import KINDS, Kind, VendorLimit

FIRST_IN_FLIGHT = 8
"""While no limit is known and no reply has told any: so few requests that a small limit is not overrun at once."""

OVERRUN = 3
"""Requests refused where a limit's headers say that nothing remains: somebody else draws on it, too."""
OVERRUN_SHARE = 0.02
"""As many of those that are taken may be refused so without telling that: some arrive closer together than they
left."""
MOMENT_S = 2.0
"""After a refusal by a limit of a shorter span its own pace is wait enough."""


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
    """All limits that one group of models shares. `ramps`: whether a limit that nobody states is likely, so that the
    first requests go out a few at a time; `finds`: whether one is sought at all; `is_reported`: whether the vendor's
    headers state limits, so that the first replies are worth waiting for."""

    def __init__(
        self,
        *,
        requests: int | None = None,
        tokens: int | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        concurrency: int | None = None,
        ramps: bool = False,
        finds: bool = True,
        is_reported: bool = False,
    ) -> None:
        stated: dict[Kind, int | None] = dict(
            zip(KINDS, (requests, tokens, input_tokens, output_tokens), strict=True)
        )
        self._stated: dict[Kind, int] = {kind: limit for kind, limit in stated.items() if limit}
        self._buckets: dict[Kind, Bucket] = {kind: Bucket(limit) for kind, limit in self._stated.items()}
        self._reported: dict[Kind, ReportedLimit] = {}
        self._first_at: float | None = None
        self._known_at: float | None = None
        """When headers first stated a limit."""
        self._departures = Departures()
        self._refused = self._overran = 0
        self._excess = 0.0
        """Overrun, less what is no wonder …"""
        self._excess_at = 0.0
        """… and when that was last counted."""
        self._refused_until = (0, 0.0)
        """The last request refused by a stated limit, and until when the vendor asked to wait."""
        self._before: dict[int, tuple[float, dict[Kind, float]]] = {}
        """Of each request in flight: when it went out, and what had been sent until then."""
        self._sent: dict[Kind, float] = dict.fromkeys(KINDS, 0.0)
        """By us. For what went out before a limit was known."""
        self.found = FoundRate(ramps=ramps) if finds else None
        self._waits_for_reply = is_reported and not self._stated
        self.concurrency = concurrency
        self.in_flight = 0

    @property
    def full(self) -> bool:
        """Whether as many requests are in flight as may be."""
        if self._waits_for_reply and self.in_flight >= FIRST_IN_FLIGHT:
            return True
        if self.found is not None and self.found.concurrency.full:
            return True
        return self.concurrency is not None and self.in_flight >= self.concurrency

    def ready_at(self, estimate: Estimate, now: float) -> float:
        """When the limits let this request go; `now` if they do."""
        at = now
        for kind, bucket in self._buckets.items():
            at = max(at, bucket.ready_at(estimate.amount(kind), now))
        at = max(at, self._fits_span_at(), self._refused_until[1])
        return at if self.found is None else max(at, self.found.ready_at(now))

    def _fits_span_at(self) -> float:
        """When no more have gone out in a short span than its limit allows: a burst leaves nothing for the rest."""
        told = self._reported.get("requests")
        span_s = None if told is None else told.short_span_s
        return 0.0 if told is None or span_s is None else self._departures.next_at(told.limit, span_s)

    @property
    def ran_into(self) -> float | None:
        """Requests a minute of a limit that it met: found from refusals, or stated by headers and yet overrun."""
        if self.found is not None and self.found.per_minute is not None:
            return self.found.per_minute
        told = self._reported.get("requests")
        return None if told is None or self._overran < OVERRUN else told.per_minute

    def only_begins(self, estimate: Estimate, now: float) -> bool:
        """Whether no limit keeps this request back, but the few that go out before the first replies."""
        stated = self._fits_span_at() > now or any(
            bucket.ready_at(estimate.amount(kind), now) > now for kind, bucket in self._buckets.items()
        )
        return not stated and self.found is not None and self.found.begins

    def debit(self, number: int, estimate: Estimate, now: float) -> None:
        """The request of that number goes out."""
        self.in_flight += 1
        if self._first_at is None:
            self._first_at = now
        sent = self._sent
        sent["requests"] += 1
        sent["input_tokens"] += estimate.input_tokens
        sent["output_tokens"] += estimate.output_tokens
        sent["tokens"] += estimate.input_tokens + estimate.output_tokens
        self._departures.admitted(number, now)
        self._before[number] = now, dict(sent)
        for kind, bucket in self._buckets.items():
            bucket.debit(estimate.amount(kind), now)
        if self.found is not None:
            self.found.sent(number, now)

    def left(self, number: int, now: float) -> None:
        """Its first byte is about to leave."""
        self._departures.left(number, now)

    def ended(self, number: int, now: float, *, taken: bool) -> None:
        """It ended; `taken`: its server took it."""
        self.in_flight -= 1
        if taken:
            self._excess = max(0.0, self._excess - OVERRUN_SHARE)
            if number > self._refused_until[0]:
                self._refused_until = 0, 0.0
        self._before.pop(number, None)
        self._waits_for_reply = self._waits_for_reply and not taken
        if self.found is None:
            return
        if taken:
            self.found.taken(number, now)
        else:
            self.found.ended(number)

    def used(self, estimate: Estimate, used: Estimate) -> None:
        """What a reply really counted."""
        for kind, bucket in self._buckets.items():
            bucket.credit(estimate.amount(kind) - used.amount(kind))

    def refused(self, number: int, sent_at: float, now: float, *, wait_s: float | None = None) -> None:
        """It ended by a 429, which told to wait so long."""
        self.in_flight -= 1
        self._before.pop(number, None)
        self._refused += 1
        self._waits_for_reply = False
        is_stated = any(told.is_used_up for told in self._reported.values())
        if is_stated and self._known_at is not None and sent_at >= self._known_at:
            self._overran += 1
            if sent_at >= self._excess_at:  # what went out before the last refusal came is the same event
                self._excess, self._excess_at = self._excess + 1, now
        if self.found is None:
            return
        if is_stated and self._excess < OVERRUN and self.found.per_minute is None:
            # The stated limit explains it, and the pace keeps to that: no other is sought.
            self.found.ended(number)
            told = self._reported.get("requests")
            short_s = None if told is None else told.short_span_s
            if wait_s is not None and (short_s is None or short_s > MOMENT_S):
                self._refused_until = number, max(self._refused_until[1], now + wait_s)
            return
        self.found.refused(number, sent_at, now, wait_s)

    def learn(self, limits: Iterable[VendorLimit], now: float, *, number: int | None = None) -> None:
        """The headers of the reply to the request of that number. A stated limit that is lower stands: the rest may be
        meant for others."""
        sent_at, before = self._before.get(number or 0, (now, self._sent))
        for limit in limits:
            self._known_at = now if self._known_at is None else self._known_at
            told = self._reported.setdefault(limit.kind, ReportedLimit())
            counted = round(before["requests"]) + 1 - self._refused if limit.kind == "requests" else None
            told.learn(limit, sent_at=sent_at, counted=counted)
            per_minute = min(told.per_minute, self._stated.get(limit.kind, told.per_minute))
            burst = told.burst
            bucket = self._buckets.get(limit.kind)
            if bucket is None:
                bucket = self._buckets[limit.kind] = Bucket(per_minute, burst)
                bucket.updated = now
                if burst is None and self._first_at is not None and now - self._first_at < MINUTE_S:
                    # Nobody limited what went out until now, and the vendor may count it for a minute.
                    bucket.debit(self._sent[limit.kind], now)
            elif not 0.97 < per_minute / bucket.per_minute < 1.03 or burst != bucket.burst:
                bucket.change(per_minute, now, burst=burst)
            if limit.remaining is not None:
                # It is what remained when the request came in: more was sent since, and some came back.
                since = self._sent[limit.kind] - before[limit.kind]
                back = (now - sent_at) * bucket.per_minute * MARGIN / MINUTE_S
                bucket.cap(limit.remaining - since + min(back, max(1.0, since)), now)
