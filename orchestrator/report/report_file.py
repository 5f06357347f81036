"""Reports on the disk: whole or not at all, in the place of an earlier report, never of anything else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from orchestrator.errors import InputError
from orchestrator.ledger.file.whole_file import replace

Kind = Literal["html", "png", "svg"]
_MARKS: dict[Kind, bytes] = {
    "html": b'<meta name="generator" content="manyfew report">',
    "png": b"Software\0\0\0\0\0manyfew",
    "svg": b"<metadata>manyfew: ",
}
"""What each of ours has near its beginning."""
_BEGINNING = 4096


def check_target(kind: Kind, target: Path) -> None:
    """Raises InputError, before any work, where `target` is not to be written."""
    if target.suffix.lower() != f".{kind}":
        raise InputError(
            f"--{kind} {target}", f"a report of this kind ends in .{kind}", f"--{kind} {target}.{kind}"
        )
    if not os.path.lexists(target):
        return
    remedy = "name another file, or move this one"
    if not target.is_file():
        raise InputError(str(target), "is there already and is no file", remedy)
    with _readable(target).open("rb") as file:
        if _MARKS[kind] not in file.read(_BEGINNING):
            raise InputError(str(target), "is there already and is no report of manyfew's", remedy)


def write_report(kind: Kind, target: Path, content: bytes) -> None:
    """In the place of an earlier report, where one is there. Raises InputError."""
    check_target(kind, target)
    try:
        replace(target, content)
    except OSError as error:
        raise InputError(
            str(target), f"can't be written: {error.strerror or error}", "name another place"
        ) from error


def _readable(target: Path) -> Path:
    if not os.access(target, os.R_OK):
        raise InputError(str(target), "is there already and can't be read", "name another file")
    return target
