"""One child process in a process group of its own: input in, bounded output out, all of it dead at its limits."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PIECE = 65_536
_MOST_SAID = 2_000
_LOOK_S = 0.05
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. `trouble` None: by itself, with status 0 and within its bounds."""

    stdout: bytes
    said: str
    """The end of its stderr."""
    trouble: str | None


class Child:
    """Starts at once. Raises OSError if it can't."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path | None = None,
        memory_mb: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - the user's own command
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._trouble: str | None = None
        if memory_mb is not None:
            _limit_memory(self._process.pid, memory_mb)

    def kill(self, why: str = "was ended") -> None:
        """Kills the whole group; may be called from another thread, and again."""
        self._trouble = self._trouble or why
        kill_group(self._process)

    def run(self, *given: bytes, timeout_s: float, most_output: int) -> Ended:
        """Returns once it and its group are dead."""
        out, err = bytearray(), bytearray()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        threads = [
            threading.Thread(target=_feed, args=(process.stdin, given), daemon=True),
            threading.Thread(target=self._read, args=(process.stdout, out, most_output), daemon=True),
            threading.Thread(target=_read_end, args=(process.stderr, err), daemon=True),
        ]
        for thread in threads:
            thread.start()
        if not self._ends(threads[1], time.monotonic() + timeout_s):
            self.kill(f"ran past its limit of {timeout_s:g} s")
        kill_group(process)  # what it left running holds its pipes open, and more
        process.wait()
        for thread in threads:
            thread.join(1.0)  # what left the group may hold a pipe open: its reader is not waited for
        if self._trouble is None and process.returncode:
            self._trouble = status(process.returncode)
        return Ended(bytes(out), bytes(err).decode("utf-8", "replace").strip()[-_MOST_SAID:], self._trouble)

    def _ends(self, reading: threading.Thread, deadline: float) -> bool:
        """Whether it ends by then. As a rule its output ends as it does, and that is heard of at once."""
        while self._process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if reading.is_alive():
                reading.join(min(left, _LOOK_S))
            else:
                time.sleep(min(left, _LOOK_S / 10))
        return True

    def _read(self, pipe: IO[bytes], into: bytearray, most: int) -> None:
        with pipe:
            while piece := os.read(pipe.fileno(), _PIECE):
                if len(into) + len(piece) > most:
                    self.kill(f"wrote more than {most:,} bytes")
                    return
                into += piece


def without_secrets() -> dict[str, str]:
    """This process's environment, but for what looks like a secret: who only reads a model's text needs none."""
    return {name: value for name, value in os.environ.items() if not _SECRET.search(name)}


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the process's whole group, which it leads; if there are no groups, to the process."""
    if sys.platform == "win32":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: the latter, of a group of zombies
        os.killpg(process.pid, signal.SIGKILL)


def _feed(pipe: IO[bytes], given: Sequence[bytes]) -> None:
    with contextlib.suppress(OSError), pipe:  # one that ends without reading all: its own affair
        for part in given:
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(pipe.fileno(), rest) :]


def _read_end(pipe: IO[bytes], into: bytearray) -> None:
    with pipe:
        while piece := os.read(pipe.fileno(), _PIECE):
            into += piece
            del into[: -4 * _MOST_SAID]


def _limit_memory(pid: int, memory_mb: int) -> None:
    """Linux only; elsewhere its memory is not bounded."""
    if sys.platform == "linux":
        import resource

        size = memory_mb * 1024 * 1024
        # It may have ended already, or have a lower limit.
        with contextlib.suppress(ProcessLookupError, PermissionError, ValueError):
            resource.prlimit(pid, resource.RLIMIT_AS, (size, size))


def status(code: int) -> str:
    """How a process ended, for a sentence."""
    if code >= 0:
        return f"ended with status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
