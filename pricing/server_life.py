"""What one server of one's own costs from the start of its process to its end. No I/O: it is given the time.

All of that time is paid: by its requests while they run (a ServerMeter shares it out), and by whoever it stands for
while it loads or waits. It is bought ahead: what is reserved pays until `until_ns`, the last `hold_ns` of which are
for stopping it, so that the stop begins when no more than that is left.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from decimal import Decimal

from pricing.server_time import ServerMeter


class ServerLife:
    """From `begin_ns` on. Times are nanoseconds of a clock that never stands."""

    def __init__(self, *, usd_per_hour: Decimal, gpus: int, hold_ns: int, begin_ns: int) -> None:
        self._meter = ServerMeter(usd_per_hour=usd_per_hour, gpus=gpus)
        self._meter.tell(begin_ns)
        self._begin_ns = begin_ns
        self.hold_ns = hold_ns
        self.until_ns = begin_ns
        """Until when what is reserved pays."""
        self._end_ns: int | None = None
        self._settled_pico = 0

    def cost_pico(self, at_ns: int) -> int:
        """All that it costs up to then."""
        return self._meter.pico_for(max(0, at_ns - self._begin_ns))

    @property
    def held_pico(self) -> int:
        """What must be reserved: the cost up to `until_ns`, but for what is settled."""
        return self.cost_pico(self.until_ns) - self._settled_pico

    @property
    def stops_ns(self) -> int:
        """When its stop begins, unless more is reserved."""
        return self.until_ns - self.hold_ns

    def change_to(self, until_ns: int) -> int:
        """What must be reserved beyond what is, so that it pays until then."""
        return self.cost_pico(until_ns) - self.cost_pico(self.until_ns)

    def until_for(self, change_pico: int, most_ns: int) -> int:
        """Until when so much more pays; at most until `most_ns`."""
        ns = self._meter.ns_for(self.cost_pico(self.until_ns) + change_pico)
        return most_ns if ns is None else min(most_ns, self._begin_ns + ns)

    def start(self, key: object, weight: int, now_ns: int, *, group: Hashable) -> None:
        """A request is on it."""
        self._meter.start(key, weight, self._paid(now_ns), group=group)

    def finish(self, key: object, now_ns: int) -> int:
        """It is over: its share."""
        share = self._meter.finish(key, self._paid(now_ns))
        self._settled_pico += share
        return share

    def owed_of(self, key: object, now_ns: int) -> int:
        """What a request that is on it owes by now."""
        return self._meter.owed_of(key, self._paid(now_ns))

    def lasts_s(self, pico: int) -> float:
        """How long `pico` pays for all of it."""
        ns = self._meter.ns_for(pico)
        return math.inf if ns is None else ns / 1e9

    def busy_by(self, group: Hashable) -> int:
        """Nanoseconds that a group's requests used."""
        return self._meter.busy_by(group)

    def settle_standing(self, now_ns: int) -> int:
        """What it cost while no request ran, since this was asked last. Rounded down: the rest comes with the next,
        or at the end."""
        at = self._paid(now_ns)
        self._meter.tell(at)
        owed = self._meter.owed_pico
        due = max(0, self.cost_pico(at) - owed - self._settled_pico)
        if due and self._meter.ns_for(due) == 0:
            return 0  # a rounding of requests that run
        self._settled_pico += due
        return due

    def end(self, now_ns: int) -> None:
        """Its process is gone: it costs nothing more."""
        self._end_ns = min(now_ns, self.until_ns)

    def settle_rest(self) -> int:
        """Once no request runs any more: what is not settled of all it cost."""
        assert self._end_ns is not None
        rest = self.cost_pico(self._end_ns) - self._settled_pico
        self._settled_pico += rest
        return rest

    def _paid(self, now_ns: int) -> int:
        """After its end, and after what is reserved, nothing is owed."""
        return min(now_ns, self.until_ns if self._end_ns is None else self._end_ns)


def equal_parts(pico: int, among: int) -> list[int]:
    """Whole parts that sum to `pico`, the larger ones first."""
    part, rest = divmod(pico, among)
    return [part + (i < rest) for i in range(among)]
