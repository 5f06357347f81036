"""A process in a sandbox: started, talked to, and ended for certain."""

from __future__ import annotations

import os
import selectors
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Self, cast

from verifiers.sandbox.job import STARTED, Ended, Job, JobResult, SandboxError
from verifiers.sandbox.said import cause

START_S = 20.0
"""How long setting a sandbox up may take before it is taken for broken."""
_STDERR = 64 * 1024


class Child:
    """What `Jail.start` gives: file descriptors to talk over, and `close`, which returns when everything that was
    started inside is dead. Use it as a context manager."""

    def __init__(self, process: subprocess.Popen[bytes], kill: Callable[[], None], job: Job) -> None:
        """`kill` ends whatever runs inside and returns when it has ended."""
        self._process = process
        self._kill = kill
        self._job = job
        self._killing = threading.Lock()
        self._killed = False
        assert process.stdout is not None
        assert process.stderr is not None
        self.stdout = process.stdout
        self.stderr = process.stderr

    @property
    def pid(self) -> int:
        """Of the process outside that holds the job: the job's own are below it."""
        return self._process.pid

    @property
    def stdin(self) -> IO[bytes]:
        """Where the job was started without a file as its input."""
        assert self._process.stdin is not None
        return self._process.stdin

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def await_start(self) -> Self:
        """Blocks until the job itself runs; SandboxError with the sandbox's own words if it never does."""
        if _readable(self.stdout.fileno(), START_S) and os.read(self.stdout.fileno(), 1) == STARTED:
            return self
        self.close(keep_stderr=True)
        said = os.read(self.stderr.fileno(), _STDERR).decode(errors="replace").strip()
        self._close_pipes()
        raise SandboxError(cause(said)[:300] or f"nothing started within {START_S:.0f} s")

    def read_to_end(self, wall_s: float) -> JobResult:
        """Reads what it writes until it ends, at most for `wall_s` and up to the job's output limit, and ends it."""
        deadline = time.monotonic() + wall_s
        limit = self._job.limits.output_bytes
        out, err = bytearray(), bytearray()
        ended: Ended = "exited"
        with selectors.DefaultSelector() as selector:
            selector.register(self.stdout, selectors.EVENT_READ, out)
            selector.register(self.stderr, selectors.EVENT_READ, err)
            while selector.get_map() and ended == "exited":
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    ended = "time"
                for key, _ in ready:
                    chunk = os.read(key.fd, 65536)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    elif key.data is err:
                        err += chunk[: _STDERR - len(err)]
                    else:
                        out += chunk
                        ended = "output" if len(out) > limit else ended
        if ended == "exited" and not self._ends_by(deadline):
            ended = "time"
        status = self.close()
        del out[limit:]
        return JobResult(ended=ended, status=status, stdout=bytes(out), stderr=bytes(err))

    def _ends_by(self, deadline: float) -> bool:
        """Whether a process that closed its pipes also ended in time."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """Ends everything inside and waits for that; from any thread. Whoever reads sees the end of its pipes."""
        with self._killing:
            if not self._killed:
                self._killed = True
                self._kill()

    def close(self, *, keep_stderr: bool = False) -> int:
        """`kill`, and gives the pipes back; the exit status, 128 + N for signal N."""
        try:
            self.kill()
        finally:
            self._process.wait()
            if not keep_stderr:
                self._close_pipes()
        status = cast("int", self._process.returncode)
        return status if status >= 0 else 128 - status

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was left in its buffer has no reader any more
                    continue


def spawn(
    argv: Sequence[str],
    *,
    stdin: IO[bytes] | int,
    pass_fds: Sequence[int] = (),
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """A process of a session of its own, so that no Ctrl-C reaches it but ours; SandboxError if there is none."""
    try:
        return subprocess.Popen(  # noqa: S603 - the sandbox itself
            argv,
            bufsize=0,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=pass_fds,
            start_new_session=True,
            cwd=cwd,
            env=environment or {},
        )
    except OSError as error:
        raise SandboxError(f"cannot start {argv[0]}: {error.strerror or error}") from error


def _readable(descriptor: int, seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(seconds))
