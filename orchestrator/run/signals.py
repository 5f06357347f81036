"""Ctrl-C, SIGTERM and --stop-after: the first drains, the second leaves. SIGHUP does not end a run."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

LOOK_EVERY_S = 0.1
LEAVES_WITHIN_S = 2.5
"""After the second signal, whatever hangs: the disk, or another program that holds the ledger."""


class Drains(Protocol):
    """What signals act on."""

    def drain(self, *, grace_s: float, note: str) -> None: ...
    def abandon(self) -> None: ...


class Signals:
    """Context manager: handlers are in place inside it. `received` is the first signal, if one came. Outside the main
    thread no signal can be heard, and `stop`, an event set by another thread, takes its place. `leave` ends the
    process where it still hangs some time after the second signal; it is told the first."""

    def __init__(
        self,
        driver: Drains,
        *,
        grace_s: float,
        stop_after_s: float | None,
        stop: threading.Event | None = None,
        leave: Callable[[int], None] | None = None,
    ) -> None:
        self._driver = driver
        self._leave = leave
        self._leaving: asyncio.TimerHandle | None = None
        self._grace_s = grace_s
        self._stop_after_s = stop_after_s
        self._stop = stop
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        self._draining = False
        self._before: dict[int, object] = {}
        self.received: int | None = None

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        if self._stop is not None:
            self._look_at(self._stop)
        if threading.current_thread() is threading.main_thread():
            self._listen(loop)
        if self._stop_after_s is not None:
            self._timer = loop.call_later(self._stop_after_s, self._time_is_up)
        return self

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self._signal, number)
            except NotImplementedError:  # Windows' event loop
                self._before[number] = signal.signal(
                    number, lambda n, _: loop.call_soon_threadsafe(self._signal, n)
                )
        if hasattr(signal, "SIGHUP"):
            self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _look_at(self, stop: threading.Event) -> None:
        if stop.is_set():
            if not self._draining:
                self.received = self.received or signal.SIGINT
                self._drain(f"stopped: up to {self._grace_s:.0f} s for what is in flight")
            return
        self._look = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look_at, stop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = asyncio.get_running_loop()
        for timer in (self._timer, self._look, self._leaving):
            if timer is not None:
                timer.cancel()
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _signal(self, number: int) -> None:
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        if self._draining:
            self._driver.abandon()
            if self._leave is not None and self._leaving is None:
                loop, first = asyncio.get_running_loop(), self.received or number
                self._leaving = loop.call_later(LEAVES_WITHIN_S, self._leave, first)
            return
        self.received = number
        self._drain(
            f"{name}: sending stopped, up to {self._grace_s:.0f} s for what is in flight; again to leave now"
        )

    def _time_is_up(self) -> None:
        if not self._draining:
            self._drain(f"--stop-after: sending stopped, up to {self._grace_s:.0f} s for what is in flight")

    def _drain(self, note: str) -> None:
        self._draining = True
        self._driver.drain(grace_s=self._grace_s, note=note)
