"""A count that grows on one line, for work that takes more than a second and has no display of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

QUIET_S = 1.0
EVERY_S = 0.2


@contextmanager
def counting(what: str, *, json_: bool = False) -> Generator[Callable[[int], None]]:
    """Gives a function to call with the count so far. Shows on a terminal's stderr only, after a second."""
    started = shown = time.monotonic()
    wrote = False

    def show(count: int) -> None:
        nonlocal shown, wrote
        now = time.monotonic()
        if json_ or not sys.stderr.isatty() or now - started < QUIET_S or now - shown < EVERY_S:
            return
        sys.stderr.write(f"\r{what}: {count:,}")
        sys.stderr.flush()
        shown, wrote = now, True

    try:
        yield show
    finally:
        if wrote:
            sys.stderr.write("\r" + " " * 40 + "\r")
