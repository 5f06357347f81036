"""What looks like an error of ours may be a ledger's: a row that no manyfew writes, which some computation met."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.text.command import command


def damaged_ledger(arguments: Sequence[str]) -> InputError | None:
    """The first damaged row of the ledgers that a command line names, as an error; None if there is none."""
    from orchestrator.ledger.reading.damaged_rows import damage_of

    for path in _ledgers(arguments):
        try:
            found = damage_of(path)
        except InputError as error:
            return error
        if found is not None:
            remedy = f"look at all of it with `{command('doctor {}', path)}` and go on from a backup of it"
            return InputError(str(path), f"the ledger is damaged: {found}", remedy)
    return None


def _ledgers(arguments: Sequence[str]) -> Iterator[Path]:
    from orchestrator.ledger.file.identity import ledger_version

    for path in _files(arguments):
        if ledger_version(path) is not None:
            yield path


def _files(arguments: Sequence[str]) -> Iterator[Path]:
    """The files named, and the default ledgers of sweep files among them."""
    from orchestrator.cli.values import default_ledger

    for word in arguments:
        path = Path(word.partition("=")[2] if word.startswith("--") else word)
        yield path
        with suppress(OSError, ValueError, KeyError):
            if path.suffix == ".toml":
                yield default_ledger(str(tomllib.loads(path.read_text("utf-8"))["name"]))
