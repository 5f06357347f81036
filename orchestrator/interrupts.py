"""Ctrl-C, SIGTERM and a terminal that hangs up, for every command: the first ends it in order, so that nothing half
done is left; those after it change nothing; and a process that still hangs then is left by a thread of its own."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

Ended = TypeVar("Ended")

_HEARD: list[int] = [
    number
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None))
    if number is not None
]
LEAVES_WITHIN_S = 2.0
"""After the first signal, whatever hangs: the disk, a database that another program holds, a long computation …"""
SAYS_WITHIN_S = 0.3
"""… to whose terminal even that can't be said."""
LINE = "manyfew: interrupted\n"
_LOST = 0


class Interrupts:
    """Of this process. Until `hear`, and in a thread that is not the main one, signals do what they always did."""

    def __init__(self) -> None:
        self.heard: int | None = None
        self._raised = False
        self._is_finishing = False
        self._status: int | None = None
        self._task: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: int | None = None
        self._undone: list[Callable[[], None]] = []

    @property
    def ends(self) -> bool:
        """Whether the command was asked to end: what fails from then on fails for that reason."""
        return self._raised

    @property
    def status(self) -> int:
        """The exit status of a command that was asked to end."""
        return 128 + (self.heard or signal.SIGINT)

    def hear(self) -> None:
        """From now on the first signal raises KeyboardInterrupt in the main thread, or cancels the task that `run`
        runs there."""
        for number in _HEARD:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):  # nohup, a shell's background job
                signal.signal(number, self._hear)
        if sys.platform != "win32":
            # Python's handlers wait for the main thread, which may be deep in SQLite: these bytes don't.
            read, self._wake = os.pipe()
            os.set_blocking(self._wake, False)
            signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
            threading.Thread(target=self._watch, args=(read,), name="interrupts", daemon=True).start()
        sys.unraisablehook = self._unraised
        atexit.register(_ignore)

    def finishing(self) -> None:
        """What the command was asked for is about to stand: it ends as if no signal had come."""
        self._is_finishing = True

    def over(self, status: int) -> None:
        """The command has ended, and its exit status holds."""
        self._status = status
        self._is_finishing = True

    @contextlib.contextmanager
    def undone(self, undo: Callable[[], None]) -> Generator[None]:
        """`undo` is called if the process has to be left inside the block, by another thread."""
        self._undone.append(undo)
        try:
            yield
        finally:
            self._undone.remove(undo)

    def run(self, runner: asyncio.Runner, main: Coroutine[Any, Any, Ended]) -> Ended:
        """The coroutine's result. A signal cancels it, and KeyboardInterrupt is raised once it has ended, as asyncio
        does for Ctrl-C if nobody else hears it."""
        import asyncio

        began = False

        async def heeding() -> Ended:
            nonlocal began
            began = True
            self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
            try:
                return await main
            finally:
                self._task = None

        before = self._raised
        try:
            return runner.run(heeding())
        except asyncio.CancelledError:
            if self._raised and not before:
                raise KeyboardInterrupt from None
            raise
        finally:
            if not began:  # a signal came as early as that
                main.close()

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self.heard = self.heard or number
        self._tell(number)  # an event loop has a wake-up descriptor of its own while it runs
        if self._raised or self._is_finishing:
            return
        self._raised = True
        if self._task is not None and self._loop is not None:
            self._task.cancel()
            self._loop.call_soon_threadsafe(lambda: None)
            return
        raise KeyboardInterrupt

    def _unraised(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Raised in a destructor or a callback from C, an interruption would be printed and lost: it is raised again a
        little later. Other failures while the command ends are not reported."""
        if not self._raised:
            sys.__unraisablehook__(unraisable)
        elif issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._raised = False
            self._tell(_LOST)

    def _tell(self, number: int) -> None:
        if self._wake is not None:
            with contextlib.suppress(OSError):  # full: the thread has enough to read
                os.write(self._wake, bytes([number]))

    def _watch(self, read: int) -> None:
        leaves_at = None
        while True:
            wait = None if leaves_at is None else max(0.0, leaves_at - time.monotonic())
            if not select.select([read], [], [], wait)[0]:
                self._leave()
            for number in os.read(read, 64):
                if number == _LOST:
                    time.sleep(0.02)
                    os.kill(os.getpid(), self.heard or signal.SIGINT)
                elif leaves_at is None and signal.getsignal(number) == self._hear:
                    self.heard = self.heard or number
                    leaves_at = time.monotonic() + LEAVES_WITHIN_S

    def _leave(self) -> None:
        for undo in reversed(self._undone):
            with contextlib.suppress(Exception):
                undo()
        if self._status is None:
            saying = threading.Thread(target=_say, daemon=True)
            saying.start()
            saying.join(SAYS_WITHIN_S)
        os._exit(self.status if self._status is None else self._status)


def _say() -> None:
    with contextlib.suppress(OSError):
        os.write(2, LINE.encode())


def _ignore() -> None:
    """While Python goes its handlers go first, and a late signal would replace the exit status."""
    for number in _HEARD:
        signal.signal(number, signal.SIG_IGN)


interrupts = Interrupts()
