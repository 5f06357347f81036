"""Vendors on a virtual clock, each with a limit of its own: token buckets, windows, limits of concurrency, refusals at
random, limits that change, and several models under one limit. Drawn from a seed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Literal, Protocol

EPOCH_S = 1_800_000_000.0
"""Unix time at the beginning of the virtual clock."""


class Limit(Protocol):
    """What a vendor counts. Refusals count nothing."""

    def takes(self, now: float) -> bool: ...
    def allowed(self, began: float, ended: float) -> float:
        """Requests that a client which never waits could have had taken at a steady rate."""
        ...

    def wait_s(self, now: float) -> float | None:
        """Until the next request would be taken, where time alone tells."""
        ...

    def told(self, now: float) -> tuple[int, int, float] | None:
        """Limit a minute, what remains, seconds until it is whole again: for limits that headers can state."""
        ...


@dataclass
class TokenBucket:
    """Refills evenly. `changes`: from a time on the rate is multiplied."""

    per_minute: float
    burst: float
    changes: tuple[tuple[float, float], ...] = ()
    level: float = field(init=False)
    updated: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.burst

    def rate(self, now: float) -> float:
        factor = 1.0
        for at, by in self.changes:
            factor = by if now >= at else factor
        return self.per_minute * factor / 60

    def _refill(self, now: float) -> None:
        self.level = min(self.burst, self.level + (now - self.updated) * self.rate(now))
        self.updated = now

    def takes(self, now: float) -> bool:
        self._refill(now)
        if self.level < 1:
            return False
        self.level -= 1
        return True

    def allowed(self, began: float, ended: float) -> float:
        marks = [began, *(at for at, _ in self.changes if began < at < ended), ended]
        return sum((b - a) * self.rate(a) for a, b in pairwise(marks))

    def wait_s(self, now: float) -> float | None:
        self._refill(now)
        return max(0.0, 1 - self.level) / self.rate(now)

    def told(self, now: float) -> tuple[int, int, float] | None:
        if round(self.burst) != round(self.per_minute):
            return None  # headers state a minute's worth
        return self.state(now)

    def state(self, now: float) -> tuple[int, int, float]:
        """The same over any span."""
        self._refill(now)
        return round(self.burst), int(self.level), (self.burst - self.level) / self.rate(now)


@dataclass
class Window:
    """`count` in any span of so many seconds; `fixed`: in each such span of the vendor's clock."""

    count: int
    span_s: float
    fixed: bool = False
    phase_s: float = 0.0
    changes: tuple[tuple[float, float], ...] = ()
    taken: deque[float] = field(default_factory=deque[float])

    def most(self, now: float) -> float:
        factor = 1.0
        for at, by in self.changes:
            factor = by if now >= at else factor
        return max(1.0, self.count * factor)

    def _forget(self, now: float) -> None:
        begins = now - self.span_s
        if self.fixed:
            begins = (now + self.phase_s) // self.span_s * self.span_s - self.phase_s
        while self.taken and self.taken[0] < begins:
            self.taken.popleft()

    def takes(self, now: float) -> bool:
        self._forget(now)
        if len(self.taken) + 1 > self.most(now):
            return False
        self.taken.append(now)
        return True

    def allowed(self, began: float, ended: float) -> float:
        marks = [began, *(at for at, _ in self.changes if began < at < ended), ended]
        return sum((b - a) * self.most(a) / self.span_s for a, b in pairwise(marks))

    def wait_s(self, now: float) -> float | None:
        self._forget(now)
        if len(self.taken) + 1 <= self.most(now):
            return 0.0
        if self.fixed:
            return self.span_s - (now + self.phase_s) % self.span_s
        return self.taken[0] + self.span_s - now

    def told(self, now: float) -> tuple[int, int, float] | None:
        return self.state(now) if self.span_s == 60 else None

    def state(self, now: float) -> tuple[int, int, float]:
        """The same over any span."""
        self._forget(now)
        left = int(self.most(now)) - len(self.taken)
        if self.fixed:
            reset = self.span_s - (now + self.phase_s) % self.span_s
        else:
            reset = self.taken[-1] + self.span_s - now if self.taken else 0.0
        return int(self.most(now)), max(0, left), reset


@dataclass
class InFlight:
    """So many at a time."""

    most: int
    latency_s: float
    in_flight: int = 0

    def takes(self, now: float) -> bool:
        if self.in_flight >= self.most:
            return False
        self.in_flight += 1
        return True

    def allowed(self, began: float, ended: float) -> float:
        return (ended - began) * self.most / self.latency_s

    def wait_s(self, now: float) -> float | None:
        return None

    def told(self, now: float) -> tuple[int, int, float] | None:
        return None


@dataclass
class NoLimit:
    def takes(self, now: float) -> bool:
        return True

    def allowed(self, began: float, ended: float) -> float:
        return float("inf")

    def wait_s(self, now: float) -> float | None:
        return 0.0

    def told(self, now: float) -> tuple[int, int, float] | None:
        return None


@dataclass(kw_only=True)
class VirtualVendor:
    """One limit, for all of its `models`."""

    kind: str
    limit: Limit
    latency_s: float
    """The mean; each reply takes 0.5 to 1.5 times as long."""
    refusal_s: float = 0.03
    noise: float = 0.0
    """The share refused at random."""
    tells: bool = False
    """Headers state the limit."""
    states: Literal["openai", "anthropic"] | None = None
    """They do over any span, in the words of that vendor."""
    retry_after: bool = False
    concurrency: int = 64
    models: int = 1
    grouped: bool = False
    """The models are known to share the limit."""
    outage: tuple[float, float] | None = None
    """Everything is refused from the one time to the other …"""
    outage_is_503: bool = False
    """… as by a server that is down, not by a limit."""
    random: Random = field(default_factory=lambda: Random(1))
    taken: list[float] = field(default_factory=list[float])
    refused: list[float] = field(default_factory=list[float])
    asked_alone: list[float] = field(default_factory=list[float])
    """Those refused a second or more after the last one of all: whether it takes more again, which it doesn't tell."""
    by_chance: int = 0
    in_outage: int = 0

    def is_out(self, now: float) -> bool:
        return self.outage is not None and self.outage[0] <= now < self.outage[1]

    def ask(self, now: float) -> bool:
        if self.is_out(now):
            self.in_outage += 1
            return False
        if self.noise and self.random.random() < self.noise:
            self.by_chance += 1
            self.refused.append(now)
            return False
        if not self.limit.takes(now):
            last = max(self.taken[-1] if self.taken else 0.0, self.refused[-1] if self.refused else 0.0)
            if now - last >= 1 and not self.retry_after:
                self.asked_alone.append(now)
            self.refused.append(now)
            return False
        self.taken.append(now)
        return True

    def lands_after(self, *, taken: bool) -> float:
        return (self.latency_s if taken else self.refusal_s) * self.random.uniform(0.5, 1.5)

    def ended(self) -> None:
        if isinstance(self.limit, InFlight):
            self.limit.in_flight -= 1

    def wait_told(self, now: float) -> float | None:
        """Whole seconds, as Retry-After has them; a refusal at random tells 1."""
        if not self.retry_after:
            return None
        wait = self.limit.wait_s(now)
        if self.outage is not None and self.is_out(now):
            wait = self.outage[1] - now
        return None if wait is None else float(max(1, -int(-wait // 1)))

    def headers(self, now: float) -> dict[str, str]:
        if self.states is None or not isinstance(self.limit, TokenBucket | Window):
            return {}
        most, left, reset_s = self.limit.state(now)
        if self.states == "openai":
            reset = (
                f"{round(reset_s * 1000)}ms"
                if reset_s < 1
                else f"{reset_s:.3f}".rstrip("0").rstrip(".") + "s"
            )
            told = {"limit": str(most), "remaining": str(left), "reset": reset}
            return {f"x-ratelimit-{name}-requests": value for name, value in told.items()}
        at = datetime.fromtimestamp(EPOCH_S + now + reset_s, UTC)
        told = {"limit": str(most), "remaining": str(left), "reset": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        return {f"anthropic-ratelimit-requests-{name}": value for name, value in told.items()}

    def allowed(self, began: float, ended: float) -> float:
        """By its limit, or by what is in flight at most."""
        if self.outage is not None:
            begins, ends = (min(max(at, began), ended) for at in self.outage)
            return self._allowed(began, begins) + self._allowed(ends, ended)
        return self._allowed(began, ended)

    def attainable(self, began: float, ended: float) -> float:
        """`allowed`, a rise counted from the time on at which it can be known without many refusals."""
        limit = self.limit
        if isinstance(limit, TokenBucket | Window) and limit.changes and limit.changes[0][1] > 1:
            at, _ = limit.changes[0]
            before_rise = limit.allowed(0.0, at) / at
            unknown_until = min(ended, at + KNOWN_AFTER / before_rise)
            known = self.allowed(began, at) + (unknown_until - at) * before_rise
            return min(self.allowed(began, ended), known + self.allowed(unknown_until, ended))
        return self.allowed(began, ended)

    def _allowed(self, began: float, ended: float) -> float:
        by_latency = (ended - began) * self.concurrency * self.models / self.latency_s
        return min(self.limit.allowed(began, ended), by_latency)


KNOWN_AFTER = 100
"""Requests at the old rate after a rise: at 2% refused, two of them may be refused to find out."""
KINDS = ("token bucket", "sliding window", "fixed window", "concurrency", "noise", "changing", "two models")
OUTAGES = ("outage", "storm")


def drawn(seed: int) -> VirtualVendor:
    """The kinds take turns."""
    random = Random(seed)
    kind = KINDS[seed % len(KINDS)]
    per_minute = random.choice([60, 120, 300, 600, 1_500, 3_000, 6_000])
    latency_s = random.choice([0.03, 0.2, 1.0, 4.0])
    tells, retry_after = random.random() < 0.35, random.random() < 0.5
    span_s = random.choice([1.0, 10.0, 60.0])
    count = max(1, round(per_minute * span_s / 60))
    limit: Limit
    match kind:
        case "token bucket" | "two models":
            burst = per_minute * random.choice([1.0, 10.0, 60.0]) / 60
            limit = TokenBucket(per_minute, max(1.0, burst))
        case "sliding window":
            limit = Window(count, span_s)
        case "fixed window":
            limit = Window(count, span_s, fixed=True, phase_s=random.uniform(0, span_s))
        case "concurrency":
            latency_s = random.choice([0.2, 1.0, 4.0])
            limit = InFlight(random.choice([4, 10, 32]), latency_s)
        case "changing":
            changes = ((random.uniform(20, 60), random.choice([0.5, 2.0, 4.0])),)
            if random.random() < 0.5:
                limit = TokenBucket(per_minute, max(1.0, per_minute / 60), changes)
            else:
                limit = Window(count, span_s, changes=changes)
        case _:
            limit = NoLimit()
    noise = 0.0
    if kind == "noise":
        noise = random.choice([0.005, 0.01, 0.02, 0.03, 0.05])
    elif random.random() < 0.2:
        noise = random.choice([0.005, 0.01])
    return VirtualVendor(
        kind=kind,
        limit=limit,
        latency_s=latency_s,
        refusal_s=min(random.choice([0.01, 0.05, 0.2]), latency_s / 2),
        noise=noise,
        tells=tells,
        retry_after=retry_after,
        concurrency=random.choice([64, 64, 256]),
        models=2 if kind == "two models" else 1,
        random=random,
    )


def drawn_outage(seed: int) -> VirtualVendor:
    """One that refuses everything for a while; in a storm it has a limit, too, and tells all when to come back."""
    random = Random(seed)
    kind = OUTAGES[seed % len(OUTAGES)]
    per_minute = random.choice([120, 600, 3_000])
    latency_s = random.choice([0.03, 0.2, 1.0, 4.0])
    begins = random.choice([0.0, 2.0, 10.0, 20.0])
    limit: Limit = NoLimit()
    if kind == "storm":
        span_s = random.choice([1.0, 10.0])
        limit = random.choice(
            [
                TokenBucket(per_minute, max(1.0, per_minute / 60)),
                Window(max(1, round(per_minute * span_s / 60)), span_s),
                InFlight(random.choice([4, 10, 32]), latency_s),
            ]
        )
    return VirtualVendor(
        kind=kind,
        limit=limit,
        latency_s=latency_s,
        refusal_s=min(random.choice([0.01, 0.05, 0.2]), latency_s / 2),
        retry_after=kind == "storm" or random.random() < 0.3,
        concurrency=random.choice([16, 64, 256]),
        outage=(begins, begins + random.choice([3.0, 10.0, 30.0])),
        outage_is_503=random.random() < 0.4,
        random=random,
    )
