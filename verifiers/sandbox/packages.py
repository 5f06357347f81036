"""Packages of this environment that programs in a sandbox may import, with everything that they need themselves."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from verifiers.sandbox.interpreter import FLAGS, MAPPED, by_name, interpreter

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PROBE_S = 60
"""On a busy machine the imports of compiled packages take seconds."""


@dataclass(frozen=True, slots=True)
class Packages:
    """Their files and folders, where those lie, and the shared libraries that they load from elsewhere."""

    places: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    libraries: tuple[Path, ...] = ()


@cache
def installed(names: tuple[str, ...]) -> tuple[str, ...]:
    """Of the distributions named, those that are installed here, with their versions: `numpy 2.4.6`."""
    found = dict(_with_requirements(names))
    return tuple(f"{name} {found[name].version}" for name in sorted(names) if name in found)


@cache
def packages(names: tuple[str, ...]) -> Packages:
    """The same, ready for a sandbox. Looks once a process, since it imports what is compiled."""
    places = {place: None for _, one in _with_requirements(names) for place in _places(one)}
    folders = tuple(dict.fromkeys(place.parent for place in places))
    compiled = [place.name for place in places if place.is_dir() and any(place.rglob("*.so"))]
    return Packages(tuple(places), folders, _libraries(compiled, folders, tuple(places)))


def _with_requirements(names: tuple[str, ...]) -> Iterator[tuple[str, metadata.Distribution]]:
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in seen:
            continue
        seen.add(key)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        yield name, found
        for requirement in found.requires or ():
            words, _, marker = requirement.partition(";")
            if "extra" not in marker and (match := _NAME.match(words)):
                waiting.append(match.group())


def _places(found: metadata.Distribution) -> Iterator[Path]:
    """Its folders and modules in site-packages; of one that a system package installed, its folder."""
    for top in sorted({file.parts[0] for file in found.files or () if file.parts}):
        place = Path(str(found.locate_file(top)))
        if (
            top != ".."
            and top != "__pycache__"
            and not top.endswith((".dist-info", ".pth"))
            and place.exists()
        ):
            yield place
    if found.files is None:
        spec = find_spec(found.metadata["Name"])
        yield from map(Path, (spec and spec.submodule_search_locations) or ())


def _libraries(compiled: list[str], folders: tuple[Path, ...], places: tuple[Path, ...]) -> tuple[Path, ...]:
    """The shared libraries from outside that the compiled packages load."""
    if not compiled:
        return ()
    probe = (
        f"import sys\nsys.path += {[str(folder) for folder in folders]!r}\n"
        f"for name in {compiled!r}:\n    try:\n        __import__(name)\n    except Exception:\n        pass\n"
    )
    try:
        found = subprocess.run(  # noqa: S603 - this interpreter
            [interpreter().executable, "-I", *FLAGS, "-c", probe + MAPPED],
            capture_output=True, text=True, check=True, timeout=_PROBE_S,
        ).stdout  # fmt: skip
    except subprocess.SubprocessError:
        return ()
    known = interpreter()
    paths = {Path(line) for line in found.splitlines() if line.startswith("/")}
    inside = [*places, *(place.resolve() for place in places), *known.folders]  # an environment may be a link
    outside = {path for path in paths if not any(place in path.parents for place in inside)}
    return tuple(sorted(by_name(outside) - set(known.libraries)))
