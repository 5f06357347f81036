"""Who draws a run: the live terminal, plain lines in a log, or nobody."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Protocol, Self, TextIO

from orchestrator.progress import Progress

_DUMB = frozenset(["dumb", "unknown"])


class Display(Protocol):
    """Shows how a run stands, from the first `update` to the end of the `with` block."""

    def __enter__(self) -> Self: ...

    def update(self, progress: Progress, /) -> None:
        """Cheap, and never waits for the terminal for long; call it as often as it suits."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class NullDisplay:
    """--no-progress: shows nothing."""

    def __enter__(self) -> Self:
        return self

    def update(self, progress: Progress) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def choose(*, no_progress: bool = False, stream: TextIO | None = None) -> Display:
    """Live on a terminal that can move its cursor, else plain lines. `stream`: default stderr."""
    if no_progress:
        return NullDisplay()
    out = sys.stderr if stream is None else stream
    if can_draw(out):
        from orchestrator.report.live.screen import LiveDisplay

        return LiveDisplay(out)
    from orchestrator.report.live.log_lines import PlainDisplay

    return PlainDisplay(out)


def can_draw(stream: TextIO) -> bool:
    """A terminal that understands cursor movements."""
    if not stream.isatty() or os.environ.get("TERM", "").lower() in _DUMB:
        return False
    if sys.platform != "win32":
        return True
    from rich.console import detect_legacy_windows

    return not detect_legacy_windows()
