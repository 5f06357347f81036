"""Sends what the scheduler admits, until nothing can go on or the run is asked to end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine, Iterable
from typing import Any

from orchestrator.errors import InputError, LedgerBroken
from orchestrator.scheduler.lane import Ticket
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.paid_servers import PaidServer
from providers.transport.awake import awake_clock

Action = Coroutine[Any, Any, None]


class Dispatcher:
    """`perform` gives what a ticket needs done, None if it is taken elsewhere. `others` gives what else is to be
    done now; `others_at`: when to ask it again, if not at the next event. While `held_back` nothing is admitted, and
    while `busy` the run is not over."""

    def __init__(
        self,
        scheduler: Scheduler,
        servers: Collection[PaidServer],
        *,
        perform: Callable[[Ticket], Action | None],
        others: Callable[[float], Iterable[Action]] = lambda _: (),
        others_at: Callable[[], float | None] = lambda: None,
        held_back: Callable[[], bool] = lambda: False,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._scheduler = scheduler
        self._servers = servers
        self._perform = perform
        self._others = others
        self._others_at = others_at
        self._held_back = held_back
        self._busy = busy
        self._clock = awake_clock()
        self._event = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.grace_ends: float | None = None
        self.abandoned = False
        self.note: str | None = None
        """What interrupted it."""

    @property
    def interrupted(self) -> bool:
        return self.grace_ends is not None

    def drain(self, *, grace_s: float, note: str, ends_within_s: float | None = None) -> None:
        """Stops sending, and waits up to `grace_s` for requests in flight. No server is to be ended."""
        del ends_within_s
        self._scheduler.draining = True
        self.grace_ends = self._clock.time() + grace_s
        self.note = note
        self.wake()

    def abandon(self) -> None:
        """Leaves at once: what is in flight stays reserved in the ledger until it is presumed."""
        self._scheduler.draining = self.abandoned = True
        self.grace_ends = self._clock.time()
        self.wake()

    def wake(self) -> None:
        """Something happened that may let something go, or end the run."""
        self._event.set()

    async def run(self, group: asyncio.TaskGroup, first: Iterable[Action] = ()) -> None:
        """Returns when nothing is left that could be sent, or the draining is over: what it cancelled then ends with
        the group."""
        watches = [group.create_task(server.watch(), name="lease") for server in self._servers]
        try:
            for work in first:
                self._start(group, work)
            await self._dispatch(group)
        finally:
            for watch in watches:
                watch.cancel()

    async def close(self) -> None:
        """After the group has ended: leases are given back."""
        for server in self._servers:
            await server.close()

    @property
    def grace_is_over(self) -> bool:
        """What is in flight had its time to land, and what arrived while the event loop stood was read."""
        if self.grace_ends is None:
            return False
        return self.abandoned or self._clock.left(self.grace_ends) <= 0

    async def wait(self, until: float | None) -> None:
        """For the next event, or that time."""
        with contextlib.suppress(TimeoutError):
            left = None if until is None else self._clock.left(until)
            await asyncio.wait_for(self._event.wait(), left)
        self._event.clear()

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        while True:
            await self._read_first()
            self._event.clear()
            now = self._clock.time()
            while not self._held_back() and (ticket := self._scheduler.next(now)) is not None:
                if (work := self._perform(ticket)) is not None:
                    self._start(group, work)
            for work in self._others(now):
                self._start(group, work)
            if self._over():
                if not self._free_idle_leases():
                    return
                continue
            await self._wait()

    def _start(self, group: asyncio.TaskGroup, work: Action) -> None:
        task = group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.wake()

    async def _read_first(self) -> None:
        """After the loop stood, what arrived meanwhile is read before anything is sent: among it may be the end of a
        connection that a request would leave on."""
        while (left := self._clock.reads_left) > 0 and not self.abandoned:
            self._event.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._event.wait(), left)

    def _over(self) -> bool:
        if self.grace_is_over:
            for task in self._tasks:
                task.cancel()
            return True
        if self._tasks or self._busy():
            return False
        return self._scheduler.draining or self._scheduler.blocked()

    async def _wait(self) -> None:
        # While it drains or is held back nothing is admitted, so the scheduler's time says nothing.
        wake_at = None if self._scheduler.draining or self._held_back() else self._scheduler.wake_at
        times = [t for t in (wake_at, self._others_at(), self.grace_ends) if t is not None]
        await self.wait(min(times, default=None))

    def _free_idle_leases(self) -> bool:
        """Before the run ends for want of money: a server that nothing runs on still holds its lease. Whether there
        was one to give back."""
        if self._scheduler.draining or not any(
            lane.work.lacking() and not lane.left_out for lane in self._scheduler.lanes.values()
        ):
            return False
        freed = [server.release_idle() for server in self._servers]
        for server in self._servers:
            server.reconsider()
        return any(freed)


async def as_one_error(main: Coroutine[Any, Any, None]) -> None:
    """A ledger that can't be written is one error, however many tasks met it."""
    try:
        await main
    except BaseExceptionGroup as group:
        broken = group.subgroup((LedgerBroken, InputError))
        if broken is None:
            raise
        raise _first(broken) from group


def _first(group: BaseExceptionGroup[LedgerBroken | InputError]) -> LedgerBroken | InputError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
