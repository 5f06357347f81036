"""Compares a large output in a process of its own, within limits of time and memory. The process that samples, with
its event loop and the thread that hears Ctrl-C, only copies the output there."""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import cast

from verifiers.child_process import Child, without_secrets
from verifiers.code.compare_output import Difference, first_difference

MOST_IN_PLACE = 1 << 18
"""Bytes of both sides: they take about as long as a process takes to start."""
TIMEOUT_S = 60.0
"""By the clock: 16 MiB take at most 3 s of a processor, and a busy machine makes no right program a wrong one."""
MEMORY_MB = 1024
MOST_SHOWN = 100
_MOST_REPLY = 4096
_SIZE = struct.Struct(">Q")
_START = "import sys; sys.path[:] = sys.argv[1:]; from verifiers.code.compare_apart import main; main()"

Watch = Callable[[Child], AbstractContextManager[None]]


class NotComparedError(Exception):
    """The process that compares did not live to tell: nothing is known of the output."""


def find_difference(output: bytes, expected: bytes, watch: Watch) -> Difference | None:
    """As `first_difference`, of words only their first MOST_SHOWN bytes. Whatever `watch` is given may be killed
    meanwhile, from another thread. Raises NotComparedError."""
    if output == expected:
        return None
    if len(output) + len(expected) <= MOST_IN_PLACE:
        return _shortened(first_difference(output, expected))
    command = [sys.executable, "-I", "-c", _START, *map(os.path.abspath, sys.path)]
    try:
        child = Child(command, memory_mb=MEMORY_MB, environment=without_secrets())
    except OSError as error:
        raise NotComparedError(f"a process did not start: {error.strerror}") from error
    with watch(child):
        ended = child.run(
            _SIZE.pack(len(output)), output, expected, timeout_s=TIMEOUT_S, most_output=_MOST_REPLY
        )
    if ended.trouble is not None:
        raise NotComparedError(f"the process that compares {ended.trouble}")
    return _read(ended.stdout)


def main() -> None:
    """The other side: both outputs on stdin, the difference on stdout."""
    source = sys.stdin.buffer
    (size,) = _SIZE.unpack(source.read(_SIZE.size))
    found = _shortened(first_difference(source.read(size), source.read()))
    reply = found and (found.place, *(None if word is None else word.hex() for word in found[1:]))
    sys.stdout.write(json.dumps(reply))


def _shortened(difference: Difference | None) -> Difference | None:
    if difference is None:
        return None
    place, found, wanted = difference
    return Difference(place, found and found[:MOST_SHOWN], wanted and wanted[:MOST_SHOWN])


def _read(reply: bytes) -> Difference | None:
    told = cast("tuple[int, str | None, str | None] | None", json.loads(reply))
    if told is None:
        return None
    place, *words = told
    return Difference(place, *(None if word is None else bytes.fromhex(word) for word in words))
