"""Verdicts of a ledger's samples by a quick verifier: pieces of a thousand, several at once, each in a worker process,
while this one reads samples and writes verdicts. What few samples take is not worth the start of a worker."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.reading.for_run.unjudged import Which, pieces, problem_reader, write
from orchestrator.ledger.reading.samples.text_key import TextKey, text_key, wrong_by_ending
from orchestrator.run.verdicts.case import bounded, verdict_row

if TYPE_CHECKING:
    from orchestrator.ledger.writing.rows import VerdictRow
    from orchestrator.run.verdicts.judge import KnownVerdicts
    from verifiers.types import Verdict
    from verifiers.workers.executor import Executor
    from verifiers.workers.worker_process import Item

FEW_PIECES = 3


class Piece:
    """Samples that are judged in one call: each distinct text of a problem once, and none that is known."""

    def __init__(
        self, rows: Sequence[sqlite3.Row], known: KnownVerdicts, problem: Callable[[int], Mapping[str, Any]]
    ) -> None:
        self._rows = [(row, text_key(row["problem_id"], row["text"], row["finish_reason"])) for row in rows]
        self._found: dict[TextKey, Verdict] = {}
        self._open: dict[TextKey, sqlite3.Row] = {}
        for row, key in self._rows:
            if key in self._found or key in self._open:
                continue
            if (verdict := known.get(key)) is not None:
                self._found[key] = verdict
            else:
                self._open[key] = row
        self.items: list[Item] = [(row["text"], problem(key[0])) for key, row in self._open.items()]

    def judged(self, verdicts: Sequence[Verdict], known: KnownVerdicts, verifier: str) -> list[VerdictRow]:
        """The row of each sample, now that there are the verdicts of the items."""
        for (key, row), verdict in zip(self._open.items(), verdicts, strict=True):
            kept = bounded(verdict, wrong_by_ending(row["text"], row["finish_reason"]))
            self._found[key] = kept
            known.keep(key, kept)
        return [
            verdict_row(row["model_id"], row["sample_index"], verifier, key, self._found[key])
            for row, key in self._rows
        ]


def verify_quickly(
    connection: sqlite3.Connection,
    executor: Executor,
    known: KnownVerdicts,
    which: Which,
    on_written: Callable[[Sequence[VerdictRow]], None],
) -> None:
    """When it is interrupted, the verdicts written by then stay."""
    problem = problem_reader(connection)
    made = (Piece(rows, known, problem) for rows in pieces(connection, executor.name, which))
    first = list(islice(made, FEW_PIECES))
    if len(first) < FEW_PIECES:
        judged = ((piece, executor.judge(piece.items)) for piece in first)
    else:
        judged = _by_workers(executor, chain(first, made))
    for piece, verdicts in judged:
        rows = piece.judged(verdicts, known, executor.name)
        write(connection, rows, is_quick=True)
        on_written(rows)


def _by_workers(executor: Executor, made: Iterable[Piece]) -> Iterator[tuple[Piece, list[Verdict]]]:
    """Each piece with its verdicts, in their order, a few ahead of the one that is asked for."""
    threads = ThreadPoolExecutor(executor.most_at_once, "verifier")
    under_way: deque[tuple[Piece, Future[list[Verdict]]]] = deque()
    try:
        for piece in made:
            under_way.append((piece, threads.submit(executor.judge_apart, piece.items)))
            if len(under_way) > 2 * executor.most_at_once:
                done, verdicts = under_way.popleft()
                yield done, verdicts.result()
        for done, verdicts in under_way:
            yield done, verdicts.result()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
