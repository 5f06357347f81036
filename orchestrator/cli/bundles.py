"""Bundles where a command takes ledgers: each is restored into a temporary ledger until the command ends."""

from __future__ import annotations

from pathlib import Path

import typer

_ZIP = b"PK\x03\x04"


def ledgers(context: typer.Context, paths: list[Path]) -> list[Path]:
    """The ledgers as they are, and for each bundle a ledger of the same file name. A callback of typer's."""
    if not any(map(_is_zip, paths)):
        return paths
    from tempfile import TemporaryDirectory

    from orchestrator.ledger.importing.bundle import restore

    folder = TemporaryDirectory(prefix="manyfew-")
    context.call_on_close(folder.cleanup)
    found: list[Path] = []
    for number, path in enumerate(paths):
        if _is_zip(path):
            place = Path(folder.name) / str(number) / path.name
            place.parent.mkdir()
            restore(path, place)
            found.append(place)
        else:
            found.append(path)
    return found


def ledger(context: typer.Context, path: Path) -> Path:
    """The same for a command of one ledger."""
    return ledgers(context, [path])[0]


def _is_zip(path: Path) -> bool:
    from orchestrator.ledger.file.identity import is_database

    if is_database(path):  # which nothing but SQLite may open: closing it would drop SQLite's locks
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == _ZIP
    except OSError:
        return False  # the command itself says what is wrong with it
