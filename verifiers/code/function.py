"""Functions against a test that calls them, as HumanEval and MBPP have them.

Run in one process, as HumanEval's own harness does, such a verdict is the program's to give: it can leave with status
0, replace what `assert` raises, or answer with an object that equals everything. So there are two sandboxes here. In
one the program, which never sees the test. In the other the checker, which runs the test and gets plain values alone.
This process carries the checker's calls to the program and the answers back, unread, and takes the verdict from the
checker, which no program under test can reach.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

from verifiers.code.extract import Alternatives
from verifiers.code.inside.codec import MAX_BYTES, NotDataError, decode
from verifiers.code.jobs import Seen, framed, python_job
from verifiers.code.problem import FunctionProblem
from verifiers.code.talk import EndedError, PastError, read, write
from verifiers.sandbox import Child, Job
from verifiers.types import Verdict

Starter = Callable[[Job], AbstractContextManager[Child]]


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
                write(checker, message, deadline)
                tag, data = _message(checker, deadline)
            except PastError:
                return Verdict(passed=False, reason=f"past its limit of {limit_s:g} s")
            except EndedError:
                return Verdict(passed=None, reason="the checker ended before its verdict")
            if tag == b"V":
                return _verdict(data)
            try:
                write(candidate, framed_raw(b"C", data), deadline)
                message = framed_raw(b"A", _message(candidate, deadline)[1])
            except PastError:
                return Verdict(passed=False, reason=f"past its limit of {limit_s:g} s")
            except EndedError:
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
    head = read(child, 5, deadline)
    size = int.from_bytes(head[1:], "big")
    if size > MAX_BYTES:
        raise EndedError
    return head[:1], read(child, size, deadline)
