"""A ledger that is written has one name. SQLite keeps its log beside the name that it was opened by: by two hard links
of one file two programs write two logs, and neither sees what the other has committed."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.text.command import command

_MOST_LOOKED_AT = 10_000
_PART = re.compile(r"\..+\.\d+\.part")
"""What whole_file.new_place leaves beside a file where it is killed right after it gave the file its name."""


def resolved(path: Path) -> Path:
    """The ledger's own place, whatever symbolic links lead to it. Raises InputError."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # a loop of symbolic links
        raise InputError(
            str(path), f"can't be found: {error}", "name a ledger, such as runs/NAME.db"
        ) from None


def file_of(path: Path) -> str:
    """Device and inode: the same by every name, another of every copy. Raises OSError."""
    found = path.stat()
    return f"{found.st_dev}:{found.st_ino}"


def refuse_other_names(path: Path) -> None:
    """Raises InputError for a ledger that has several hard links. A path without a file passes."""
    reason = _other_name(path)
    if reason is not None:
        raise InputError(
            str(path),
            f"the ledger {reason}, and two programs that use two names of it don't see each other",
            f"remove one of the names, or make a copy instead: {command('backup {} FILE', path)}",
        )


def lost_place(path: Path, file: str) -> str | None:
    """Why the ledger that was opened as `file` can no longer be written safely; None if nothing has changed."""
    try:
        if file_of(path) != file:
            return "was replaced by another file"
    except OSError:
        return "is no longer there: its file was moved or removed"
    return _other_name(path)


def _other_name(path: Path) -> str | None:
    try:
        links = path.stat().st_nlink
    except OSError:
        return None
    if links < 2:
        return None
    others = _names_beside(path)
    for part in (name for name in others if _PART.fullmatch(name.name)):
        part.unlink(missing_ok=True)
        links -= 1
    if links < 2:
        return None
    known = [name.name for name in others if not _PART.fullmatch(name.name)]
    return f"has {links} names (hard links)" + (f", one of them {known[0]!r} beside it" if known else "")


def _names_beside(path: Path) -> list[Path]:
    """Other names of the same file in its folder."""
    place, found = resolved(path), list[Path]()
    with suppress(OSError), os.scandir(place.parent) as entries:
        inode = place.stat().st_ino
        for _, entry in zip(range(_MOST_LOOKED_AT), entries, strict=False):
            if entry.inode() == inode and entry.name != place.name:
                found.append(Path(entry.path))
    return found
