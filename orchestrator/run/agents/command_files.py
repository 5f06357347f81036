"""The files that a command's arguments name, and the script that its interpreter is to run."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.run.agents.place import INSIDE

_WRAPPERS = {"env", "nice", "nohup", "setsid", "stdbuf", "time", "timeout"}
_VERSION = re.compile(r"[-.\d]+$")
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_DURATION = re.compile(r"[\d.]+[smhd]?")
_SUFFIXES = {".py", ".sh", ".bash", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".lua", ".php", ".r", ".jl"}


@dataclass(frozen=True, slots=True)
class _Interpreter:
    """`inline`: letters of options after which no file is run; `takes`: options whose value is a word of its own."""

    inline: str
    takes: tuple[str, ...] = ()


_SHELL = _Interpreter("cs", ("-o", "-O", "--rcfile", "--init-file"))
_PYTHON = _Interpreter("cm", ("-W", "-X"))
_NODE = _Interpreter("ep", ("-r", "--require", "--import", "--loader", "--env-file"))
_OTHER = _Interpreter("e", ("-I", "-r", "-L"))
_INTERPRETERS = {
    **dict.fromkeys(("sh", "bash", "dash", "zsh", "ksh"), _SHELL),
    **dict.fromkeys(("python", "pypy"), _PYTHON),
    **dict.fromkeys(("node", "nodejs"), _NODE),
    **dict.fromkeys(("ruby", "perl", "Rscript", "julia"), _OTHER),
}


def script_at(command: Sequence[str]) -> int | None:
    """Which of a command's words is the program's text: the file that an interpreter is given, or, of another
    program, a first argument that ends as scripts do. None: none is, or it can't be told."""
    at = _behind_wrappers(command)
    if at is None:
        return None
    known = _INTERPRETERS.get(_VERSION.sub("", Path(command[at]).name))
    place = at + 1
    while place < len(command):
        word = command[place]
        if not word.startswith("-"):
            if "{" in word:
                return None
            return place if known is not None or Path(word).suffix.lower() in _SUFFIXES else None
        if known is None or word == "-" or _runs_inline(word, known):
            return None
        place += 2 if word in known.takes or _last(word) in known.takes else 1
    return None


def files_of(command: Sequence[str], beside: Path) -> dict[int, Path]:
    """By their place, the words that name a file beside the sweep file: wherever the command works, they are passed as
    full paths."""
    script = script_at(command)
    found: dict[int, Path] = {}
    for place, word in enumerate(command[1:], 1):
        if "{" in word or not ("/" in word or "." in word or place == script):
            continue
        path = Path(os.path.abspath(beside / word))  # noqa: PTH100 - links are kept
        if path.is_file():
            found[place] = path
    return found


def missing_script(command: Sequence[str], beside: Path, sources: Sequence[Path] | None) -> str | None:
    """The script that a command is to run, if it lies neither beside the sweep file nor in each of the folders that
    attempts start from. `sources` None: what is in them isn't known before."""
    place = script_at(command)
    if place is None or place in files_of(command, beside):
        return None
    word = command[place]
    if Path(word).is_absolute():
        return None if INSIDE in Path(word).parents else word
    if sources is None or (sources and all((source / word).is_file() for source in sources)):
        return None
    return word


def _behind_wrappers(command: Sequence[str]) -> int | None:
    """The place of the program that `env`, `timeout` and such start; None if their options are unknown here."""
    place = 0
    while place < len(command) and Path(command[place]).name in _WRAPPERS:
        place += 1
        while place < len(command) and (
            _SETTING.match(command[place]) or _DURATION.fullmatch(command[place])
        ):
            place += 1
        if place < len(command) and command[place].startswith("-"):
            return None
    return place if place < len(command) else None


def _last(word: str) -> str:
    """The last of several options in a word, such as -o of -euo."""
    return "" if word.startswith("--") else f"-{word[-1]}"


def _runs_inline(word: str, known: _Interpreter) -> bool:
    if word.startswith("--"):
        return word.partition("=")[0] in ("--eval", "--print")
    return any(letter in known.inline for letter in word[1:])
