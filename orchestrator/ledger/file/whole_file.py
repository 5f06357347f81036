"""A file that appears whole or not at all, whatever ends the process meanwhile."""

from __future__ import annotations

import gzip
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from orchestrator.errors import InputError
from orchestrator.interrupts import interrupts
from orchestrator.ledger.file.folder import sync_folder


@contextmanager
def new_file(target: Path) -> Generator[IO[bytes]]:
    """Gives a file to write, which becomes `target` at the end, never in another's place; gzip if the name ends
    in .gz. Raises InputError if something already stands there or the place can't be written."""
    with new_place(target) as part, part.open("wb") as raw, _packed(raw, target) as file:
        yield file


def write_new(target: Path, text: str) -> None:
    """A text file, made as new_file makes it."""
    with new_file(target) as file:
        file.write(text.encode())


@contextmanager
def new_place(target: Path, *, ends: bool = True) -> Generator[Path]:
    """Gives a place beside `target` where another library writes a file; what lies there at the end is on the disk
    and becomes `target`. `ends`: the command has done then what it was asked for, and a signal comes too late. Raises
    InputError as new_file does."""
    _refuse_existing(target)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with interrupts.undone(lambda: _remove(part)):
                yield part
                with part.open("rb+") as written:
                    os.fsync(written.fileno())
                if ends:
                    interrupts.finishing()
                _publish(part, target)
                sync_folder(target.parent)
        finally:
            _remove(part)
    except OSError as error:
        raise InputError(
            str(target), f"can't be written: {error.strerror or error}", "name another place"
        ) from error


def replace(target: Path, content: bytes) -> None:
    """`content` in the place of what is there, if anything. Raises OSError."""
    place = target.resolve()  # a link stays, and what it leads to is written
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with interrupts.undone(lambda: _remove(part)):
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(place)
            sync_folder(place.parent)
    finally:
        _remove(part)


@contextmanager
def _packed(raw: IO[bytes], target: Path) -> Generator[IO[bytes]]:
    if target.suffix != ".gz":
        yield raw
        return
    # Without a name and a time inside, the same samples give the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
        yield cast("IO[bytes]", packed)


def _publish(part: Path, target: Path) -> None:
    """A hard link fails if the name is taken by now; renaming would put ours in its place."""
    with suppress(OSError, NotImplementedError):  # some file systems know no hard links
        target.hardlink_to(part)
        return
    _refuse_existing(target)
    part.rename(target)


def _remove(part: Path) -> None:
    """With what SQLite keeps beside it while it writes."""
    for left in part.parent.iterdir():
        if left.name.startswith(part.name):
            left.unlink(missing_ok=True)


def _refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise InputError(
            str(target), "already exists and is left as it is", "name another file, or move this one"
        )
