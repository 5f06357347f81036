"""What manyfew itself stands on: Python, its packages, the clock."""

from __future__ import annotations

import platform
import re
import sqlite3
import sys
import time
from collections.abc import Iterator
from importlib import metadata

from orchestrator import shadow
from orchestrator.doctor.containers import containers
from orchestrator.doctor.finding import Finding
from orchestrator.installer import install, install_extra

OLDEST_PYTHON = (3, 11)
EARLIEST = 1_767_225_600.0
"""2026-01-01 UTC, before the first release: a clock that says less is wrong."""

# As pyproject.toml writes them: a name, versions, and a marker.
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)\s*(?:\[[^]]*\])?\s*(?P<versions>[^;]*)(?:;(?P<marker>.*))?")
_VERSION = re.compile(r"(?P<sign>>=|==|<(?!=))\s*(?P<version>[\d.]+)")


def installation() -> list[Finding]:
    """Reads what is installed; asks nothing of the network."""
    return [_python(), *_packages(), *_shadows(), *_extras(), _sandbox(), *containers(), _clock(time.time())]


def _python() -> Finding:
    text = f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.platform()}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("missing", "python", text, "install Python 3.11 or newer")
    return Finding("ok", "python", text)


def _packages() -> Iterator[Finding]:
    try:
        requirements = metadata.requires("manyfew") or []
    except metadata.PackageNotFoundError:
        yield Finding(
            "missing",
            "manyfew",
            "isn't installed, it only runs from this folder",
            install("-e", str(shadow.HOME)),
        )
        return
    yield Finding("ok", "manyfew", metadata.version("manyfew"))
    there: list[str] = []
    for line in requirements:
        name, bounds, marker = _parse(line)
        if "extra" in marker or ("win32" in marker and sys.platform == "win32"):
            continue
        found = _installed(name)
        if found is None:
            yield Finding("missing", "package", f"{name} isn't installed", install(name + bounds))
        elif not _fits(found, bounds):
            yield Finding(
                "missing",
                "package",
                f"{name} is {found}, but manyfew needs {bounds}",
                install(name + bounds),
            )
        else:
            there.append(f"{name} {found}")
    yield Finding("ok", "packages", ", ".join(there))


def _parse(line: str) -> tuple[str, str, str]:
    """(name, versions, marker) of a requirement."""
    match = _REQUIREMENT.fullmatch(line.strip())
    assert match is not None, line
    return match["name"], match["versions"].strip().strip("()"), match["marker"] or ""


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _fits(found: str, bounds: str) -> bool:
    """By the numbers of a release alone; signs other than >=, == and < are not judged."""
    have = _numbers(found)
    for bound in _VERSION.finditer(bounds):
        want = _numbers(bound["version"])
        if bound["sign"] == "<":
            if have >= want:
                return False
        elif have < want or (bound["sign"] == "==" and have != want):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """1.2.0 as (1, 2), so that it equals 1.2."""
    release = re.match(r"[\d.]*", version)
    numbers = [int(part) for part in (release[0] if release else "").split(".") if part]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _shadows() -> Iterator[Finding]:
    for line in [*shadow.shadowed(), *shadow.overwritten()]:
        yield Finding("missing", "package", line, shadow.remedy())


def _extras() -> Iterator[Finding]:
    lacking = [name for name in ("huggingface-hub", "pyarrow") if _installed(name) is None]
    if lacking:
        text = f"{' and '.join(lacking)} not installed, so data sets from the hub and Parquet files can't be read"
        yield Finding("note", "hub", text, install_extra("hub"))
    else:
        yield Finding("ok", "hub", "data sets from the Hugging Face hub, and Parquet")


def _sandbox() -> Finding:
    """Runs a program in it once: that it is installed does not say that the kernel lets it work."""
    from verifiers.sandbox import choose

    lacks = choose("bubblewrap").lacks()
    if lacks is None:
        return Finding("ok", "sandbox", "bubblewrap is installed and runs programs")
    return Finding("note", "sandbox", f"{lacks[0]}: only verifiers that run programs need it", lacks[1])


def _clock(now: float) -> Finding:
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < EARLIEST:
        return Finding(
            "missing",
            "clock",
            f"says {shown}, which is in the past",
            "set the clock: prices depend on the date",
        )
    return Finding("ok", "clock", shown)
