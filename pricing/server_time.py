"""What a server's time costs, shared among the requests that ran on it. No I/O: it is given the time and keeps the
money.

A server costs usd_per_hour * gpus while it has work of ours. V(t) is the integral of rate / weight-in-flight over
busy time, weight being the samples still running; a request of weight w pays w·(V(end) - V(start)). So every
moment is paid once, by those who shared it, and a request costs O(1) however many run beside it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from pricing.types import PICO_PER_USD

NS_PER_HOUR = 3600 * 10**9
FINE = 2**64
"""V is kept in 1/FINE nanoseconds a weight: whole numbers, whose divisions leave a remainder that is carried."""


def server_pico(*, usd_per_hour: Decimal, gpus: int, ns: int) -> int:
    """What `ns` nanoseconds of the server cost, rounded up to whole pico-dollars."""
    rate = _rate(usd_per_hour, gpus)
    return _ceil(rate.numerator * ns, rate.denominator)


@dataclass(slots=True)
class _Running:
    group: Hashable
    weight: int
    since: int
    """V when it was last set, or its group stopped or went on."""
    used: int = 0
    """Fine nanoseconds that it owes from before `since`."""


@dataclass(slots=True)
class _Group:
    """The requests of one alias on the server."""

    keys: set[object] = field(default_factory=set[object])
    weight: int = 0
    until: int | None = None
    stopped: bool = False
    """Its time is over: it owes nothing more until that is moved."""
    used: int = 0
    """Fine nanoseconds of its requests that ended."""


class ServerMeter:
    """One server, whatever aliases ask it: each is a group. Times are nanoseconds of a clock that never stands; one
    that is earlier than the last is taken as the last, so that time is never unspent."""

    def __init__(self, *, usd_per_hour: Decimal, gpus: int = 1) -> None:
        self._rate = _rate(usd_per_hour, gpus)
        self._running: dict[object, _Running] = {}
        self._groups: dict[Hashable, _Group] = {}
        self._weight = 0
        """Of what owes."""
        self._now = 0
        self._busy_ns = 0
        self._v = 0
        self._carry = 0
        """Busy time, in fine nanoseconds, that dividing by the weight left over; below the weight in flight."""
        self._used = 0
        """Fine nanoseconds of all requests that ended."""
        self._paid_pico = 0

    @property
    def busy_ns(self) -> int:
        """Time with work of ours, up to the last time given."""
        return self._busy_ns

    @property
    def busy_pico(self) -> int:
        """What busy_ns cost, rounded up once. What finish() gave sums to exactly this whenever nothing runs."""
        return _ceil(self._rate.numerator * self._busy_ns, self._rate.denominator)

    @property
    def paid_pico(self) -> int:
        """The sum of all that finish() gave."""
        return self._paid_pico

    @property
    def owed_pico(self) -> int:
        """Busy time so far that is not paid: it will be, by the requests now running."""
        return self.busy_pico - self._paid_pico

    def owed_by(self, group: Hashable) -> int:
        """The most of it that the requests of a group will pay."""
        if len(self._groups) < 2:
            return self.owed_pico
        mine = self._group(group)
        fine = sum(map(self._used_by, mine.keys))
        # each request's share may be rounded up by one
        return _ceil(self._rate.numerator * fine, self._rate.denominator * FINE) + len(mine.keys)

    def owed_of(self, key: object, now_ns: int) -> int:
        """What a request that runs owes by now, rounded up."""
        self.tell(now_ns)
        return _ceil(self._rate.numerator * self._used_by(key), self._rate.denominator * FINE)

    def busy_by(self, group: Hashable) -> int:
        """The part of busy_ns that a group's requests used."""
        if len(self._groups) < 2:
            return self._busy_ns
        mine = self._group(group)
        return (mine.used + sum(map(self._used_by, mine.keys))) // FINE

    def weight(self, group: Hashable = None) -> int:
        """A group's samples in flight."""
        return self._group(group).weight

    def pico_for(self, ns: int) -> int:
        """What `ns` nanoseconds of this server cost, rounded up."""
        return _ceil(self._rate.numerator * ns, self._rate.denominator)

    def ns_for(self, pico: int) -> int | None:
        """How long `pico` pays for this server, rounded down; None: for ever, it is free."""
        return pico * self._rate.denominator // self._rate.numerator if self._rate else None

    def limit(self, group: Hashable, until_ns: int, now_ns: int) -> None:
        """A group's requests owe nothing after `until_ns`, whenever they are seen to end."""
        self.tell(now_ns)
        mine = self._group(group)
        mine.until = until_ns
        if mine.stopped and until_ns > self._now:
            mine.stopped = False
            self._weight += mine.weight
            for key in mine.keys:
                self._running[key].since = self._v

    def start(self, key: object, weight: int, now_ns: int, *, group: Hashable = None) -> None:
        """A request of `weight` samples is on the server. Raises ValueError for a weight below 1 or a known key."""
        if weight < 1:
            raise ValueError(f"weight must be at least 1, got {weight}")
        if key in self._running:
            raise ValueError(f"{key!r} runs already")
        self.tell(now_ns)
        self._running[key] = _Running(group, weight, self._v)
        mine = self._group(group)
        mine.keys.add(key)
        mine.weight += weight
        self._weight += 0 if mine.stopped else weight

    def finish(self, key: object, now_ns: int) -> int:
        """The request is over, well or not. Its share in whole pico-dollars; KeyError for one that does not run."""
        running = self._running[key]
        self.tell(now_ns)
        mine = self._groups[running.group]
        used = self._used_by(key)
        self._used += used
        mine.used += used
        mine.weight -= running.weight
        self._weight -= 0 if mine.stopped else running.weight
        mine.keys.remove(key)
        del self._running[key]
        if not self._running:
            # the last one takes the carried crumbs, so that the shares sum to the busy time
            self._used, self._carry = self._busy_ns * FINE, 0
        # cumulative rounding: what all have paid is always the rounded cost of what all have used
        paid = _ceil(self._rate.numerator * self._used, self._rate.denominator * FINE)
        share, self._paid_pico = paid - self._paid_pico, paid
        return share

    def tell(self, now_ns: int) -> None:
        """It is `now_ns`."""
        over = [
            g for g in self._groups.values() if g.until is not None and g.until < now_ns and not g.stopped
        ]
        for group in sorted(over, key=lambda g: g.until or 0):
            self._advance(group.until or 0)
            self._stop(group)
        self._advance(now_ns)

    def _advance(self, now_ns: int) -> None:
        elapsed = now_ns - self._now
        if self._weight and elapsed > 0:
            self._busy_ns += elapsed
            step, self._carry = divmod(elapsed * FINE + self._carry, self._weight)
            self._v += step
        self._now = max(self._now, now_ns)

    def _stop(self, group: _Group) -> None:
        for key in group.keys:
            running = self._running[key]
            running.used, running.since = self._used_by(key), self._v
        self._weight -= group.weight
        group.stopped = True

    def _used_by(self, key: object) -> int:
        running = self._running[key]
        if self._groups[running.group].stopped:
            return running.used
        return running.used + running.weight * (self._v - running.since)

    def _group(self, group: Hashable) -> _Group:
        return self._groups.setdefault(group, _Group())


def _rate(usd_per_hour: Decimal, gpus: int) -> Fraction:
    """Pico-dollars a nanosecond."""
    if not usd_per_hour.is_finite() or usd_per_hour < 0 or gpus < 1:
        raise ValueError(f"{usd_per_hour} $/h x {gpus} GPUs isn't a rate")
    return Fraction(usd_per_hour) * gpus * PICO_PER_USD / NS_PER_HOUR


def _ceil(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
