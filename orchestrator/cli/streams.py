"""The standard streams of a command whose caller closed one of them, or no longer reads what is said."""

from __future__ import annotations

import io
import os
import sys
from typing import Any


def settle() -> None:
    """Before any file is opened: else a ledger, say, would get a closed stream's number, and what is said would be
    written into it. What was closed leads nowhere."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))
    sys.stderr = _text(sys.stderr.encoding)


def _text(encoding: str) -> io.TextIOWrapper:
    buffer = io.BufferedWriter(_Unread(2, "wb", closefd=False))
    return io.TextIOWrapper(buffer, encoding=encoding, errors="backslashreplace", line_buffering=True)


class _Unread(io.FileIO):
    """stderr: what can't be said there changes neither the work nor its exit status."""

    def write(self, data: Any, /) -> int | None:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes
