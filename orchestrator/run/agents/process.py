"""One running agent: what it writes is kept within bounds, and its end is the end of all that it started."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.run.agents.outputs import MOST_BYTES

_CHUNK = 1 << 16
_LAST_BYTES = 1 << 16
_KILL_S = 10.0


class AgentProcess:
    """`sandboxed`: killing its first process kills its namespace; else its guard is asked to kill what it guards."""

    def __init__(self, process: asyncio.subprocess.Process, *, sandboxed: bool) -> None:
        self._process = process
        self._sandboxed = sandboxed
        self.stdout = bytearray()
        """The first of it, up to a byte above the most that a sample may have."""
        self._last = bytearray()
        self._ended = asyncio.ensure_future(self._watch())

    @classmethod
    async def start(
        cls, argv: Sequence[str], environment: Mapping[str, str], *, cwd: Path, sandboxed: bool
    ) -> AgentProcess:
        """Raises OSError. A session of its own, so that no Ctrl-C reaches it but ours."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env=dict(environment),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
        )
        return cls(process, sandboxed=sandboxed)

    async def ended(self) -> int:
        """Its exit status, once it and what it started are gone: 128 + N for signal N."""
        return await asyncio.shield(self._ended)

    async def kill(self) -> int:
        """Ends it and all that it started, and waits for that."""
        assert self._process.stdin is not None
        if self._sandboxed:
            self._signal()
        else:
            self._process.stdin.close()
        try:
            return await asyncio.wait_for(self.ended(), _KILL_S)
        except TimeoutError:
            self._signal()
            return await self.ended()

    def last_line(self) -> str | None:
        """Of what it wrote to stderr."""
        lines = [line for line in self._last.decode("utf-8", errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else None

    def _signal(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _watch(self) -> int:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        await asyncio.gather(
            _read(self._process.stdout, self.stdout, first=MOST_BYTES + 1),
            _read(self._process.stderr, self._last, last=_LAST_BYTES),
        )
        status = await self._process.wait()
        return status if status >= 0 else 128 - status


async def _read(
    stream: asyncio.StreamReader, into: bytearray, *, first: int | None = None, last: int | None = None
) -> None:
    """All of it, so that the agent never waits for a reader; only so much is kept."""
    while chunk := await stream.read(_CHUNK):
        into += chunk if first is None else chunk[: first - len(into)]
        if last is not None and len(into) > 2 * last:
            del into[:-last]
