"""Takes files of verdicts into a ledger: each file whole or not at all, after all of them were checked."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.ledger.file.lock import WriterLock
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.reading.for_run.unjudged import VerdictReader, pieces
from orchestrator.ledger.reading.samples.text_key import text_key, wrong_by_ending
from orchestrator.ledger.verdict_sets.change import begin_set
from orchestrator.ledger.writing.group_commit import GroupCommit
from orchestrator.ledger.writing.rows import VerdictRow
from orchestrator.run.verdicts.case import bounded, verdict_row
from orchestrator.run.verdicts.parts.held_texts import HeldTexts
from orchestrator.run.verdicts.parts.lines import VerdictsLine
from orchestrator.run.verdicts.parts.verdicts_file import read_head, read_verdicts
from orchestrator.run.verdicts.verify_ledger import Verified
from verifiers.types import Verdict

_MOST_ROWS = 1000


def take_verdicts(
    lock: WriterLock, files: Sequence[Path], on_progress: Callable[[int], None] = lambda _: None
) -> Verified:
    """What the ledger has gained, and the set that the files are of, which becomes the current one. Only samples
    without a verdict get one. Raises InputError before anything is changed."""
    head = _same_set(files)
    wanted = head.set.wanted(str(files[0]))
    path = lock.path
    with all_or_nothing(path), closing(open_for_writing(path)) as connection:
        connection.row_factory = sqlite3.Row
        held = HeldTexts(connection)
        for file in files:
            for where, line in read_verdicts(file):
                held.check(line, where)
        connection.execute("BEGIN IMMEDIATE")
        lock.claim(connection)
        done = Verified(change=begin_set(connection, wanted))
        connection.execute("COMMIT")

        def count(rows: Sequence[VerdictRow]) -> None:
            for row in rows:
                done.add(row)
            on_progress(done.judged)

        _take_known(path, connection, head, count)
        for file in files:
            _take_file(connection, held, head, file, count)
    return done


def _same_set(files: Sequence[Path]) -> VerdictsLine:
    heads = [read_head(file) for file in files]
    for file, head in zip(files, heads, strict=True):
        if head.set != heads[0].set:
            raise InputError(
                str(file),
                f"its verdicts are another set than those of {files[0]}",
                "import the files of each set by themselves",
            )
    return heads[0]


def _take_known(
    path: Path,
    connection: sqlite3.Connection,
    head: VerdictsLine,
    count: Callable[[Sequence[VerdictRow]], None],
) -> None:
    """Verdicts that were never exported: those of texts that were judged before, or are wrong by how they ended."""
    verifier = head.set.verifier
    with closing(VerdictReader(path, verifier)) as known:
        for samples in pieces(connection, verifier, "all"):
            rows: list[VerdictRow] = []
            for sample in samples:
                ended = wrong_by_ending(sample["text"], sample["finish_reason"])
                key = text_key(sample["problem_id"], sample["text"], sample["finish_reason"])
                verdict = known(*key) if known.has_any else None
                if verdict is None and ended is not None and not head.judges_all:
                    verdict = bounded(Verdict(passed=False), ended)
                if verdict is not None:
                    rows.append(
                        verdict_row(sample["model_id"], sample["sample_index"], verifier, key, verdict)
                    )
            connection.execute("BEGIN IMMEDIATE")
            GroupCommit(verdicts=rows).write(connection)
            connection.execute("COMMIT")
            count(rows)


def _take_file(
    connection: sqlite3.Connection,
    held: HeldTexts,
    head: VerdictsLine,
    file: Path,
    count: Callable[[Sequence[VerdictRow]], None],
) -> None:
    """In one transaction."""
    verifier = head.set.verifier
    taken: list[VerdictRow] = []
    rows: list[VerdictRow] = []

    def write() -> None:
        GroupCommit(verdicts=rows).write(connection)
        taken.extend(rows)
        rows.clear()

    connection.execute("BEGIN IMMEDIATE")
    for where, line in read_verdicts(file):
        key = held.check(line, where)
        verdict = bounded(Verdict(line.passed, line.answer, line.score, line.reason, line.evidence), None)
        rows += [
            verdict_row(model_id, index, verifier, key, verdict)
            for model_id, index in held.lacking(key, verifier)
        ]
        if len(rows) >= _MOST_ROWS:
            write()
    write()
    connection.execute("COMMIT")
    count(taken)
