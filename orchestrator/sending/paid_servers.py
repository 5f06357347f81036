"""Servers whose time is paid: each has a meter that shares its busy time out, and leases that reserve it ahead.

Before a server works for a model its next half minute is reserved durably, and again before that ends. Where the budget
refuses, nothing new goes there, what runs has the rest of the lease, and is then ended: its time settled, its samples
not made. Several models of one server share its meter; each holds a lease of its own, since it may be the only one
that works there.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple, Protocol

from orchestrator.booking.server_share import Share
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import LeaseChange
from orchestrator.scheduler.budget import Budget
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.scheduler import Scheduler
from pricing.lease import Lease
from pricing.server_time import ServerMeter
from providers.transport.address import same_server
from providers.transport.awake import Limit, awake_clock, elapsed_ns

CHECK_EVERY_S = 1.0
ENDS_EARLY_S = 0.25
"""What still runs is ended so long before its lease ends, and longer where the event loop has been late: ending it
takes a moment, and that moment is paid too."""
MOST_EARLY_S = 2.0
STOOD = (
    "the program stood still while its server worked: when the replies came isn't known, and time after the "
    "lease's end is not charged"
)


class HourlyPrice(NamedTuple):
    """What each server of a model costs."""

    usd_per_hour: Decimal
    gpus: int


class TimedServer(Protocol):
    """A server whose time is paid, as the sender uses it for one model."""

    @property
    def lease_id(self) -> int: ...
    def claim(self) -> bool: ...
    async def ready(self) -> bool: ...
    def expects(self, limit: Limit, /) -> None: ...
    def begins(self, key: int, weight: int, /) -> bool: ...
    def left_s(self) -> float: ...
    def owes(self, key: int, /) -> int: ...
    def lasts_s(self, pico: int, /) -> float: ...
    def ended(self, key: int, limit: Limit, /) -> Share | None: ...
    def release_idle(self) -> bool: ...


class PaidServer:
    """One server as one model pays for it."""

    def __init__(
        self,
        alias: str,
        endpoint: Endpoint,
        budget: Budget,
        ledger: Ledger,
        price: HourlyPrice,
        meter: ServerMeter,
        *,
        on_warning: Callable[[str, str], None],
    ) -> None:
        self._alias = alias
        self._endpoint = endpoint
        self._budget = budget
        self._ledger = ledger
        self._usd_per_hour = str(price.usd_per_hour * price.gpus)
        self._meter = meter
        self._on_warning = on_warning
        self._lease = Lease(meter, group=alias)
        self._limits: set[Limit] = set()
        """Of the requests that are on their way there, or about to be."""
        self._running: set[int] = set()
        self.lease_id = ledger.new_lease_id()
        self._opened = False
        self._written: asyncio.Future[None] | None = None
        """The last change of the lease, on its way to the disk."""
        self._clock = awake_clock()
        self._endpoint.claim = self.claim

    def claim(self) -> bool:
        """Whether a request may be admitted here: takes or renews the lease if that is due, in one step with the
        admission, so that no other model's reservation comes between."""
        now = elapsed_ns()
        return self._renew(now) if self._lease.due(now) else True

    async def ready(self) -> bool:
        """Whether an admitted request may go out: what it was admitted under is on the disk and not over."""
        while True:
            if self._written is not None:
                await asyncio.shield(self._written)  # others wait for it too
            now = elapsed_ns()
            if self._lease.open(now):
                return True
            if not self._renew(now):  # the disk was slow, or the program stood still
                return False

    def expects(self, limit: Limit) -> None:
        """A request is about to leave for it. `limit` is what ends it."""
        self._limits.add(limit)

    def begins(self, key: int, weight: int) -> bool:
        """Its first byte is about to leave. False if the lease is over."""
        now = elapsed_ns()
        if not self._lease.open(now):
            return False
        self._meter.start(key, weight, now, group=self._alias)
        self._running.add(key)
        return True

    def left_s(self) -> float:
        """Until what runs there is ended, unless the lease is renewed. After the event loop stood, what has arrived
        is read first: that time is not charged."""
        early_s = min(MOST_EARLY_S, ENDS_EARLY_S + self._clock.lag_s)
        left_s = ((self._lease.until_ns or 0) - elapsed_ns()) / 1e9
        return max(left_s - early_s, self._clock.reads_left)

    def owes(self, key: int) -> int:
        """A request's share of the server's time so far."""
        return self._meter.owed_of(key, elapsed_ns()) if key in self._running else 0

    def lasts_s(self, pico: int) -> float:
        """How long so many pico-dollars pay for the whole server."""
        ns = self._meter.ns_for(pico)
        return math.inf if ns is None else ns / 1e9

    def ended(self, key: int, limit: Limit) -> Share | None:
        """The request is over: its share of the server's time, None if it never left. It comes out of the lease,
        as far as that goes."""
        self._limits.discard(limit)
        if key not in self._running:
            return None
        self._running.remove(key)
        now, until = elapsed_ns(), self._lease.until_ns
        if until is not None and now > until:
            self._on_warning(self._alias, STOOD)
        pico = self._meter.finish(key, now)
        leased = min(pico, self._lease.held_pico)
        self._lease.settled(pico)
        self._budget.pay(self._alias, pico, leased=leased)
        return Share(pico, leased)

    def _renew(self, now: int) -> bool:
        """Reserves a term from now, or as much of it as the budget has. Where that is next to nothing, nothing new
        goes there; what runs has the rest."""
        held, room = self._lease.held_pico, max(0, self._budget.lease_room(self._alias))
        wanted = min(self._lease.wanted_pico(now), held + room)
        if wanted < self._lease.least_pico(now) or not self._budget.lease(self._alias, wanted - held):
            self._endpoint.unpaid = True
            return False
        self._lease.renewed(now, wanted)
        self._write(wanted - held)
        self._endpoint.unpaid = False
        self._look()
        return True

    def _look(self) -> None:
        for limit in self._limits:
            limit.look()

    def _write(self, change: int, *, ends: bool = False) -> None:
        opens, self._opened = not self._opened, True
        self._written = self._ledger.lease(
            LeaseChange(
                lease_id=self.lease_id,
                run_id=self._ledger.state.run_id,
                model_id=self._ledger.state.models[self._alias].model_id,
                server=self._endpoint.server,
                usd_per_hour=self._usd_per_hour,
                change_pico=change,
                busy_s=self._meter.busy_by(self._alias) / 1e9,
                at=time.time(),
                opens=opens,
                ends=ends,
            )
        )

    async def watch(self) -> None:
        """Renews while the server works, and gives an idle lease back."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            now = elapsed_ns()
            if self._limits:
                if self._lease.due(now):
                    self._renew(now)
                self._look()
            elif self._lease.over(now):
                self._release()
            if self._written is not None:
                await self._written
            self.reconsider()

    def reconsider(self) -> None:
        """Takes requests again if there is room for a term by now."""
        change = self._lease.least_pico(elapsed_ns()) - self._lease.held_pico
        if self._endpoint.unpaid and self._budget.lease_room(self._alias) >= change:
            self._endpoint.unpaid = False

    def release_idle(self) -> bool:
        """Gives the lease back if nothing runs on it. Whether there was any."""
        if self._limits or not self._lease.held_pico:
            return False
        self._release()
        return True

    def _release(self, *, ends: bool = False) -> None:
        rest = self._lease.release()
        self._budget.lease(self._alias, -rest)
        if self._opened:
            self._write(-rest, ends=ends)

    async def close(self) -> None:
        """The run is over: what is not used is free again."""
        if not self._running:
            self._release(ends=True)
        if self._written is not None:
            await self._written


def paid_servers(
    prices: Mapping[str, HourlyPrice],
    scheduler: Scheduler,
    ledger: Ledger,
    on_warning: Callable[[str, str], None],
) -> dict[tuple[str, int], PaidServer]:
    """By alias and endpoint, for the models whose servers' time is paid."""
    meters: dict[str, ServerMeter] = {}
    servers: dict[tuple[str, int], PaidServer] = {}
    for alias, price in prices.items():
        for i, endpoint in enumerate(scheduler.lanes[alias].endpoints):
            meter = meters.setdefault(
                same_server(endpoint.server),
                ServerMeter(usd_per_hour=price.usd_per_hour, gpus=price.gpus),
            )
            servers[alias, i] = PaidServer(
                alias, endpoint, scheduler.budget, ledger, price, meter, on_warning=on_warning
            )
    return servers
