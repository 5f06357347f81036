"""Worker processes for verifiers that may hang, grow or die: each verdict within its limits, whatever the text does.

A worker is started when it is first needed, kept warm, and killed with its whole process group when a text is not
judged in time; the next text gets a new one. A verdict that a worker owed when it ended is None, with the reason.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from verifiers.child import kill_group, status
from verifiers.types import Bounds, Verdict
from verifiers.worker import Ready, Reply, Start

Item = tuple[str, Mapping[str, Any]]
"""A text and its problem's data."""

START_S = 120.0
"""A worker may import much; on a busy machine that takes long."""
MOST_A_TRIP = 32
TRIP_S = 0.02
"""About how long the texts of one round trip should take: they get their verdicts together."""
_START = "import sys; sys.path[:] = sys.argv[1:]; from verifiers.worker import main; main()"
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_OWN_CODE = frozenset({"python"})


class Pool:
    """`judge` may be called from several threads at once; each has a worker of its own while it does."""

    def __init__(self, kind: str, options: Mapping[str, Any], bounds: Bounds) -> None:
        self._start = Start(kind=kind, options=dict(options), bounds=bounds, parent=os.getpid())
        self._lock = threading.Lock()
        self._workers: set[Worker] = set()
        self._free: list[Worker] = []
        self._closed = False
        self._mean_s = TRIP_S
        # On Linux a worker ends with the thread that started it, so that is one that lives as long as the pool.
        self._starter = ThreadPoolExecutor(1, "verifier workers")

    @property
    def size(self) -> int:
        """How many texts a call had best bring, by the time that they have taken so far."""
        return max(1, min(MOST_A_TRIP, int(TRIP_S / self._mean_s)))

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict an item, in their order. A text at which a worker dies is tried on a second one: what ended the
        first, the kernel short of memory or a person, may have nothing to do with it."""
        began = time.monotonic()
        verdicts: list[Verdict] = []
        tried = -1
        while len(verdicts) < len(items):
            worker = self._take()
            if worker is None:
                verdicts.append(Verdict(passed=None, reason="the verifier was ended"))
                continue
            found = worker.ask(items[len(verdicts) :])
            self._give_back(worker)
            guilty = len(verdicts) + len(found) - 1
            if worker.died and tried != guilty:
                tried = guilty
                found.pop()
            verdicts += found
        self._mean_s += 0.2 * ((time.monotonic() - began) / max(1, len(items)) - self._mean_s)
        return verdicts

    def close(self) -> None:
        """Kills every worker; calls that wait for one return."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
            self._workers.clear()
            self._free.clear()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.wait()
        self._starter.shutdown(wait=False)

    def _take(self) -> Worker | None:
        with self._lock:
            if self._closed:
                return None
            if self._free:
                return self._free.pop()
            # Under the lock, so that close() misses none.
            worker = self._starter.submit(Worker, self._start).result()
            self._workers.add(worker)
            return worker

    def _give_back(self, worker: Worker) -> None:
        with self._lock:
            if worker.usable and not self._closed:
                self._free.append(worker)
                return
            self._workers.discard(worker)
        worker.kill()
        worker.wait()


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
            env=_environment(start.kind),
            start_new_session=True,
        )

    def ask(self, items: Sequence[Item]) -> list[Verdict]:
        """Verdicts of the first items, at least one: of fewer than all where the worker did not outlive them, when
        the last one says why it has none."""
        trouble = None if self._ready else self._prepared()
        if trouble is not None:
            return [self._gone(trouble)]
        timeout_s = self._start.bounds.timeout_s
        plain = [(text.encode("utf-8", "replace").decode("utf-8"), problem) for text, problem in items]
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
        """Tells the worker what it is for; why it can't be, if so."""
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
                # At most what a pipe that can be written to takes without blocking (PIPE_BUF).
                rest = rest[os.write(descriptor, rest[:4096]) :]

    def _line(self, deadline: float) -> bytes | None:
        """The next line; b"" where the worker ended, None at the deadline."""
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


def _able(descriptor: int, deadline: float, *, write: bool = False) -> bool:
    """Whether it can be read, or written, by then. Windows can't tell of pipes: there only the worker's end ends it."""
    if sys.platform == "win32":
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if write else select.POLLIN)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))


def _environment(kind: str) -> dict[str, str]:
    """This process's, without what looks like a secret: a worker that reads a model's text needs none. A function of
    the user's own may."""
    names = [name for name in os.environ if kind in _OWN_CODE or not _SECRET.search(name)]
    return {name: os.environ[name] for name in names}
