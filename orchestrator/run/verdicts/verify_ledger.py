"""Verdicts for samples that a ledger already has: what a crash left unjudged, or everything anew."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.interrupts import interrupts
from orchestrator.ledger.file.lock import WriterLock
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.reading.for_run.unjudged import Which, pieces, problem_reader, write
from orchestrator.ledger.reading.samples.text_key import TextKey
from orchestrator.ledger.verdict_sets.change import SetChange, WantedSet, begin_set
from orchestrator.ledger.writing.rows import VerdictRow
from orchestrator.run.verdicts.case import Unjudged, bounded, unjudged, verdict_row
from orchestrator.run.verdicts.judge import Judge, KnownVerdicts, judge_all
from orchestrator.run.verdicts.quick import verify_quickly
from verifiers.types import Verdict
from verifiers.workers.executor import Executor

MOST_REASONS = 1000


@dataclass(slots=True)
class Verified:
    """What a pass over a ledger gave, in samples."""

    judged: int = 0
    passed: int = 0
    failed: int = 0
    undecided: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    """Why some have no verdict."""
    change: SetChange | None = None
    """What became of the ledger's sets, where one was named."""

    def add(self, row: VerdictRow) -> None:
        self.judged += 1
        self.passed += row.passed == 1
        self.failed += row.passed == 0
        self.undecided += row.passed is None
        reason = row.reason or "no reason given"
        if row.passed is None and (len(self.reasons) < MOST_REASONS or reason in self.reasons):
            self.reasons[reason] += 1


def verify_ledger(
    lock: WriterLock,
    executor: Executor,
    *,
    which: Which,
    wanted: WantedSet | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Judges the samples that lack a verdict of the executor's verifier, in the set that is `wanted`, else in the
    current one; `on_progress` gets how many are done. When it is interrupted, the verdicts made by then are kept. The
    caller closes the executor. Raises InputError."""
    path = lock.path
    with all_or_nothing(path), closing(open_for_writing(path)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN IMMEDIATE")
        lock.claim(connection)
        change = None if wanted is None else begin_set(connection, wanted)
        connection.execute("COMMIT")
        connection.execute("PRAGMA synchronous = NORMAL")  # a verdict lost to a power cut is judged again
        done = Verified(change=change)
        if executor.is_batch:
            _verify_in_batches(path, connection, executor, which, done, on_progress)
            return done
        if executor.is_inline:
            known = KnownVerdicts(path, executor)

            def written(rows: Sequence[VerdictRow]) -> None:
                for row in rows:
                    done.add(row)
                on_progress(done.judged)

            verify_quickly(connection, executor, known, which, written)
            return done
        with asyncio.Runner() as runner:
            interrupts.run(runner, _verify(path, connection, executor, which, done, on_progress))
        return done


async def _verify(
    path: Path,
    connection: sqlite3.Connection,
    executor: Executor,
    which: Which,
    done: Verified,
    on_progress: Callable[[int], None],
) -> None:
    async def written(rows: Sequence[VerdictRow]) -> None:
        write(connection, list(rows))

    def counted(_: Unjudged, row: VerdictRow) -> None:
        done.add(row)
        on_progress(done.judged)

    judge = Judge(
        executor, KnownVerdicts(path, executor), problem_reader(connection), write=written, on_verdict=counted
    )
    await judge_all(judge, _add_all(connection, executor.name, which, judge))


async def _add_all(connection: sqlite3.Connection, verifier: str, which: Which, judge: Judge) -> None:
    for rows in pieces(connection, verifier, which):
        for row in rows:
            await judge.add(unjudged(row))
    await judge.drained()


def _verify_in_batches(
    path: Path,
    connection: sqlite3.Connection,
    executor: Executor,
    which: Which,
    done: Verified,
    on_progress: Callable[[int], None],
) -> None:
    """Distinct texts are collected until they make a call; if all but a few are known that is all of them."""
    known, problem = KnownVerdicts(path, executor), problem_reader(connection)
    wanted: dict[TextKey, list[Unjudged]] = {}

    def finish(found: Mapping[TextKey, Verdict]) -> None:
        rows = [
            verdict_row(sample.model_id, sample.sample_index, executor.name, key, verdict)
            for key, verdict in found.items()
            for sample in wanted.pop(key)
        ]
        write(connection, rows)
        for row in rows:
            done.add(row)
        on_progress(done.judged)

    def judge() -> None:
        keys = list(wanted)
        verdicts = executor.judge([(wanted[key][0].text, problem(key[0])) for key in keys])
        finish({key: bounded(verdict, None) for key, verdict in zip(keys, verdicts, strict=True)})

    try:
        for rows in pieces(connection, executor.name, which):
            at_once: dict[TextKey, Verdict] = {}
            for sample in map(unjudged, rows):
                key = sample.key()
                if sample.ended is not None:
                    at_once[key] = bounded(Verdict(passed=False), sample.ended)
                elif key not in wanted and (verdict := known.get(key)) is not None:
                    at_once[key] = verdict
                wanted.setdefault(key, []).append(sample)
            finish(at_once)
            if len(wanted) >= executor.size:
                judge()
        if wanted:
            judge()
    finally:
        known.close()
