"""What must be readable in a sandbox: a program, its virtual environment, and that one's interpreter."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

EVERYWHERE = (Path("/usr"), Path("/bin"), Path("/sbin"), Path("/lib"), Path("/lib32"), Path("/lib64"))
"""Folders of the system, which every sandbox has."""
_TOO_MUCH = {Path("/"), Path("/home"), Path("/root"), Path("/opt"), Path("/tmp"), Path("/var"), Path("/etc")}  # noqa: S108
_SHEBANG = 256


def readable(program: Path) -> list[Path]:
    """Files and folders outside the system's own that it needs, without those that lie in another."""
    needed = dict.fromkeys(_needed(program, 0))
    outside = [path for path in needed if not _within(path, EVERYWHERE)]
    return [path for path in outside if not _within(path, [o for o in outside if o != path])]


def _needed(program: Path, depth: int) -> Iterator[Path]:
    if depth > 4:
        return
    links = _links(program)
    for path in links:
        yield from _whole(path)
    interpreter = _interpreter(links[-1])
    if interpreter is not None:
        yield from _needed(interpreter, depth + 1)


def _links(path: Path) -> list[Path]:
    """The path and what it leads to, link by link."""
    chain = [path]
    while chain[-1].is_symlink() and len(chain) < 40:
        target = Path(os.path.abspath(chain[-1].parent / chain[-1].readlink()))  # noqa: PTH100
        chain.append(target)
    real = path.resolve()
    return chain if chain[-1] == real else [*chain, real]


def _whole(program: Path) -> Iterator[Path]:
    """The program with what it was installed with: a virtual environment and the Python that it stands on, Node's
    folder of packages, or the program alone."""
    top = program.parent.parent
    if program.parent.name == "bin" and top not in _TOO_MUCH and top != Path.home():
        settings = top / "pyvenv.cfg"
        if settings.is_file():
            yield top
            home = _home_of(settings)
            if home is not None:
                yield from _python(home)
            return
        if (top / "lib/node_modules").is_dir() or any(top.glob("lib/python3*")):
            yield top
            return
    if "node_modules" in program.parts:
        yield Path(*program.parts[: program.parts.index("node_modules") + 1])
        return
    yield program


def _home_of(settings: Path) -> Path | None:
    for line in settings.read_text("utf-8", errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            return Path(value.strip())
    return None


def _python(home: Path) -> Iterator[Path]:
    """`home`: the `bin` of the Python that a virtual environment stands on."""
    for folder in dict.fromkeys((home, home.resolve())):
        if folder.parent not in _TOO_MUCH and folder.parent != Path.home():
            yield folder.parent


def _interpreter(program: Path) -> Path | None:
    """What a script's first line names."""
    try:
        with program.open("rb") as file:
            first = file.read(_SHEBANG).partition(b"\n")[0]
    except OSError:
        return None
    if not first.startswith(b"#!"):
        return None
    words = first[2:].decode(errors="replace").split()
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    named = shutil.which(words[0]) if words else None
    return None if named is None else Path(named)


def _within(path: Path, folders: tuple[Path, ...] | list[Path]) -> bool:
    return any(folder == path or folder in path.parents for folder in folders)
