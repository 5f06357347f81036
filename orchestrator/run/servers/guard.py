"""Runs one server and leaves nothing of it behind: a program of its own, of the standard library alone.

    python -I -S guard.py        # first line of stdin: the server as JSON; then "stop SECONDS", "kill", "until SECONDS"

It adopts whatever the server starts, also what daemonises (a sub-reaper, so Linux only). When the server's own process
ends, when stdin ends (its owner died) or when it is told to, it ends all of them: TERM, the grace, KILL. What it does
is one JSON line each on stdout: {"up": true}, {"started": PID}, {"failed": WHY}, {"died": STATUS}, {"gone": true}.

It is two processes, each of which ends everything when the other one is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SUBREAPER, DEATH_SIGNAL = 36, 1
"""Options of prctl."""
LOG_BYTES = 8 << 20
"""A log that is longer goes on in a new file; one older file is kept."""
LONGEST_LINE = 16 << 10
LOOKS_EVERY_S = 0.5
REST_HAS_S = 3.0
"""Told to stop, what the server's own process leaves behind may end by itself for so long."""
INNER_HAS_S = 3.0
"""After its owner died the inner process has so long to end everything before the outer one does."""


class Log:
    """The server's output, bounded, without its key."""

    def __init__(self, path: Path, secret: bytes) -> None:
        self._path = path
        self._secret = secret
        self._rest = b""
        self._file = path.open("ab", buffering=0)

    def add(self, data: bytes) -> None:
        lines, newline, self._rest = (self._rest + data).rpartition(b"\n")
        self._write(lines + newline)
        if len(self._rest) > LONGEST_LINE:
            self.flush()

    def flush(self) -> None:
        """Writes a line that has not ended, but for what may be the beginning of the key."""
        keep = next(
            (n for n in range(len(self._secret) - 1, 0, -1) if self._rest.endswith(self._secret[:n])), 0
        )
        cut = len(self._rest) - keep
        data, self._rest = self._rest[:cut], self._rest[cut:]
        self._write(data)

    def _write(self, data: bytes) -> None:
        if not data:
            return
        if self._secret:
            data = data.replace(self._secret, b"[key]")
        with contextlib.suppress(OSError):  # a full disk ends no server
            self._file.write(data)
            if self._file.tell() > LOG_BYTES:
                self._file.close()
                self._path.replace(f"{self._path}.1")
                self._file = self._path.open("ab", buffering=0)


class Guard:
    """The inner process: owns the server."""

    def __init__(self, orders: int, other: int) -> None:
        self._orders = orders
        self._other = other
        """A pipe whose end is the outer process's death."""
        self._buffer = b""
        self._server: subprocess.Popen[bytes] | None = None
        self._log: Log | None = None
        self._ended = False
        """Whether the server's own process has."""
        self._kill_at: float | None = None
        """When what is left is killed."""
        self._until: float | None = None
        """Not renewed by then, it stops."""
        self._grace_s = 0.0

    def run(self) -> None:
        wake, woken = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _wakes)
        say(up=True)
        if not self._start(self._first_line()):
            return
        assert self._server is not None
        assert self._server.stdout is not None
        assert self._log is not None
        output = self._server.stdout.fileno()
        os.set_blocking(output, False)
        self._obey(b"")  # what came with the first line
        watched = {self._orders, self._other, wake, output}
        while True:
            ready, _, _ = select.select(list(watched), [], [], self._wait_s())
            if output in ready and not self._read_output(output):
                watched.discard(output)
            elif not ready:
                self._log.flush()
            if wake in ready:
                with contextlib.suppress(OSError):
                    os.read(wake, 4096)
            if self._other in ready:  # the outer process was killed
                watched.discard(self._other)
                self._kill_at = 0.0
            if self._orders in ready and not self._read_orders():
                watched.discard(self._orders)
                self._kill_at = 0.0
            self._reap()
            if self._until is not None and time.monotonic() >= self._until and self._kill_at is None:
                self._stop(self._grace_s)
            if self._kill_at is not None and not self._left():
                break
        self._reap()  # its end may have come since
        self._read_output(output)
        self._log.flush()
        say(gone=True)

    def _wait_s(self) -> float:
        now = time.monotonic()
        ends = [t for t in (self._kill_at, self._until) if t is not None]
        most = 0.05 if self._kill_at is not None else LOOKS_EVERY_S
        return max(0.0, min([most, *(max(t - now, 0.02) for t in ends)]))

    def _left(self) -> bool:
        """Whether anything of the server is left. Past the grace all of it is killed."""
        assert self._kill_at is not None
        left = descendants(os.getpid())
        if left and time.monotonic() >= self._kill_at:
            signal_all(left, signal.SIGKILL)
        return bool(left)

    def _stop(self, grace_s: float) -> None:
        self._kill_at = time.monotonic() + grace_s
        signal_all(descendants(os.getpid()), signal.SIGTERM)

    def _first_line(self) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            data = os.read(self._orders, 1 << 16)
            if not data:
                sys.exit(0)
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def _start(self, told: dict[str, Any]) -> bool:
        self._grace_s = told["grace_s"]
        try:
            self._log = Log(Path(told["log"]), told["secret"].encode())
            self._log.add(told["head"].encode())
            self._server = subprocess.Popen(  # noqa: S603 - the user's own command
                told["argv"],
                env=told["env"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_in_the_server,
            )
        except OSError as error:
            say(failed=f"{error.filename or told['argv'][0]}: {error.strerror}")
            return False
        say(started=self._server.pid)
        return True

    def _read_output(self, output: int) -> bool:
        """False at its end."""
        assert self._log is not None
        while True:
            try:
                data = os.read(output, 1 << 16)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            self._log.add(data)

    def _read_orders(self) -> bool:
        """False at the end of orders: whoever gave them is dead."""
        data = os.read(self._orders, 1 << 16)
        self._obey(data)
        return bool(data)

    def _obey(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            what, _, seconds = line.decode().partition(" ")
            if what == "until":
                self._until = time.monotonic() + float(seconds)
            elif what == "stop" and self._kill_at is None:
                self._stop(float(seconds))
            elif what == "kill":
                self._kill_at = 0.0

    def _reap(self) -> None:
        """Takes the ends of the server and of what it left behind. With the server the rest ends."""
        assert self._server is not None
        if not self._ended and (status := self._server.poll()) is not None:
            self._ended = True
            say(died=status)
            # what outlives its server is not waited for long
            rest_has_s = 0.0 if self._kill_at is None else REST_HAS_S
            self._kill_at = min(self._kill_at or 0.0, time.monotonic() + rest_has_s)
        if self._ended:
            reap_all()


def guard() -> None:
    """The outer process: watches its owner and the inner process, and does the inner one's work if that is killed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    _prctl(SUBREAPER, 1)
    alive, keeps_alive = os.pipe()
    owner = os.getppid()
    inner = os.fork()
    if not inner:
        os.close(keeps_alive)
        _prctl(SUBREAPER, 1)
        Guard(sys.stdin.fileno(), alive).run()
        return
    os.close(alive)
    looks = select.poll()
    looks.register(sys.stdin.fileno(), 0)  # its end shows without reading
    orphaned_at: float | None = None
    while True:
        if os.waitpid(inner, os.WNOHANG)[0]:
            break
        if looks.poll(LOOKS_EVERY_S * 1000 if orphaned_at is None else 50) or os.getppid() != owner:
            orphaned_at = orphaned_at or time.monotonic()
            time.sleep(0.05)
            if time.monotonic() - orphaned_at > INNER_HAS_S or os.getppid() != owner:
                signal_all(descendants(os.getpid()), signal.SIGKILL)
    while left := descendants(os.getpid()):
        signal_all(left, signal.SIGKILL)
        reap_all()
        time.sleep(0.02)


def descendants(pid: int) -> list[int]:
    """All living processes below this one."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            stat = Path(entry.path, "stat").read_bytes()
        except OSError:
            continue
        state, parent = stat.rpartition(b")")[2].split()[:2]
        if state not in (b"Z", b"X"):
            children.setdefault(int(parent), []).append(int(entry.name))
    found: list[int] = []
    below = [pid]
    while below:
        mine = children.get(below.pop(), [])
        found += mine
        below += mine
    return found


def signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def reap_all() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def say(**words: Any) -> None:
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), json.dumps(words).encode() + b"\n")


def _wakes(_number: int, _frame: object) -> None:
    """A signal that is only to end a wait."""


def _in_the_server() -> None:
    """Between fork and exec."""
    _prctl(DEATH_SIGNAL, signal.SIGKILL)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    guard()
