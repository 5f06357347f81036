"""Time as the event loop lived it. While a process is stopped, its machine is suspended or a long computation holds the
loop, nothing can be read: what arrives meanwhile is not late. So time-outs count the loop's own time, and after it
stood what has arrived is read before anything is late."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from types import TracebackType

TICK_S = 0.1
SLACK_S = 0.25
"""A tick may be so late without being more than that."""
COMPUTES = 0.1
"""The share of a stall in processor time above which a computation held the loop, on a machine that others use too."""
NEAR_S = 1.0
"""A limit that ends later has no timer of its own, which would take longer than all else of a limit: the clock looks at
all of them when the first one's end is near."""
READS_S = 1.0
"""At most so long after the loop stood, nothing is late: what has arrived is read."""

# Both go on while the machine is suspended, where Python's monotonic clock stands.
_CLOCK: int | None = (
    time.CLOCK_BOOTTIME if sys.platform == "linux" else getattr(time, "CLOCK_MONOTONIC", None)
)


def elapsed_ns() -> int:
    """Nanoseconds of a clock that never stands, whatever becomes of this process or this machine's sleep."""
    return time.monotonic_ns() if _CLOCK is None else time.clock_gettime_ns(_CLOCK)


def _seconds_of(clock: int | None) -> Callable[[], float]:
    return time.monotonic if clock is None else partial(time.clock_gettime, clock)


_elapsed_s = _seconds_of(_CLOCK)
"""The same in seconds."""


@dataclass(frozen=True, slots=True)
class Stall:
    """The loop stood for `seconds`. `computing`: something computed meanwhile; else the process was stopped, or its
    machine suspended."""

    seconds: float
    computing: bool


class AwakeClock:
    """One event loop's. It never goes back, and counts at most a tick and a bit of any time that the loop stood."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._tick_at = _elapsed_s()
        self._far: set[AwakeLimit] = set()
        """Limits that end later, and …"""
        self._next_end = inf
        """… a time that none of them ends before."""
        self._busy_s = time.process_time()
        self._lost_s = 0.0
        self._reads_until = 0.0
        self._lag_s = 0.0
        self.on_stall: list[Callable[[Stall], None]] = []
        loop.call_later(TICK_S, self._tick)

    def time(self) -> float:
        """Seconds."""
        now, most = _elapsed_s(), self._tick_at + (TICK_S + SLACK_S)
        return min(now, most) - self._lost_s

    def watch(self, limit: AwakeLimit, deadline: float) -> None:
        """It is looked at once that time is near."""
        self._far.add(limit)
        self._next_end = min(self._next_end, deadline)

    def forget(self, limit: AwakeLimit) -> None:
        """It has ended."""
        self._far.discard(limit)

    def _look_at_limits(self) -> None:
        if not self._far:
            self._next_end = inf
        elif self._next_end - self.time() <= NEAR_S:
            far, self._far, self._next_end = self._far, set(), inf
            for limit in far:
                limit.look()

    @property
    def lag_s(self) -> float:
        """How late the loop has been lately, at worst."""
        return self._lag_s

    def left(self, deadline: float) -> float:
        """How long until that time is over and what had arrived is read; 0: it is late."""
        return max(0.0, deadline - self.time(), self.reads_left)

    @property
    def reads_left(self) -> float:
        """How long it may take still to read what arrived while the loop stood; 0 if it did not stand lately."""
        lost = self._lost_now()
        if lost > 0:  # it stood until this moment
            return min(READS_S, lost)
        return max(0.0, self._reads_until - self.time())

    def _lost_now(self) -> float:
        return _elapsed_s() - self._tick_at - TICK_S - SLACK_S

    def _tick(self) -> None:
        now, busy_s = _elapsed_s(), time.process_time()
        late = max(0.0, now - self._tick_at - TICK_S)
        if (lost := self._lost_now()) > 0:
            self._reads_until = self.time() + min(READS_S, lost)
            self._lost_s += lost
        computing = busy_s - self._busy_s > late * COMPUTES
        self._tick_at, self._busy_s = now, busy_s
        self._lag_s = max(late, 0.98 * self._lag_s)
        self.loop.call_later(TICK_S, self._tick)
        self._look_at_limits()
        if late > SLACK_S:
            stall = Stall(late, computing)
            for hear in self.on_stall:
                hear(stall)


_clocks: WeakKeyDictionary[asyncio.AbstractEventLoop, AwakeClock] = WeakKeyDictionary()


_latest: AwakeClock | None = None
"""The one that was asked for last: every request asks several times."""


def awake_clock() -> AwakeClock:
    """The running loop's."""
    global _latest
    loop = asyncio.get_running_loop()
    clock = _latest
    if clock is None or clock.loop is not loop:
        clock = _clocks.get(loop)
        if clock is None:
            clock = _clocks[loop] = AwakeClock(loop)
        _latest = clock
    return clock


class Limit:
    """As `asyncio.timeout`, but its end is asked for anew whenever it seems to have come. `left`: seconds until it,
    None: none is set. Raises TimeoutError from the block that it is entered around. `looks_first`: whether its end may
    be there when the block begins, or come without anybody telling."""

    def __init__(
        self,
        left: Callable[[], float | None],
        *,
        looks_first: bool = True,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._left = left
        self._looks_first = looks_first
        self._loop = loop or asyncio.get_running_loop()  # asking for it takes a call of the system
        self._handle: asyncio.Handle | None = None
        self._task: asyncio.Task[Any] | None = None
        """That runs its block: before and after it there is nothing to end."""
        self._cancelled_before = 0
        self._ended = False

    async def __aenter__(self) -> Self:
        task = self._task = asyncio.current_task(self._loop)
        assert task is not None
        self._cancelled_before = task.cancelling()
        if self._looks_first:
            self.look()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        task, self._task = self._task, None
        self._left = _never  # what asks for it most often holds this limit itself: a cycle
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._ended and task is not None:
            # As in asyncio.timeout: where somebody else cancelled it too, that is what goes on.
            alone = task.uncancel() <= self._cancelled_before
            if alone and kind is asyncio.CancelledError:
                raise TimeoutError from error
        return None

    def look(self) -> None:
        """Its end may be another one by now."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._task is None or self._ended or (left := self._left()) is None:
            return
        loop = self._loop
        self._handle = loop.call_later(left, self.look) if left > 0 else loop.call_soon(self._end)

    def _end(self) -> None:
        self._handle = None
        if self._task is not None:
            self._ended = True
            self._task.cancel()


def _never() -> None:
    """How long is left once the block is over."""


class AwakeLimit(Limit):
    """A limit in the loop's own time. Without one until it is set."""

    def __init__(self, clock: AwakeClock | None = None) -> None:
        clock = clock or awake_clock()
        super().__init__(self._time_left, loop=clock.loop)
        self._clock = clock
        self._deadline: float | None = None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._clock.forget(self)
        return await super().__aexit__(kind, error, trace)

    def within(self, seconds: float, now: float | None = None) -> None:
        """From now on; an earlier end stays."""
        deadline = (self._clock.time() if now is None else now) + seconds
        if self._deadline is None or deadline < self._deadline:
            self._deadline = deadline
            if seconds > NEAR_S and self._handle is None and self._task is not None:
                self._clock.watch(self, deadline)
            else:
                self.look()

    def look(self) -> None:
        if self._deadline is None:
            return
        if self._task is not None and self._deadline - self._clock.time() > NEAR_S:
            self._clock.watch(self, self._deadline)
        else:
            super().look()

    def _time_left(self) -> float | None:
        return None if self._deadline is None else self._clock.left(self._deadline)
