"""One of the ledgers to merge: read only, and as it was at the start until the end."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.ledger.file.identity import read_only_address
from orchestrator.ledger.file.lock import holder, is_held
from orchestrator.ledger.file.older_schema import tables_as_current
from orchestrator.ledger.file.reader import open_reader
from orchestrator.ledger.file.trouble import is_damage, reading
from orchestrator.text.command import command

_MARKS = """
SELECT (SELECT count(*) FROM {0}sample), (SELECT count(*) FROM {0}request),
  (SELECT total(settled_pico) FROM {0}model)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSource:
    """A ledger to merge."""

    number: int
    """Its place on the command line, from 1."""
    path: Path
    name: str
    """Its file's name, made distinct if two are alike."""
    samples: int
    runs: str
    """JSON: what its table `run` says."""
    marks: tuple[float, ...]
    """Other where it has been written to meanwhile."""


def look_at(path: Path) -> MergeSource:
    """Reads no sample. Raises InputError for what is no ledger, is being written, is empty, or waits for a batch."""
    if is_held(path):
        message = f"a running process writes this ledger: {holder(path)}"
        raise InputError(str(path), message, "wait for it to end, or stop it")
    with reading(path), closing(open_reader(path)) as connection:
        connection.execute("BEGIN")
        (waiting,) = connection.execute("SELECT count(*) FROM batch_job WHERE ended_at IS NULL").fetchone()
        if waiting:
            raise InputError(
                str(path),
                f"batches that go on at their vendor: {waiting}",
                f"run the sweep again to take what they brought, or {command('cancel SWEEP')}",
            )
        (samples,) = connection.execute("SELECT count(*) FROM sample").fetchone()
        if not samples:
            raise InputError(str(path), "this ledger holds no samples", "leave it out")
        runs = connection.execute("SELECT started_at, ended_at, status, host, versions FROM run ORDER BY id")
        return MergeSource(
            number=0,
            path=path,
            name=path.name,
            samples=samples,
            runs=json.dumps([{**dict(row), "versions": json.loads(row["versions"])} for row in runs]),
            marks=tuple(connection.execute(_MARKS.format("")).fetchone()),
        )


def name_apart(sources: Sequence[MergeSource]) -> list[MergeSource]:
    """Numbered from 1; two files of the same name become NAME and NAME~2."""
    seen: Counter[str] = Counter()
    named: list[MergeSource] = []
    for number, source in enumerate(sources, start=1):
        seen[source.name] += 1
        name = source.name if seen[source.name] == 1 else f"{source.name}~{seen[source.name]}"
        named.append(replace(source, number=number, name=name))
    return named


@contextmanager
def attached(connection: sqlite3.Connection, source: MergeSource) -> Generator[None]:
    """One transaction with the ledger's tables as src_TABLE, of this schema whatever its own; read only. Raises
    InputError if it is damaged, or was written to since it was looked at."""
    connection.execute("ATTACH ? AS src", (read_only_address(source.path),))
    try:
        with tables_as_current(connection, "src"):
            connection.execute("BEGIN IMMEDIATE")
            unchanged(connection, source, "src_")
            yield
            connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if is_damage(error):  # of the new ledger there is nothing yet that could be damaged
            with reading(source.path):
                raise
        raise
    finally:
        connection.execute("DETACH src")


def unchanged(connection: sqlite3.Connection, source: MergeSource, tables: str = "") -> None:
    """Raises InputError if it was written to since it was looked at. `tables`: what its tables' names begin with."""
    if tuple(connection.execute(_MARKS.format(tables)).fetchone()) != source.marks:
        raise InputError(
            str(source.path), "was written to while it was merged", "merge again once nothing writes it"
        )
