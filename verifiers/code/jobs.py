"""The programs of verifiers/code/inside as jobs for a sandbox."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from verifiers.code.inside.codec import encode
from verifiers.sandbox import PACKAGES, Job, Limits
from verifiers.sandbox.packages import Packages, packages
from verifiers.types import Sandbox

_SHARED = ("codec", "frames", "loading")


@dataclass(frozen=True, slots=True)
class Seen:
    """The packages that a job may import, behind the standard library."""

    packages: Packages = field(default_factory=Packages)
    path: str = ""
    """Python that puts them onto the path."""


def seen(jail: Sandbox, names: tuple[str, ...]) -> Seen:
    """Of this machine's packages those named; in a container, those of its image."""
    if jail == "container":
        return Seen(path="import site, sys; sys.path += site.getsitepackages()")
    found = packages(names)
    if not found.places:
        return Seen()
    folders = [PACKAGES] if jail == "bubblewrap" else [str(folder) for folder in found.folders]
    return Seen(found, f"import sys; sys.path += {folders!r}")


def python_job(main: str, *, cpu_s: float | None, memory_mb: int, packages: Seen, processes: int = 1) -> Job:
    """`main`: program, candidate or checker."""
    cpu = None if cpu_s is None else max(1, math.ceil(cpu_s))
    return _job(_sources(main), packages, Limits(memory_mb=memory_mb, cpu_s=cpu, processes=processes))


def asking_job(source: str, packages: Seen) -> Job:
    """Source of our own, with the same packages in sight."""
    return _job((("asking", source),), packages, Limits())


def _job(sources: tuple[tuple[str, str], ...], seen: Seen, limits: Limits) -> Job:
    path = (("path", seen.path),) if seen.path else ()
    return Job(
        python=(*path, *sources),
        packages=seen.packages.places,
        read_only=seen.packages.libraries,
        limits=limits,
    )


def framed(tag: bytes, value: object) -> bytes:
    """One message to them, as frames.py there reads it."""
    data = encode(value)
    return tag + len(data).to_bytes(4, "big") + data


@cache
def _sources(main: str) -> tuple[tuple[str, str], ...]:
    folder = files("verifiers.code.inside")
    names = [name for name in (*_SHARED, main) if not (main == "checker" and name == "loading")]
    names[-1:-1] = {"checker": ["testing"], "program": ["in_turn"]}.get(main, [])
    return tuple(
        (f"verifiers.code.inside.{name}", folder.joinpath(f"{name}.py").read_text("utf-8")) for name in names
    )
