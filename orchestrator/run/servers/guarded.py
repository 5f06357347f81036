"""A server under its guard, as the run sees it: started, told to stop, its ends heard at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GUARD = Path(__file__).with_name("guard.py")
MARK = "MANYFEW_SERVER"
"""In the environment of a server and of what it starts: names the server."""
GONE_WITHIN_S = 5.0
"""A guard that was killed is helped out after so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One start of a server. `secret` is kept out of its log."""

    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    secret: str
    grace_s: float


class Guarded:
    """`died` is done with the status of the server's own process, or with why there is none; `gone` once nothing of
    it is left."""

    def __init__(self, process: asyncio.subprocess.Process, mark: str) -> None:
        self._process = process
        self._mark = mark
        loop = asyncio.get_running_loop()
        self.died: asyncio.Future[int | str] = loop.create_future()
        self.gone: asyncio.Future[None] = loop.create_future()
        self.up: asyncio.Future[None] = loop.create_future()
        """It waits to be told what to launch."""
        self._launched = False
        self.pid: int | None = None
        """Of the server's own process."""
        self._listening = asyncio.create_task(self._listen(), name="guard")

    @classmethod
    async def start(cls, log: Path) -> Guarded:
        """The guard alone, which waits to be told what to launch. Raises OSError if not even it can be started."""
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-S",
                str(GUARD),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # a Ctrl-C at the terminal is for the run alone
            )
        guarded = cls(process, os.urandom(8).hex())
        await asyncio.wait([guarded.up, guarded.gone], return_when=asyncio.FIRST_COMPLETED)
        return guarded

    def launch(self, launch: Launch) -> None:
        self._launched = True
        when = time.strftime("%Y-%m-%d %H:%M:%S")
        told = {
            "argv": list(launch.argv),
            "env": {**launch.env, MARK: self._mark},
            "log": str(launch.log),
            "secret": launch.secret,
            "grace_s": launch.grace_s,
            "head": f"--- {when} manyfew starts: {' '.join(launch.argv)}\n",
        }
        self._tell(json.dumps(told))

    def stop(self, grace_s: float) -> None:
        """TERM now, and KILL after the grace, of all that the server has started."""
        if not self._launched:
            self._close()
            return
        self._tell(f"stop {grace_s:.3f}")

    def kill(self) -> None:
        self._tell("kill")

    def lives_until(self, seconds: float) -> None:
        """Unless told anew it stops by itself after so long, whatever has become of this process."""
        if self._launched:
            self._tell(f"until {seconds:.3f}")

    async def ended(self) -> None:
        """Nothing is left, of the guard neither."""
        await asyncio.shield(self._listening)

    def _tell(self, order: str) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(OSError, RuntimeError):  # it has ended
            stdin.write(order.encode() + b"\n")

    def _close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def _listen(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        clean = False
        while line := await stdout.readline():
            told: dict[str, Any] = json.loads(line)
            if "up" in told and not self.up.done():
                self.up.set_result(None)
            self.pid = told.get("started", self.pid)
            if not self.died.done() and ("died" in told or "failed" in told):
                self.died.set_result(told.get("died", told.get("failed", "")))
            clean = clean or "gone" in told or "failed" in told
            if clean:
                break
        if self._launched and not clean:
            # The guard was killed: its other half ends the server, and what that missed is ended here.
            await asyncio.to_thread(end_marked, self._mark, self.pid)
        if not self.died.done():
            self.died.set_result("its guard was killed")
        if not self.gone.done():
            self.gone.set_result(None)
        self._close()
        await self._process.wait()


def end_marked(mark: str, session: int | None) -> None:
    """Kills what bears a server's mark or is of its session, until nothing of it is left."""
    until = time.monotonic() + GONE_WITHIN_S
    while found := _marked(mark, session):
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > until:
            return
        time.sleep(0.02)


def _marked(mark: str, session: int | None) -> list[int]:
    wanted = f"{MARK}={mark}".encode()
    found: list[int] = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            state, *more = Path(entry.path, "stat").read_bytes().rpartition(b")")[2].split()
            in_session = session is not None and int(more[2]) == session
            if state not in (b"Z", b"X") and (in_session or wanted in _environment(entry.path)):
                found.append(int(entry.name))
        except (OSError, ValueError):
            continue  # it has ended
    return found


def _environment(of: str) -> bytes:
    try:
        return Path(of, "environ").read_bytes()
    except OSError:  # somebody else's
        return b""
