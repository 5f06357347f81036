"""The folder of an attempt: a copy of the problem's own, made anew each time, or what a command prepares.

A copy shares its blocks with the original where the file system can (reflink, on btrfs and XFS); elsewhere it is
copied. It is removed once its output is taken, so no more copies lie on the disk than attempts run at once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path


class FolderError(Exception):
    """The folder could not be made; its text says why."""


async def copied(source: Path, target: Path) -> None:
    """Raises FolderError."""
    await _run(["cp", "-a", "--reflink=auto", "--", f"{source}/.", str(target)], cwd=source, environment={})


async def prepared(command: Sequence[str], target: Path, environment: Mapping[str, str]) -> None:
    """`command` fills the empty folder. It is the user's own and runs outside the sandbox. Raises FolderError."""
    own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    await _run(command, cwd=target, environment={**own, **environment})


async def _run(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> None:
    null = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env={"PATH": os.defpath, **environment},
            stdin=null,
            stdout=null,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise FolderError(f"{command[0]}: {error.strerror}") from error
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        raise FolderError(lines[-1] if lines else f"{command[0]} ended with status {process.returncode}")
