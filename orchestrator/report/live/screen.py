"""The live display of a run on a terminal, redrawn in place a few times a second."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Self, TextIO

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from orchestrator.progress import Progress
from orchestrator.report.live.frame import Frames, Look
from orchestrator.report.live.glyphs import glyphs_for

EVERY_S = 0.2
"""At most five frames a second: calm, and cheap beside the sampling."""


class LiveDisplay:
    """Draws on `stream`. Leaves its last frame, and the cursor, visible whatever ends it; a terminal that hung up
    ends nothing. `size` gives columns and lines."""

    def __init__(
        self,
        stream: TextIO,
        *,
        clock: Callable[[], float] = time.monotonic,
        size: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        # That this is a terminal is known already (display.py): FORCE_COLOR and its like have no say in it.
        self._console = _Console(
            file=stream, force_terminal=True, highlight=False, markup=False, emoji=False, soft_wrap=False
        )
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=False,
            redirect_stdout=sys.stdout.isatty(),
            vertical_overflow="crop",
        )
        self._frames = Frames(
            Look(glyphs=glyphs_for(self._console.encoding), encoding=self._console.encoding)
        )
        self._stream = stream
        self._clock = clock
        self._size = size or self._asked_size
        self._drawn_at: float | None = None
        self._drawn_for: tuple[int, int] | None = None
        self._lines: list[Text] = []
        self._last: Progress | None = None
        self._started = False

    def __enter__(self) -> Self:
        with self._until_gone():
            self._live.start()
            self._started = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last is not None:
            self._draw(self._last, last=True)
        with self._until_gone():
            if self._started:
                self._live.stop()

    def update(self, progress: Progress) -> None:
        self._last = progress
        if self._drawn_at is None or self._clock() - self._drawn_at >= EVERY_S:
            self._draw(progress)

    def _draw(self, progress: Progress, *, last: bool = False) -> None:
        if not self._started or self._console.quiet:
            return
        self._drawn_at = self._clock()
        width, height = self._console.size = self._size()
        lines = self._frames.draw(progress, width, height - 1)
        with self._until_gone():
            if self._drawn_for not in (None, (width, height)):
                self._forget_reflowed(width, height)
            self._drawn_for = width, height
            # An empty line at the end holds the cursor: a typed ^C is echoed there, not into the figures.
            self._lines = lines if last or height < 2 else [*lines, Text()]
            self._live.update(Group(*self._lines), refresh=True)

    def _forget_reflowed(self, width: int, height: int) -> None:
        """After a resize the terminal has broken lines that no longer fit: goes up over all that the last frame
        takes now, clears it, and leaves the cursor as many lines lower as rich believes the frame is high."""
        taken = sum(max(1, -(-cell_len(line.plain) // width)) for line in self._lines)
        up = min(taken, height) - 1
        self._stream.write("\r" + (f"\x1b[{up}A" if up else "") + "\x1b[J" + "\n" * (len(self._lines) - 1))

    def _asked_size(self) -> tuple[int, int]:
        """The terminal's own size: COLUMNS and LINES of the environment don't follow a resize."""
        try:
            size = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            return self._console.size
        return (size.columns or 80, size.lines or 25)

    @contextlib.contextmanager
    def _until_gone(self) -> Generator[None]:
        try:
            yield
        except (OSError, ValueError):  # ValueError: a stream that was closed
            self._console.quiet = True


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leaves stdout and the process alone; rich would redirect the one and end the other."""
        raise  # rich calls this while it handles the BrokenPipeError
