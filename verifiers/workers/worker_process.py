"""The parent's side of one worker process: texts to it, verdicts from it, each by its deadline."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from verifiers.child_process import kill_group, status, without_secrets
from verifiers.types import Verdict
from verifiers.workers.worker import Ready, Reply, Start, Trip

Item = tuple[str, Mapping[str, Any]]
"""A text and its problem's data."""

START_S = 120.0
"""A worker may import much; on a busy machine that takes long."""
_PIECE = 4096 if sys.platform == "win32" else 1 << 16
"""Of what is written at once. Windows' pipes block: there it is what one that can be written to takes (PIPE_BUF)."""
_START = "import sys; sys.path[:] = sys.argv[1:]; from verifiers.workers.worker import main; main()"
_OWN_CODE = frozenset({"python"})
"""Kinds that are a function of the user's own, which may need a secret."""


class Worker:
    """One worker process, used by one thread at a time."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.usable = True
        self.died = False
        """Whether it ended by itself, or by another's hand, with a verdict owed."""
        self._ready = False
        self._buffer = bytearray()
        self._process = subprocess.Popen(  # noqa: S603 - this Python, with our own line
            [sys.executable, "-I", "-c", _START, *(os.path.abspath(place) for place in sys.path)],  # noqa: PTH100
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=None if start.kind in _OWN_CODE else without_secrets(),
            start_new_session=True,
        )
        assert self._process.stdin is not None
        if sys.platform != "win32":
            os.set_blocking(self._process.stdin.fileno(), False)

    def ask(self, items: Sequence[Item]) -> list[Verdict]:
        """Verdicts of the first items, at least one: of fewer than all if the worker did not outlive them, when
        the last one says why it has none."""
        trouble = None if self._ready else self._prepared()
        if trouble is not None:
            return [self._gone(trouble)]
        timeout_s = self._start.bounds.timeout_s
        plain = [(_plain(text), problem) for text, problem in items]
        self._send(msgspec.json.encode(plain), time.monotonic() + timeout_s)
        verdicts: list[Verdict] = []
        while len(verdicts) < len(items):
            line = self._line(time.monotonic() + timeout_s)
            if line is None:
                verdicts.append(self._gone(f"no verdict within {timeout_s:g} s"))
                return verdicts
            if not line:
                verdicts.append(self._gone(f"the verifier's worker {self._how_it_ended()} on this text"))
                return verdicts
            reply = msgspec.json.decode(line, type=Reply)
            verdicts.append(reply.verdict)
            if reply.last:
                self.usable = False
                return verdicts
        return verdicts

    def ask_together(self, items: Sequence[Item]) -> list[Verdict] | None:
        """Verdicts of all items, in one piece; None if they did not come in time for one: the worker is of no more
        use, and which text it was is not known."""
        if not self._ready and self._prepared() is not None:
            self.usable = False
            return None
        numbers: dict[int, int] = {}
        problems: list[dict[str, Any]] = []
        texts: list[tuple[str, int]] = []
        for text, problem in items:
            number = numbers.setdefault(id(problem), len(problems))
            if number == len(problems):
                problems.append(dict(problem))
            texts.append((_plain(text), number))
        deadline = time.monotonic() + self._start.bounds.timeout_s
        self._send(msgspec.json.encode(Trip(texts=texts, problems=problems)), deadline)
        line = self._line(deadline)
        verdicts = msgspec.json.decode(line, type=list[Verdict]) if line else []
        if len(verdicts) == len(items):
            return verdicts
        self.usable = False
        return None

    def kill(self) -> None:
        """Its whole group; may be called from another thread."""
        self.usable = False
        kill_group(self._process)

    def wait(self) -> None:
        """Reaps it, once killed."""
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _prepared(self) -> str | None:
        """Gives the worker its task; returns why it can't do it, if so."""
        deadline = time.monotonic() + START_S
        self._send(msgspec.json.encode(self._start), deadline)
        line = self._line(deadline)
        if line is None:
            return f"the verifier did not start within {START_S:g} s"
        if not line:
            return f"the verifier's worker {self._how_it_ended()} as it started"
        self._ready = True
        trouble = msgspec.json.decode(line, type=Ready).trouble
        return None if trouble is None else f"the verifier did not start: {trouble}"

    def _gone(self, reason: str) -> Verdict:
        self.usable = False
        return Verdict(passed=None, reason=reason)

    def _how_it_ended(self) -> str:
        self.died = True
        self.kill()
        return status(self._process.wait())

    def _send(self, line: bytes, deadline: float) -> None:
        """What can't be sent shows at the next reading."""
        assert self._process.stdin is not None
        descriptor = self._process.stdin.fileno()
        rest = memoryview(line + b"\n")
        with contextlib.suppress(OSError):
            while rest and _able(descriptor, deadline, write=True):
                with contextlib.suppress(BlockingIOError):
                    rest = rest[os.write(descriptor, rest[:_PIECE]) :]

    def _line(self, deadline: float) -> bytes | None:
        """The next line; b"" if the worker ended, None at the deadline."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while (end := self._buffer.find(b"\n")) < 0:
            if not _able(descriptor, deadline):
                return None
            piece = os.read(descriptor, 65_536)
            if not piece:
                return b""
            self._buffer += piece
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line


def _plain(text: str) -> str:
    """Without lone surrogates, which no JSON can carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _able(descriptor: int, deadline: float, *, write: bool = False) -> bool:
    """Whether it can be read, or written, by then. Windows can't poll pipes: there only the worker's end ends it."""
    if sys.platform == "win32":
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if write else select.POLLIN)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
