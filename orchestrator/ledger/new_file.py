"""A file that appears whole or not at all, and never in another's place."""

from __future__ import annotations

import gzip
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from orchestrator.errors import InputError
from orchestrator.ledger.folder import sync_folder


@contextmanager
def new_file(target: Path) -> Generator[IO[bytes]]:
    """Gives a file to write, which becomes `target` at the end; gzip where the name ends in .gz. Raises InputError
    where something already stands there or the place can't be written."""
    with new_place(target) as part, part.open("wb") as raw, _packed(raw, target) as file:
        yield file


@contextmanager
def new_place(target: Path) -> Generator[Path]:
    """Gives a place beside `target` where another library writes a file; what lies there at the end is on the disk
    and becomes `target`. Raises InputError as new_file does."""
    _refuse_existing(target)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            with part.open("rb+") as written:
                os.fsync(written.fileno())
            _publish(part, target)
            sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            str(target), f"can't be written: {error.strerror or error}", "name another place"
        ) from error


@contextmanager
def _packed(raw: IO[bytes], target: Path) -> Generator[IO[bytes]]:
    if target.suffix != ".gz":
        yield raw
        return
    # Without a name and a time inside, the same samples give the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
        yield cast("IO[bytes]", packed)


def _publish(part: Path, target: Path) -> None:
    """A hard link fails where the name is taken by now; renaming would put ours in its place."""
    with suppress(OSError, NotImplementedError):  # some file systems know no hard links
        target.hardlink_to(part)
        return
    _refuse_existing(target)
    part.rename(target)


def _refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise InputError(
            str(target), "already exists and is left as it is", "name another file, or move this one"
        )
