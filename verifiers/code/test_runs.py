"""Runs one program on one input after another: in one sandbox where it can, else in one a test."""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import IO, Self

from verifiers.code.extract import Alternatives
from verifiers.code.inside.in_turn import READY
from verifiers.code.jobs import Seen, framed, python_job
from verifiers.code.talk import EndedError, PastError, read, write
from verifiers.sandbox import Child, Ended, Job, JobResult, SandboxError, input_file

Starter = Callable[[Job, IO[bytes] | int], AbstractContextManager[Child]]
_ENDED: dict[bytes, Ended] = {b"E": "exited", b"T": "time", b"O": "output"}
_HEAD = struct.Struct(">c?III")
_GRACE_S = 10.0
"""Beyond a test's own time, for the sandbox to say so: after that it is taken for held up by the program."""


class TestRuns:
    """Context manager. `program_filter` None: a sandbox a test."""

    __test__ = False

    def __init__(
        self,
        alternatives: Alternatives,
        *,
        start: Starter,
        limit_s: float,
        memory_mb: int,
        packages: Seen,
        program_filter: bytes | None,
    ) -> None:
        cpu_s = max(1, math.ceil(limit_s))
        one = program_filter is None
        self._start = start
        self._wall_s = 2 * limit_s + 2
        self._job = python_job(
            "program",
            cpu_s=limit_s if one else None,
            memory_mb=memory_mb,
            packages=packages,
            processes=1 if one else 2,
        )
        self._is_shared = not one
        self._program = framed(
            b"P", [alternatives, program_filter or b"", cpu_s, self._job.limits.output_bytes]
        )
        self._stack = ExitStack()
        self._child: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self, given: bytes) -> JobResult | None:
        """None: the program ended the sandbox that it runs in, or held it up. Raises SandboxError."""
        if self._is_shared:
            return self._run_shared(given)
        with input_file(self._program + given) as stdin, self._start(self._job, stdin) as child:
            return child.read_to_end(self._wall_s)

    def _run_shared(self, given: bytes) -> JobResult | None:
        deadline = time.monotonic() + self._wall_s + _GRACE_S
        try:
            if self._child is None:
                self._child = self._stack.enter_context(self._start(self._job, -1))
                self._begin(self._child, deadline)
            child = self._child
            write(child, struct.pack(">QI", len(given), math.ceil(self._wall_s * 1000)) + given, deadline)
            ended, is_clean, status, out, err = _HEAD.unpack(read(child, _HEAD.size, deadline))
            limits = self._job.limits
            if ended not in _ENDED or out > limits.output_bytes or err > 1 << 20:
                return None
            outcome = JobResult(
                ended=_ENDED[ended],
                status=status,
                stdout=read(child, out, deadline),
                stderr=read(child, err, deadline),
            )
        except (PastError, EndedError):
            self._leave()
            return None
        if not is_clean or status >= 128 or ended != b"E":
            self._leave()
        return outcome

    def _begin(self, child: Child, deadline: float) -> None:
        """Nothing of the program has run yet: what goes wrong here is not its doing."""
        try:
            write(child, self._program, deadline)
            ready = read(child, 1, deadline)
        except (PastError, EndedError):
            ready = b""
        if ready != READY:
            raise SandboxError("the process that runs tests in turn did not begin")

    def _leave(self) -> None:
        """The next test gets another sandbox."""
        self._stack.close()
        self._child = None
