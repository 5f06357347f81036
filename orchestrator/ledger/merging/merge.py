"""Ledgers of one sweep from several machines as one: all of them or nothing, into a new file; the sources stay.

A problem's samples are numbered anew, without gaps: by their index if they were drawn, those of ledgers named first
before the others of the same index. So the streams are interleaved as if they had been drawn side by side, and the
first pass of an until_solved problem stays the first: until then, no stream had stopped. What the samples cost comes
along; no dollar of it counts against a budget here.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.ledger.file.create import create, remove_logs
from orchestrator.ledger.file.lock import acquire
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.trouble import TROUBLE, all_or_nothing, is_full
from orchestrator.ledger.file.whole_file import new_place
from orchestrator.ledger.merging import names, numbering, same_draws
from orchestrator.ledger.merging.digests import SourceDigests
from orchestrator.ledger.merging.fit import MergeFit
from orchestrator.ledger.merging.names import map_names
from orchestrator.ledger.merging.numbering import number_anew, stage_stretches
from orchestrator.ledger.merging.same_draws import refuse_same_samples, stage_draws
from orchestrator.ledger.merging.source import MergeSource, attached, look_at, name_apart
from orchestrator.ledger.merging.write import (
    put_off_indices,
    refuse_lost_references,
    write_requests,
    write_samples,
)

CACHE_KIB = 16 * 1024
Differences = Callable[[dict[str, Any], dict[str, Any]], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What came together."""

    samples: int
    problems: int
    models: dict[str, int]
    """Samples by alias."""
    renumbered: int
    """Samples whose index is another than where they were drawn."""
    settled_pico: int
    presumed_pico: int
    """What they cost, there."""


def merge(
    out: Path,
    paths: Sequence[Path],
    differences: Differences,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Merged:
    """Makes the ledger `out` from those at `paths`. `differences` describes how two definitions differ; `on_progress`
    gets the number of samples so far. Raises InputError for ledgers that don't fit together, a target that exists, and
    files that aren't ledgers."""
    resolved = [path.resolve() for path in paths]
    for at, path in enumerate(resolved):
        if path in resolved[:at]:
            raise InputError(str(paths[at]), "is named twice", "name each ledger once")
    sources = name_apart([look_at(path) for path in paths])
    with acquire(out), new_place(out) as part, SourceDigests(sources, on_progress) as digests:
        try:
            with all_or_nothing(out, "the ledgers can't be merged, and nothing was written"):
                create(part)
                with closing(open_for_writing(part)) as connection:
                    found = _merge(connection, sources, differences, digests)
                open_for_writing(part).close()  # from now on with a log, as every ledger
        finally:
            remove_logs(part)
    return found


def _merge(
    connection: sqlite3.Connection,
    sources: list[MergeSource],
    differences: Differences,
    digests: SourceDigests,
) -> Merged:
    connection.executescript(names.TABLES + same_draws.TABLES + numbering.TABLES)
    # Nobody has the file before it is whole, and new_place syncs it then; references are checked when all are there.
    for pragma in ("synchronous = OFF", "main.journal_mode = OFF", "foreign_keys = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA main.cache_size = -{CACHE_KIB}")
    try:
        renumbered = _stage(connection, sources, differences)
        _write(connection, sources)
    except TROUBLE as error:
        if not is_full(error):
            digests.refuse_unreadable()  # the ledger that can't be read is what is wrong, not the new one
        raise
    _register(connection, sources, digests)
    refuse_lost_references(connection, sources)
    return _summary(connection, renumbered)


def _stage(connection: sqlite3.Connection, sources: list[MergeSource], differences: Differences) -> int:
    """What the ledgers bring is compared and numbered; gives the number of samples that get another index."""
    fit = MergeFit(connection, differences)
    for source in sources:
        with attached(connection, source):
            fit.add(source)
            map_names(connection)
            stage_draws(connection, source)
            stage_stretches(connection, source)
    refuse_same_samples(connection, sources)
    return number_anew(connection)


def _write(connection: sqlite3.Connection, sources: list[MergeSource]) -> None:
    indices = put_off_indices(connection)
    for source in sources:
        with attached(connection, source):
            write_requests(connection, source, write_samples(connection, source))
    for index in indices:
        connection.execute(index)
    connection.execute(
        "UPDATE main.model SET samples = (SELECT count(*) FROM main.sample WHERE model_id = model.id)"
    )


def _register(connection: sqlite3.Connection, sources: list[MergeSource], digests: SourceDigests) -> None:
    now, version = time.time(), metadata.version("manyfew")
    connection.executemany(
        "INSERT INTO merged (id, name, digest, samples, runs, merged_at, manyfew) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (source.number, source.name, digests.of(source), source.samples, source.runs, now, version)
            for source in sources
        ],
    )


def _summary(connection: sqlite3.Connection, renumbered: int) -> Merged:
    ask = connection.execute
    samples, problems = ask("SELECT count(*), count(DISTINCT problem_id) FROM sample").fetchone()
    settled, presumed = ask(
        "SELECT sum(merged_settled_pico), sum(merged_presumed_pico) FROM model"
    ).fetchone()
    models = ask("SELECT alias, sum(samples) FROM model GROUP BY alias ORDER BY min(id)")
    return Merged(
        samples=samples,
        problems=problems,
        models=dict(models.fetchall()),
        renumbered=renumbered,
        settled_pico=settled or 0,
        presumed_pico=presumed or 0,
    )
