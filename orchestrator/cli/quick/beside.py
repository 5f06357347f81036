"""Imports of what is needed later, made while a command waits for its first replies. They aren't left to the end: an
upgrade of the package during a long run would then mix two versions."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from importlib import import_module

AFTER_S = 0.5


@contextlib.contextmanager
def imported_beside(*modules: str) -> Generator[Callable[[], None]]:
    """In a thread, soon after what it gives is called for the first time; a context that ends before leaves the import
    to whoever needs the module."""

    def load() -> None:
        for module in modules:
            import_module(module)

    timer = threading.Timer(AFTER_S, load)
    timer.name, timer.daemon = "imports", True
    begun = False

    def begin() -> None:
        nonlocal begun
        if not begun:
            begun = True
            timer.start()

    try:
        yield begin
    finally:
        timer.cancel()
        if begun:
            timer.join()
