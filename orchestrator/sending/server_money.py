"""The money of one server of one's own, from the start of its process to its end.

Its lease always holds what stopping it may take; when no more than that is left, the stop begins. The time of a request
is its own; loading and idle time, and what the lease holds, are borne in equal parts by the models that still have
samples to ask of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from orchestrator.booking.server_share import Share
from orchestrator.ledger.writing.rows import LeaseChange, StandingTime
from orchestrator.sending.paid_servers import ENDS_EARLY_S, MOST_EARLY_S
from pricing.server_life import ServerLife, equal_parts
from providers.transport.awake import Limit, awake_clock, elapsed_ns

if TYPE_CHECKING:
    from orchestrator.ledger.writing.ledger import Ledger
    from orchestrator.scheduler.budget import Budget

SECOND_NS = 10**9
TERM_S = 30.0
DUE_S = 10.0
SHORTEST_S = 2.0
SETTLES_EVERY_S = 5.0
STOP_TAKES_S = 10.0
"""Beyond the grace: what a stop may take."""
LANDS_WITHIN_S = 10.0


class Tenancy:
    """One server as one model pays for it, in the way of a PaidServer."""

    def __init__(self, alias: str, of: ServerMoney) -> None:
        self.alias = alias
        self._of = of
        self.lease_id = of.new_lease_id()
        self.held_pico = 0
        self.opened = False
        self.limits: set[Limit] = set()
        self.running: set[int] = set()

    def claim(self) -> bool:
        """Whether a request may be admitted here: not once the lease has no more left than stopping takes."""
        return self._of.open

    async def ready(self) -> bool:
        """Whether an admitted request may go out."""
        await self._of.written()
        return self._of.open

    def expects(self, limit: Limit) -> None:
        self.limits.add(limit)

    def begins(self, key: int, weight: int) -> bool:
        """Its first byte is about to leave. False if the server is ending."""
        if not self._of.open:
            return False
        self._of.life.start(key, weight, elapsed_ns(), group=self.alias)
        self.running.add(key)
        return True

    def left_s(self) -> float:
        return self._of.left_s()

    def owes(self, key: int) -> int:
        """A request's share of the server's time so far."""
        return self._of.life.owed_of(key, elapsed_ns()) if key in self.running else 0

    def lasts_s(self, pico: int) -> float:
        """How long so many pico-dollars pay for the whole server."""
        return self._of.life.lasts_s(pico)

    def ended(self, key: int, limit: Limit) -> Share | None:
        """The request is over: its share of the server's time, None if it never left."""
        self.limits.discard(limit)
        if key not in self.running:
            return None
        self.running.remove(key)
        return Share(0, 0) if self._of.closed else self._of.request_ended(self, key)

    def release_idle(self) -> bool:
        """It is the process that costs, not the work."""
        return False


class ServerMoney:
    """`lacking`: whether a model still has samples to ask. `renewed`: told for how many seconds the server may go on
    before its stop begins. Made at the moment its process starts; nothing is reserved before `renew`."""

    def __init__(
        self,
        aliases: Sequence[str],
        url: str,
        budget: Budget,
        ledger: Ledger,
        *,
        usd_per_hour: Decimal,
        gpus: int,
        stop_grace_s: float,
        lacking: Callable[[str], bool],
        renewed: Callable[[float], None],
    ) -> None:
        self._budget = budget
        self._ledger = ledger
        self._url = url
        self._usd_per_hour = str(usd_per_hour * gpus)
        self._lacking = lacking
        self._renewed = renewed
        self._clock = awake_clock()
        self.life = ServerLife(
            usd_per_hour=usd_per_hour,
            gpus=gpus,
            hold_ns=round((stop_grace_s + STOP_TAKES_S) * SECOND_NS),
            begin_ns=elapsed_ns(),
        )
        self.tenancies = {alias: Tenancy(alias, self) for alias in aliases}
        self._bearers = list(aliases)
        self.loading = True
        self._settled_at = elapsed_ns()
        self._written: asyncio.Future[None] | None = None
        self._ending = False
        self.closed = False

    def new_lease_id(self) -> int:
        return self._ledger.new_lease_id()

    @property
    def open(self) -> bool:
        """Whether requests may go out."""
        return not self._ending and elapsed_ns() < self.life.stops_ns

    @property
    def out_of_money(self) -> bool:
        """Whether its stop must begin."""
        return elapsed_ns() >= self.life.stops_ns

    async def written(self) -> None:
        """What was changed last is on the disk."""
        if self._written is not None:
            await asyncio.shield(self._written)

    def left_s(self) -> float:
        """Until what runs there is ended, unless more is reserved."""
        if self._ending:
            return 0.0
        early_s = min(MOST_EARLY_S, ENDS_EARLY_S + self._clock.lag_s)
        left_s = (self.life.stops_ns - elapsed_ns()) / SECOND_NS
        return max(left_s - early_s, self._clock.reads_left)

    def renew(self, *, term_s: float = TERM_S) -> bool:
        """Reserves for a term from now, or for as much of it as the budget has. False if that is next to nothing:
        then it goes on as long as what is reserved pays."""
        now = elapsed_ns()
        until = now + round(term_s * SECOND_NS) + self.life.hold_ns
        least = now + min(round(SHORTEST_S * SECOND_NS), until - now) + self.life.hold_ns
        bearers = self._now_bearing()
        while bearers:
            rooms = {alias: max(0, self._budget.lease_room(alias)) for alias in bearers}
            room = min(min(rooms.values()) * len(bearers), max(0, self._budget.total - self._budget.held))
            pays_until = self.life.until_for(room, until)
            if pays_until >= least:
                self._reserve(bearers, pays_until)
                self._renewed((self.life.stops_ns - now) / SECOND_NS)
                for tenancy in self.tenancies.values():
                    for limit in tenancy.limits:
                        limit.look()
                return True
            if len(bearers) == 1:
                return False
            bearers.remove(min(bearers, key=rooms.__getitem__))  # its own budget is used up
        return False

    def _reserve(self, bearers: Sequence[str], until: int) -> None:
        if until <= self.life.until_ns:
            return
        parts = equal_parts(self.life.change_to(until), len(bearers))
        self.life.until_ns = until
        for alias, part in zip(bearers, parts, strict=True):
            self._budget.move_in(alias, part)
            self._change(self.tenancies[alias], part)

    def _now_bearing(self) -> list[str]:
        """Those that still have samples to ask; once none has, those that had them last."""
        if now := [alias for alias in self.tenancies if self._lacking(alias)]:
            self._bearers = now
        return list(self._bearers)

    def is_ready(self) -> None:
        """What it cost so far was loading."""
        self._settle_standing()
        self.loading = False

    def look(self) -> None:
        """Now and then while it lives: renews what is due, and settles."""
        now = elapsed_ns()
        if now >= self.life.stops_ns - round(DUE_S * SECOND_NS):
            self.renew()
        if now - self._settled_at >= SETTLES_EVERY_S * SECOND_NS:
            self._settle_standing()

    def _settle_standing(self) -> None:
        self._settled_at = elapsed_ns()
        self._stood(self.life.settle_standing(self._settled_at))

    def _stood(self, pico: int) -> None:
        if not pico:
            return
        bearers = self._now_bearing()
        for alias, part in zip(bearers, equal_parts(pico, len(bearers)), strict=True):
            tenancy = self.tenancies[alias]
            self._cover(tenancy, part)
            tenancy.held_pico -= part
            self._budget.pay(alias, part, leased=part)
            row = StandingTime(
                lease_id=tenancy.lease_id,
                model_id=self._ledger.state.models[alias].model_id,
                pico=part,
                loading=self.loading,
            )
            self._written = self._ledger.stood(row)

    def request_ended(self, tenancy: Tenancy, key: int) -> Share:
        pico = self.life.finish(key, elapsed_ns())
        self._cover(tenancy, pico)
        tenancy.held_pico -= pico
        self._budget.pay(tenancy.alias, pico, leased=pico)
        return Share(pico, pico)

    def _cover(self, tenancy: Tenancy, pico: int) -> None:
        """What a model pays comes out of its own lease; what that lacks, out of the others' of the same server."""
        for other in self.tenancies.values():
            lacks = pico - tenancy.held_pico
            if lacks <= 0:
                return
            part = min(lacks, other.held_pico)
            if other is tenancy or part <= 0:
                continue
            self._budget.move_in(other.alias, -part)
            self._change(other, -part)
            self._budget.move_in(tenancy.alias, part)
            self._change(tenancy, part)
        assert pico <= tenancy.held_pico, "all that it costs is reserved"

    def _change(self, tenancy: Tenancy, pico: int, *, ends: bool = False) -> None:
        opens, tenancy.opened = not tenancy.opened, True
        tenancy.held_pico += pico
        self._written = self._ledger.lease(
            LeaseChange(
                lease_id=tenancy.lease_id,
                run_id=self._ledger.state.run_id,
                model_id=self._ledger.state.models[tenancy.alias].model_id,
                server=self._url,
                usd_per_hour=self._usd_per_hour,
                change_pico=pico,
                busy_s=self.life.busy_by(tenancy.alias) / SECOND_NS,
                at=time.time(),
                opens=opens,
                ends=ends,
            )
        )

    async def _landed(self) -> None:
        while any(tenancy.running for tenancy in self.tenancies.values()):  # noqa: ASYNC110 - it takes a moment
            await asyncio.sleep(0.02)

    def stops(self) -> None:
        """Nothing goes there any more, and what runs there is ended."""
        self._ending = True
        for tenancy in self.tenancies.values():
            for limit in tenancy.limits:
                limit.look()

    async def close(self, *, lands: bool) -> None:
        """Its process is gone: the rest is settled, and what it doesn't need of the lease is free again. `lands`:
        requests that it had still end by themselves; of others the time brought nothing."""
        self.life.end(elapsed_ns())
        self.stops()
        if lands:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._landed(), LANDS_WITHIN_S)
        self.closed = True
        self._stood(self.life.settle_rest())
        for tenancy in self.tenancies.values():
            if tenancy.opened:
                rest = tenancy.held_pico
                self._budget.move_in(tenancy.alias, -rest)
                self._change(tenancy, -rest, ends=True)
        await self.written()
