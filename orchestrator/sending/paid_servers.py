"""Servers whose time is paid: each has a meter that shares its busy time out, and a lease that reserves it ahead.

Before a server works for us its next half minute is reserved durably, and again before that ends. Where the budget
refuses, nothing new goes there, what runs has the rest of the lease, and is then ended: its time settled, its samples
not made.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import NamedTuple

from orchestrator.booking.server_share import Share
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import LeaseChange
from orchestrator.scheduler.budget import Budget
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.scheduler import Scheduler
from pricing.lease import Lease
from pricing.server_time import ServerMeter

CHECK_EVERY_S = 1.0
ENDS_EARLY_S = 0.25
"""What still runs is ended so long before its lease ends: ending it takes a moment, and that moment is paid too."""


class LeaseOver(Exception):  # noqa: N818 - reads as what it is
    """The budget does not cover more of this server's time."""


class HourlyPrice(NamedTuple):
    """What each server of a model costs."""

    usd_per_hour: Decimal
    gpus: int


class PaidServer:
    """One server of one model."""

    def __init__(
        self,
        alias: str,
        endpoint: Endpoint,
        budget: Budget,
        ledger: Ledger,
        price: HourlyPrice,
    ) -> None:
        self._alias = alias
        self._endpoint = endpoint
        self._budget = budget
        self._ledger = ledger
        self._usd_per_hour = str(price.usd_per_hour * price.gpus)
        self._meter = ServerMeter(usd_per_hour=price.usd_per_hour, gpus=price.gpus)
        self._lease = Lease(self._meter)
        self._running: dict[int, asyncio.Timeout] = {}
        self.lease_id = ledger.new_lease_id()
        self._opened = False
        self._written: asyncio.Future[None] | None = None
        """The last change of the lease, on its way to the disk."""
        self._endpoint.claim = self.claim

    def claim(self) -> bool:
        """Whether a request may be admitted here: takes or renews the lease where that is due, in one step with the
        admission, so that no other model's reservation comes between."""
        now = time.monotonic_ns()
        return self._renew(now) if self._lease.due(now) else True

    async def ready(self) -> bool:
        """Whether an admitted request may go out: what it was admitted under is on the disk and not over."""
        if self._written is not None:
            await asyncio.shield(self._written)  # others wait for it too
        return self._lease.open(time.monotonic_ns())

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
        for limit in self._running.values():
            if not limit.expired():
                limit.reschedule(self._ends_at())
        return True

    def _ends_at(self) -> float:
        """Loop time at which what runs is ended, unless the lease is renewed."""
        until_ns = self._lease.until_ns or 0
        left_s = (until_ns - time.monotonic_ns()) / 1e9
        return asyncio.get_running_loop().time() + left_s - ENDS_EARLY_S

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
                busy_s=self._meter.busy_ns / 1e9,
                at=time.time(),
                opens=opens,
                ends=ends,
            )
        )

    @asynccontextmanager
    async def working(self, key: int, weight: int) -> AsyncGenerator[None]:
        """A request is on the server. Raises LeaseOver where the lease ends first."""
        self._meter.start(key, weight, time.monotonic_ns())
        try:
            async with asyncio.timeout_at(self._ends_at()) as limit:
                self._running[key] = limit
                yield
        except TimeoutError:
            raise LeaseOver from None
        finally:
            self._running.pop(key, None)

    def share(self, key: int) -> Share:
        """The request is over: its share of the server's time. It comes out of the lease, as far as that goes."""
        pico = self._meter.finish(key, time.monotonic_ns())
        leased = min(pico, self._lease.held_pico)
        self._lease.settled(pico)
        self._budget.pay(self._alias, pico, leased=leased)
        return Share(pico, leased)

    async def watch(self) -> None:
        """Renews while the server works, and gives an idle lease back."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            now = time.monotonic_ns()
            if self._meter.weight:
                if self._lease.due(now):
                    self._renew(now)
            elif self._lease.over(now):
                self._release()
            if self._written is not None:
                await self._written
            self.reconsider()

    def reconsider(self) -> None:
        """Takes requests again where there is room for a term by now."""
        change = self._lease.least_pico(time.monotonic_ns()) - self._lease.held_pico
        if self._endpoint.unpaid and self._budget.lease_room(self._alias) >= change:
            self._endpoint.unpaid = False

    def release_idle(self) -> bool:
        """Gives the lease back where nothing runs on it. Whether there was any."""
        if self._meter.weight or not self._lease.held_pico:
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
        if not self._meter.weight:
            self._release(ends=True)
        if self._written is not None:
            await self._written


def paid_servers(
    prices: Mapping[str, HourlyPrice], scheduler: Scheduler, ledger: Ledger
) -> dict[tuple[str, int], PaidServer]:
    """By alias and endpoint, for the models whose servers' time is paid."""
    return {
        (alias, i): PaidServer(alias, endpoint, scheduler.budget, ledger, price)
        for alias, price in prices.items()
        for i, endpoint in enumerate(scheduler.lanes[alias].endpoints)
    }
