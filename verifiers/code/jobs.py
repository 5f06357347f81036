"""The programs of verifiers/code/inside as jobs for a sandbox."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files

from verifiers.code.inside.codec import encode
from verifiers.sandbox import Job, Limits

_SHARED = ("codec", "frames", "loading")


def python_job(main: str, *, cpu_s: float, memory_mb: int) -> Job:
    """`main`: program, candidate or checker."""
    limits = Limits(memory_mb=memory_mb, cpu_s=max(1, math.ceil(cpu_s)))
    return Job(python=_sources(main), limits=limits)


def framed(tag: bytes, value: object) -> bytes:
    """One message to them, as frames.py there reads it."""
    data = encode(value)
    return tag + len(data).to_bytes(4, "big") + data


@cache
def _sources(main: str) -> tuple[tuple[str, str], ...]:
    folder = files("verifiers.code.inside")
    names = [name for name in (*_SHARED, main) if not (main == "checker" and name == "loading")]
    return tuple(
        (f"verifiers.code.inside.{name}", folder.joinpath(f"{name}.py").read_text("utf-8")) for name in names
    )
