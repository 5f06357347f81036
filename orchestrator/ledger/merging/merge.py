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
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.file.whole_file import new_place
from orchestrator.ledger.merging.fit import MergeFit
from orchestrator.ledger.merging.same_draws import refuse_other_prompts, refuse_same_samples
from orchestrator.ledger.merging.source import MergeSource, attached, name_apart, read_source, unchanged
from orchestrator.ledger.merging.write import STAGE, number_anew, stage, staged, write_requests, write_samples

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
    sources = name_apart([read_source(path, on_progress) for path in paths])
    with acquire(out), new_place(out) as part:
        try:
            with all_or_nothing(out, "the ledgers can't be merged, and nothing was written"):
                create(part)
                with closing(open_for_writing(part)) as connection:
                    found = _merge(connection, sources, differences, on_progress)
                open_for_writing(part).close()  # from now on with a log, as every ledger
        finally:
            remove_logs(part)
    return found


def _merge(
    connection: sqlite3.Connection,
    sources: list[MergeSource],
    differences: Differences,
    on_progress: Callable[[int], None],
) -> Merged:
    connection.executescript(STAGE)
    # Nobody has the file before it is whole, and new_place syncs it then.
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA main.journal_mode = OFF")
    connection.execute(f"PRAGMA main.cache_size = -{CACHE_KIB}")
    fit = MergeFit(connection, differences)
    now, version = time.time(), metadata.version("manyfew")
    for source in sources:
        with attached(connection, source):
            connection.execute("BEGIN IMMEDIATE")
            fit.add(source)
            connection.execute(
                "INSERT INTO merged (id, name, digest, samples, runs, merged_at, manyfew) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (source.number, source.name, source.digest, source.samples, source.runs, now, version),
            )
            stage(connection, source)
            refuse_other_prompts(connection, source)
            connection.execute("COMMIT")
    staged(connection, sources)
    refuse_same_samples(connection, sources)
    renumbered = number_anew(connection)
    count = 0
    for source in sources:
        with attached(connection, source):
            unchanged(connection, source)
            connection.execute("BEGIN IMMEDIATE")
            write_requests(connection, source)
            write_samples(connection, source)
            connection.execute("COMMIT")
            count += source.samples
            on_progress(count)
    lost = connection.execute("PRAGMA foreign_key_check").fetchone()
    assert lost is None, f"a row of {lost[0]} refers to none of {lost[2]}"
    return _summary(connection, renumbered)


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
