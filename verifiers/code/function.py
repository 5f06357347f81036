"""Functions against a test that calls them, as HumanEval and MBPP have them.

Run in one process, as HumanEval's own harness does, such a verdict is the program's to give: it can leave with status
0, replace what `assert` raises, or answer with an object that equals everything. So there are two sandboxes here. In
one the program, which never sees the test. In the other the checker, which runs the test and gets plain values alone.
This process carries the checker's calls to the program and the answers back, unread, and takes the verdict from the
checker, which no program under test can reach.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

from verifiers.code.extract import Alternatives
from verifiers.code.inside.codec import MAX_BYTES, NotDataError, decode
from verifiers.code.jobs import Seen, framed, python_job
from verifiers.code.problem import FunctionProblem
from verifiers.sandbox import Child, Job
from verifiers.types import Verdict

Starter = Callable[[Job], AbstractContextManager[Child]]


class _PastError(Exception):
    """The time is over."""


class _EndedError(Exception):
    """The other side has closed its pipe, or wrote what is no message."""


def judge(
    alternatives: Alternatives,
    problem: FunctionProblem,
    *,
    start: Starter,
    limit_s: float,
    memory_mb: int,
    packages: Seen,
) -> Verdict:
    """`limit_s` bounds the whole check by the clock."""
    limits: dict[str, Any] = {"cpu_s": limit_s + 1, "memory_mb": memory_mb, "packages": packages}
    with (
        start(python_job("checker", **limits)) as checker,
        start(python_job("candidate", **limits)) as candidate,
    ):
        deadline = time.monotonic() + limit_s
        message = framed(b"J", [problem.stub, problem.test, problem.entry_point, alternatives])
        while True:
            try:
                _write(checker, message, deadline)
                tag, data = _message(checker, deadline)
            except _PastError:
                return Verdict(passed=False, reason=f"past its limit of {limit_s:g} s")
            except _EndedError:
                return Verdict(passed=None, reason="the checker ended before its verdict")
            if tag == b"V":
                return _verdict(data)
            try:
                _write(candidate, framed_raw(b"C", data), deadline)
                message = framed_raw(b"A", _message(candidate, deadline)[1])
            except _PastError:
                return Verdict(passed=False, reason=f"past its limit of {limit_s:g} s")
            except _EndedError:
                return Verdict(
                    passed=False, reason="the program ended, or broke off, before the test was through"
                )


def framed_raw(tag: bytes, data: bytes) -> bytes:
    return tag + len(data).to_bytes(4, "big") + data


def _verdict(data: bytes) -> Verdict:
    try:
        passed, reason = cast("tuple[object, object]", decode(data))
    except (NotDataError, TypeError, ValueError):
        return Verdict(passed=None, reason="the checker's verdict is none")
    if passed is True:
        return Verdict(passed=True)
    said = str(reason)[:2000]
    return Verdict(passed=False if passed is False else None, reason=said[:300], evidence=said)


def _message(child: Child, deadline: float) -> tuple[bytes, bytes]:
    head = _read(child, 5, deadline)
    size = int.from_bytes(head[1:], "big")
    if size > MAX_BYTES:
        raise _EndedError
    return head[:1], _read(child, size, deadline)


def _read(child: Child, size: int, deadline: float) -> bytes:
    out = bytearray()
    descriptor = child.stdout.fileno()
    while len(out) < size:
        if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise _PastError
        chunk = os.read(descriptor, min(size - len(out), 1 << 20))
        if not chunk:
            raise _EndedError
        out += chunk
    return bytes(out)


def _write(child: Child, data: bytes, deadline: float) -> None:
    """In time, even to one who does not read."""
    descriptor = child.stdin.fileno()
    os.set_blocking(descriptor, False)
    view = memoryview(data)
    while view:
        if not select.select([], [descriptor], [], max(0.0, deadline - time.monotonic()))[1]:
            raise _PastError
        with contextlib.suppress(BlockingIOError):
            try:
                view = view[os.write(descriptor, view) :]
            except BrokenPipeError:
                raise _EndedError from None
