"""Who draws a run: the live terminal, plain lines in a log, or nobody."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Literal, Protocol, Self, TextIO, get_args

from orchestrator.errors import InputError
from orchestrator.progress import Progress

Style = Literal["auto", "live", "lines", "none"]
"""auto: live on a terminal that can move its cursor, else lines."""
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
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def update(self, progress: Progress) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def style_named(text: str) -> Style:
    """The style that --progress names. Raises InputError."""
    for style in get_args(Style):
        if text == style:
            return style
    raise InputError(
        "--progress", f"{text!r} isn't a kind of progress", f"use {' or '.join(get_args(Style))}"
    )


def choose(style: Style = "auto", *, stream: TextIO | None = None) -> Display:
    """`stream`: default stderr. Without a terminal, `live` prints lines too: a file can't be redrawn."""
    if style == "none":
        return NullDisplay()
    out = sys.stderr if stream is None else stream
    if (style == "auto" and can_draw(out)) or (style == "live" and out.isatty()):
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
