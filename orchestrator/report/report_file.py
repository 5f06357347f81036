"""Reports and figures on disk: whole or not at all. Existing reports are overwritten; other files never are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from orchestrator.errors import InputError
from orchestrator.ledger.file.whole_file import replace

Kind = Literal["html", "png", "svg", "pdf", "tex", "md", "csv"]
_MARKS: dict[Kind, bytes] = {
    "html": b'<meta name="generator" content="manyfew report">',
    "png": b"Software\0\0\0\0\0manyfew",
    "svg": b"<metadata>manyfew: ",
    "pdf": b"/Creator (manyfew)",
    "tex": b"% manyfew: ",
    "md": b"<!-- manyfew: ",
    "csv": b',"manyfew ',
}
"""What each of ours has near its beginning, or its end."""
_NEAR = 4096


def check_target(kind: Kind, target: Path) -> None:
    """Raises InputError, before any work, when `target` must not be written."""
    if target.suffix.lower() != f".{kind}":
        raise InputError(str(target), f"the name must end in .{kind}", f"use {target}.{kind}")
    if not os.path.lexists(target):
        return
    remedy = "choose another name, or move it away"
    if not target.is_file():
        raise InputError(str(target), "already exists and isn't a file", remedy)
    with _readable(target).open("rb") as file:
        beginning = file.read(_NEAR)
        file.seek(max(0, target.stat().st_size - _NEAR))
        if _MARKS[kind] not in beginning and _MARKS[kind] not in file.read():
            raise InputError(str(target), "already exists and isn't a report made by manyfew", remedy)


def write_report(kind: Kind, target: Path, content: bytes) -> None:
    """Overwrites an earlier report. Raises InputError."""
    check_target(kind, target)
    try:
        replace(target, content)
    except OSError as error:
        raise InputError(
            str(target), f"can't be written: {error.strerror or error}", "choose another place"
        ) from error


def _readable(target: Path) -> Path:
    if not os.access(target, os.R_OK):
        raise InputError(str(target), "already exists and can't be read", "choose another name")
    return target
