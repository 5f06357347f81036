"""Ctrl-C, SIGTERM and --stop-after: the first drains, the second leaves. SIGHUP does not end a run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

_SIGHUP: int | None = getattr(signal, "SIGHUP", None)
_HEARD: list[int] = [n for n in (signal.SIGINT, signal.SIGTERM, _SIGHUP) if n is not None]
LOOK_EVERY_S = 0.1
SIGTERM_ENDS_WITHIN_S = 26.0
"""Of the 30 seconds that Slurm leaves between SIGTERM and SIGKILL: by then servers of one's own are gone."""
LEAVES_WITHIN_S = 2.3
"""After the second signal, whatever hangs: the disk, another program that holds the ledger, or one that reads what is
shown …"""
SAYS_WITHIN_S = 0.4
"""… to which even that it was left can't be said."""


class Drains(Protocol):
    """What signals act on."""

    def drain(self, *, grace_s: float, note: str, ends_within_s: float | None = None) -> None: ...
    def abandon(self) -> None: ...


class Signals:
    """Context manager around all that a run does, its summary too. Inside `steering` signals drain and abandon a
    driver; from there to the end of the context none of them ends the process halfway, so that what ended is said, and
    its exit status holds. Before `steering` they do what they did. `sigterm_grace_s`: the grace after a SIGTERM, if
    servers are to be stopped after it.

    Outside the main thread no signal can be heard, and `stop`, an event set by another thread, takes its place. With
    `left` the process ends if it still hangs some time after the second signal: `left` says so, and is told whether
    the run's end is booked. `received` is the first signal, if one came."""

    def __init__(
        self,
        *,
        grace_s: float = 30.0,
        stop_after_s: float | None = None,
        stop: threading.Event | None = None,
        left: Callable[[bool], None] | None = None,
        sigterm_grace_s: float | None = None,
    ) -> None:
        self._grace_s = grace_s
        self._sigterm_grace_s = sigterm_grace_s
        self._stop_after_s = stop_after_s
        self._stop = stop
        self._left = left
        self._ends_within_s: float | None = None
        self._driver: Drains | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        self._leaving: threading.Timer | None = None
        self._draining = False
        self._booked = False
        self._before: dict[int, Any] = {}
        self._hears = False
        self.received: int | None = None

    def __enter__(self) -> Self:
        # The handlers of now, not those of `steering`: asyncio has its own for Ctrl-C while a loop runs.
        self._hears = threading.current_thread() is threading.main_thread()
        if self._hears:
            self._before = {number: signal.getsignal(number) or signal.SIG_DFL for number in _HEARD}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._hears:
            for number, handler in self._before.items():
                signal.signal(number, handler)
        if self._leaving is not None:
            self._leaving.cancel()

    @contextlib.contextmanager
    def steering(self, driver: Drains) -> Generator[None]:
        """Inside it signals act on the driver, whose event loop must run. Its end without an error means that the
        run's end is booked."""
        self._loop, self._driver = asyncio.get_running_loop(), driver
        if self._hears:
            for number in _HEARD:
                # Ignored, it is so in the workers too.
                signal.signal(number, signal.SIG_IGN if number == _SIGHUP else self._hear)
        if self._stop is not None:
            self._look_at(self._stop, self._loop)
        if self._stop_after_s is not None:
            self._timer = self._loop.call_later(self._stop_after_s, self._time_is_up)
        try:
            yield
            self._booked = True
        finally:
            self._driver = None
            for timer in (self._timer, self._look):
                if timer is not None:
                    timer.cancel()

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        is_second = self._draining or self.received is not None
        self.received = self.received or number
        if is_second and self._left is not None and self._leaving is None:
            # By a thread of its own, since what hangs may be the event loop.
            self._leaving = threading.Timer(LEAVES_WITHIN_S, self._leave, [self._left, self.received])
            self._leaving.daemon = True
            self._leaving.start()
        if self._driver is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._act, number)

    def _leave(self, left: Callable[[bool], None], first: int) -> None:
        saying = threading.Thread(target=left, args=[self._booked], daemon=True)
        saying.start()
        saying.join(SAYS_WITHIN_S)
        os._exit(128 + first)

    def _act(self, number: int) -> None:
        if self._driver is None:
            return
        if self._draining:
            self._driver.abandon()
            return
        if number == signal.SIGTERM and self._sigterm_grace_s is not None:
            self._grace_s, self._ends_within_s = (
                min(self._grace_s, self._sigterm_grace_s),
                SIGTERM_ENDS_WITHIN_S,
            )
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        self._drain(
            f"{name}: sending stopped, up to {self._grace_s:.0f} s for what is in flight; again to leave now"
        )

    def _look_at(self, stop: threading.Event, loop: asyncio.AbstractEventLoop) -> None:
        if stop.is_set():
            self.received = self.received or signal.SIGINT
            self._drain(f"stopped: up to {self._grace_s:.0f} s for what is in flight")
            return
        self._look = loop.call_later(LOOK_EVERY_S, self._look_at, stop, loop)

    def _time_is_up(self) -> None:
        self._drain(f"--stop-after: sending stopped, up to {self._grace_s:.0f} s for what is in flight")

    def _drain(self, note: str) -> None:
        if self._draining or self._driver is None:
            return
        self._draining = True
        if self._ends_within_s is None:
            self._driver.drain(grace_s=self._grace_s, note=note)
        else:
            self._driver.drain(grace_s=self._grace_s, note=note, ends_within_s=self._ends_within_s)
