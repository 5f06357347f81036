"""What is run in a sandbox, what it may see and take, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

STARTED = b"\x06"
"""The launcher's first byte on stdout, once everything is in place (launch.py): a failure of the sandbox is so
never taken for one of the program. It is taken off before anyone reads."""

PACKAGES = "/usr/lib/packages"
"""Where a job sees the packages that it may import, in bubblewrap."""

Ended = Literal["exited", "time", "output"]
"""By itself or by a signal; past its wall-clock time; with more output than allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one job may take. Whatever passes a limit is killed, or refused what it asked for."""

    memory_mb: int = 1024
    """Of each process. With one process and `scratch_mb` that is all it can have."""
    address_space: bool = True
    """False: only memory that is private and writable counts. For programs that map large files, as Lean does."""
    cpu_s: int | None = None
    """Processor seconds of each process; None: the wall clock alone bounds it."""
    processes: int = 1
    """1: it may start no other process, only threads."""
    threads: int = 64
    """Of all its processes."""
    scratch_mb: int = 64
    """Of /tmp, all that it can write to; it is memory, and gone afterwards."""
    file_mb: int = 64
    open_files: int = 256
    output_bytes: int = 16 * 1024 * 1024
    """Of stdout; more ends it. Of stderr the first 64 KiB are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Either `command`, a program with its arguments, or `python`, source that runs in the interpreter of the
    sandbox: (module name, source) pairs, of which the last is run as the main one and may import the others."""

    command: tuple[str, ...] = ()
    python: tuple[tuple[str, str], ...] = ()
    read_only: tuple[Path, ...] = ()
    """Files and folders that it may read, at their own paths, besides the interpreter and its libraries."""
    packages: tuple[Path, ...] = ()
    """Python packages that it may import: seen in the folder PACKAGES, not at their own paths."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """All of its environment, PATH and HOME=/tmp aside."""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """How a job ended and what it wrote."""

    ended: Ended
    status: int
    """Its exit status; 128 + N where signal N ended it."""
    stdout: bytes
    stderr: bytes


class SandboxError(Exception):
    """The sandbox itself could not be set up: nothing was run, and nothing is known of the program."""
