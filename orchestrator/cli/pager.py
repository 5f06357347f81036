"""Long texts go through the reader's pager, where stdout is a terminal."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.output import console

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.console import Console

DEFAULT = ("less", "more")
LESS = "FRX"
"""What fits the screen is printed, colours are kept, and the text stays on the screen: as git has it."""


@contextlib.contextmanager
def paged() -> Generator[Console]:
    """A console whose text the reader pages through with $PAGER, or `less`. Nothing is paged into a pipe or a file,
    with TERM=dumb, or with an empty PAGER."""
    started = _start() if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" else None
    if started is None:
        yield console()
        return
    process, words = started
    assert process.stdin is not None
    with _interrupts_are_the_pagers():
        text = io.TextIOWrapper(process.stdin, encoding=sys.stdout.encoding, errors="backslashreplace")
        try:
            with contextlib.suppress(BrokenPipeError):  # the reader has seen enough
                yield console(into=text, colours=_shows_colours(words))
        finally:
            with contextlib.suppress(BrokenPipeError):
                text.close()
            process.wait()


def _start() -> tuple[subprocess.Popen[bytes], list[str]] | None:
    sys.stdout.flush()
    environment = os.environ if "LESS" in os.environ else {**os.environ, "LESS": LESS}
    for words in _commands():
        with contextlib.suppress(OSError):
            return subprocess.Popen(words, stdin=subprocess.PIPE, env=environment), words  # noqa: S603  the reader's own
    return None


def _commands() -> list[list[str]]:
    stated = os.environ.get("PAGER")
    if stated is not None:
        with contextlib.suppress(ValueError):
            return [words] if (words := shlex.split(stated)) else []
    return [[name] for name in DEFAULT if shutil.which(name)]


def _shows_colours(words: list[str]) -> bool:
    """`less` shows them if it is told to; of other pagers nobody knows."""
    is_less = Path(words[0]).name == "less"
    told = os.environ.get("LESS", LESS) + "".join(words[1:])
    return is_less and ("R" in told or "-r" in told)


@contextlib.contextmanager
def _interrupts_are_the_pagers() -> Generator[None]:
    """Ctrl-C in a pager stops its search, not the program that feeds it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
