"""Bytes to and from a program in a sandbox, by a deadline."""

from __future__ import annotations

import contextlib
import os
import select
import time

from verifiers.sandbox import Child


class PastError(Exception):
    """The time is over."""


class EndedError(Exception):
    """The other side has closed its pipe, or wrote what is no message."""


def read(child: Child, size: int, deadline: float) -> bytes:
    out = bytearray()
    descriptor = child.stdout.fileno()
    while len(out) < size:
        if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise PastError
        chunk = os.read(descriptor, min(size - len(out), 1 << 20))
        if not chunk:
            raise EndedError
        out += chunk
    return bytes(out)


def write(child: Child, data: bytes, deadline: float) -> None:
    """In time, even to one who does not read."""
    descriptor = child.stdin.fileno()
    os.set_blocking(descriptor, False)
    view = memoryview(data)
    while view:
        if not select.select([], [descriptor], [], max(0.0, deadline - time.monotonic()))[1]:
            raise PastError
        with contextlib.suppress(BlockingIOError):
            try:
                view = view[os.write(descriptor, view) :]
            except BrokenPipeError:
                raise EndedError from None
