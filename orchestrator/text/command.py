"""Command lines of manyfew's own, in the form that works when pasted where the program was called."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from orchestrator.text.safe import safe

NAME = "manyfew"
_UV_CACHE = frozenset({"archive-v0", "builds-v0"})
"""Folders of environments that uv makes for one call."""


def command(line: str, *values: object) -> str:
    """`command("verdicts {} --use {}", db, name)`: the line to paste, its values quoted for a shell and harmless on a
    terminal."""
    return f"{called()} {line.format(*map(_quoted, values))}"


def called() -> str:
    """How the program was called: `manyfew` if a shell finds this very program by that name."""
    return called_as(sys.argv[0], sys.orig_argv, sys.executable, os.environ)


def called_as(program: str, started: Sequence[str], python: str, environ: Mapping[str, str]) -> str:
    """The same of a program whose argv[0] is `program`, started as `started` by the interpreter `python`."""
    script = Path(python).with_name(NAME)
    found = shutil.which(NAME, path=environ.get("PATH"))
    if found is not None and _is_same(Path(found), Path(program) if _is_script(program) else script):
        return _by_uv(Path(python), environ) or NAME
    if _is_script(program):
        return shlex.quote(program)
    if ("-m", NAME) in pairwise(started):
        return shlex.join(started[: started.index(NAME, started.index("-m")) + 1])
    return shlex.quote(str(script)) if script.is_file() else shlex.join([python, "-m", NAME])


def _is_script(program: str) -> bool:
    return Path(program).name == NAME and not Path(program).is_dir()


def _is_same(one: Path, other: Path) -> bool:
    """Of links too: pipx, uv and users link a script to where shells look."""
    return one.resolve() == other.resolve()


def _by_uv(python: Path, environ: Mapping[str, str]) -> str | None:
    """`uv run` and `uvx` let the program find itself, and only it."""
    is_run = "UV_RUN_RECURSION_DEPTH" in environ
    if "UV" not in environ and not is_run:
        return None
    if _UV_CACHE.isdisjoint(python.parts):
        return f"uv run {NAME}" if is_run else None
    return f"uv run --with {NAME} {NAME}" if is_run else f"uvx {NAME}"


def _quoted(value: object) -> str:
    text = str(value)
    quoted = shlex.quote(text)
    if safe(quoted) == quoted:
        return quoted
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{safe(escaped)}'"  # bash and zsh read \n, \x1b and \u202e as `safe` writes them
