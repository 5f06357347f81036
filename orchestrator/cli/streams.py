"""The standard streams of a command whose caller closed one of them, or no longer reads it."""

from __future__ import annotations

import io
import os
import sys
from typing import Any


def settle() -> None:
    """Makes each closed stream lead nowhere. This must come before any file is opened: a ledger could get the closed
    stream's number, and messages would be written into it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        is_open = True
        try:
            os.fstat(number)
        except OSError:
            is_open = False
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        stream = getattr(sys, name)
        if not is_open or stream is None or stream.closed:
            nowhere = number if not is_open else os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, "w" if number else "r", closefd=False))
    sys.stderr = _text(sys.stderr.encoding)


def _text(encoding: str) -> io.TextIOWrapper:
    buffer = io.BufferedWriter(_Unread(2, "wb", closefd=False))
    return io.TextIOWrapper(buffer, encoding=encoding, errors="backslashreplace", line_buffering=True)


class _Unread(io.FileIO):
    """stderr: a failed write there changes neither the work nor its exit status."""

    def write(self, data: Any, /) -> int | None:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes
