"""The event loop that everything is sent on."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

from orchestrator.interrupts import interrupts

Ended = TypeVar("Ended")


def new_loop_run(main: Coroutine[Any, Any, Ended]) -> Ended:
    """The coroutine's result, from an event loop of its own."""
    try:
        from uvloop import new_event_loop
    except ImportError:  # Windows
        new_event_loop = None
    with asyncio.Runner(loop_factory=new_event_loop) as runner, _rare_collections():
        return interrupts.run(runner, main)


@contextlib.contextmanager
def _rare_collections() -> Generator[None]:
    """Sampling makes many objects and hardly a cycle: Python's usual search for cycles, after every 700 of them, takes
    a fifteenth of all processor time."""
    usual = gc.get_threshold()
    gc.set_threshold(20_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
