"""The live display of a run on a terminal: redrawn in place at most four times a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live

from orchestrator.progress import Progress
from orchestrator.report.screen import screen

EVERY_S = 0.25


class LiveDisplay:
    """Draws on `stream`. Leaves its last frame, and the cursor, visible whatever ends it."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._console, auto_refresh=False, transient=False, vertical_overflow="crop"
        )
        self._clock = clock
        self._drawn_at: float | None = None
        self._last: Progress | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last is not None:
            self._draw(self._last)
        self._live.stop()

    def update(self, progress: Progress) -> None:
        self._last = progress
        if self._drawn_at is None or self._clock() - self._drawn_at >= EVERY_S or progress.phase == "done":
            self._draw(progress)

    def _draw(self, progress: Progress) -> None:
        self._drawn_at = self._clock()
        size = self._console.size
        ascii_only = not _can_blocks(self._console)
        self._live.update(screen(progress, size.width, size.height - 1, ascii_only=ascii_only), refresh=True)


def _can_blocks(console: Console) -> bool:
    try:
        "█░…".encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
