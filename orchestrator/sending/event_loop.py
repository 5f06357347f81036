"""The event loop that everything is sent on."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

from orchestrator.interrupts import interrupts

Ended = TypeVar("Ended")
MOST_FILES = 1 << 16, 10_240
"""macOS takes no more than the second, though it says that there is no limit."""


def new_loop_run(main: Coroutine[Any, Any, Ended]) -> Ended:
    """The coroutine's result, from an event loop of its own."""
    try:
        from uvloop import new_event_loop
    except ImportError:  # Windows
        new_event_loop = None
    _allow_many_files()
    with asyncio.Runner(loop_factory=new_event_loop) as runner, _rare_collections(), _quick_turns():
        return interrupts.run(runner, main)


def _allow_many_files() -> None:
    """Each request in flight is an open file, and a process may have more than what it begins with: 256 on macOS. Its
    programs begin with as many."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in MOST_FILES:
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            return
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return


@contextlib.contextmanager
def _rare_collections() -> Generator[None]:
    """Sampling makes many objects and hardly a cycle: Python's usual search for cycles, after every 700 of them, takes
    a fifteenth of all processor time. What was made before is not searched meanwhile, unless the program has such
    objects of its own."""
    usual = gc.get_threshold()
    freezes = not gc.get_freeze_count()
    if freezes:
        gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        if freezes:
            gc.unfreeze()


TURN_S = 0.0005
"""At most so long a thread waits for the interpreter while another one computes."""


@contextlib.contextmanager
def _quick_turns() -> Generator[None]:
    """The ledger's thread needs the interpreter several times per commit, and waits each time until the event loop's
    gives it up. At Python's usual 5 ms a commit beside a busy loop is over only when the loop has nothing left to do,
    so that one waits for the other in turn."""
    usual = sys.getswitchinterval()
    if usual > TURN_S:
        sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        if usual > TURN_S:
            sys.setswitchinterval(usual)
