"""Samples that arrived, as the few statements that write them. What the samples of many requests share is bound once
for each statement: to bind all values took a quarter of an insert's time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.writing.many_rows import ManyRows
from orchestrator.ledger.writing.rows import SampleRow, Settlement
from orchestrator.ledger.writing.taken_index import place_elsewhere

if TYPE_CHECKING:
    from orchestrator.ledger.writing.known_texts import KnownTexts

SHARED = SampleRow._fields.index("reasoning")
"""From this field of a sample on, those of a request are most often all alike."""
FEW = 16
"""Samples for which a statement of their own takes longer than it spares."""

_TAKEN = " ON CONFLICT (model_id, problem_id, sample_index) DO NOTHING"  # place_elsewhere
_MORE = (
    "model_id",
    "request_id",
    "created_at",
    "passed",
    "score",
    "answer",
    "verifier",
    "agent_attempt_id",
    "text_of",
)
_COLUMNS = (*SampleRow._fields, *_MORE)
INSERT_SAMPLE = ManyRows(f"INSERT INTO sample ({', '.join(_COLUMNS)})", len(_COLUMNS), _TAKEN)
"""SQLite gives each the next id. Where it is said which, SQLite looks for it: that takes a tenth longer."""
INSERT_SAMPLE_AT = ManyRows(f"INSERT INTO sample ({', '.join(_COLUMNS)}, id)", len(_COLUMNS) + 1, _TAKEN)

_OWN = (*SampleRow._fields[:SHARED], "request_id", "created_at", "passed", "score", "answer", "text_of")
_ALIKE = (*SampleRow._fields[SHARED:], "model_id", "verifier", "agent_attempt_id")
INSERT_ALIKE = ManyRows(
    f"INSERT INTO sample ({', '.join((*_ALIKE, *_OWN))}) SELECT {', '.join('?' * len(_ALIKE))}, "
    f"{', '.join(f'column{i}' for i in range(1, len(_OWN) + 1))} FROM (",
    len(_OWN),
    ") WHERE true" + _TAKEN,
)
"""Of samples that share what is in _ALIKE; the rows hold what is in _OWN."""

_UNJUDGED = (None, None, None, None)


def write_samples(
    connection: sqlite3.Connection, outcomes: Sequence[Settlement], texts: KnownTexts
) -> dict[int, dict[int, int]]:
    """All samples of these outcomes; the caller holds the transaction. Gives by request those whose index was taken,
    and the index that each got. Raises sqlite3.Error."""
    groups, others = _grouped(outcomes)
    ordered = [outcome for group in (*groups.values(), others) for outcome in group]
    if not ordered:
        return {}
    samples = [sample for outcome in ordered for sample in outcome.samples]
    first, text_of = texts.place(connection, samples)
    at, written = first, 0
    for alike, group in groups.items():
        rows = list(_own(group, text_of, at))
        written += INSERT_ALIKE.execute(connection, rows, alike)
        at += len(rows)
    if others:
        written += INSERT_SAMPLE.execute(connection, list(_whole(others, text_of, at)))
    if written < len(samples):  # then the ids aren't those that were foreseen
        connection.execute("DELETE FROM sample WHERE id >= ?", (first,))
        rows = [(*row, number) for number, row in enumerate(_whole(ordered, text_of, first), first)]
        INSERT_SAMPLE_AT.execute(connection, rows)
        owners = [outcome for outcome in ordered for _ in outcome.samples]
        return place_elsewhere(connection, INSERT_SAMPLE_AT.single, owners, rows)
    if connection.execute("SELECT last_insert_rowid()").fetchone() != (first + len(samples) - 1,):
        raise sqlite3.IntegrityError("samples have other ids than those by which texts are kept once")
    return {}


def _grouped(
    outcomes: Sequence[Settlement],
) -> tuple[dict[tuple[Any, ...], list[Settlement]], list[Settlement]]:
    """(those of many samples by the values that all of these share, others); none without a sample."""
    groups: dict[tuple[Any, ...], list[Settlement]] = {}
    others: list[Settlement] = []
    for outcome in outcomes:
        if len(outcome.samples) >= FEW and (alike := _shared(outcome)) is not None:
            groups.setdefault(alike, []).append(outcome)
        elif outcome.samples:
            others.append(outcome)
    return groups, others


def _shared(outcome: Settlement) -> tuple[Any, ...] | None:
    """What all its samples have in the order of _ALIKE; None if they don't have the same."""
    shared = outcome.samples[0][SHARED:]
    if [sample for sample in outcome.samples if sample[SHARED:] != shared]:
        return None
    verifiers = {None if said is None else said.verifier for said in outcome.judged or (None,)}
    return None if len(verifiers) > 1 else (*shared, outcome.model_id, *verifiers, outcome.agent_attempt_id)


def _own(outcomes: Sequence[Settlement], text_of: Mapping[int, int], at: int) -> Iterator[tuple[Any, ...]]:
    """Of each sample, in the order of _OWN; `at` is the first one's id."""
    for outcome in outcomes:
        request_id = outcome.request_id if outcome.agent_attempt_id is None else None
        ended_at = outcome.ended_at
        for sample, verdict in zip(outcome.samples, outcome.judged or repeat(None), strict=False):
            said = _UNJUDGED[:3] if verdict is None else verdict[:3]
            if (same := text_of.get(at)) is None:
                yield (*sample[:SHARED], request_id, ended_at, *said, None)
            else:
                yield (*sample[:2], "", *sample[3:SHARED], request_id, ended_at, *said, same)
            at += 1


def _whole(outcomes: Sequence[Settlement], text_of: Mapping[int, int], at: int) -> Iterator[tuple[Any, ...]]:
    """Of each sample, in the order of _COLUMNS."""
    for outcome in outcomes:
        model_id, attempt_id = outcome.model_id, outcome.agent_attempt_id
        request_id, ended_at = outcome.request_id if attempt_id is None else None, outcome.ended_at
        for sample, verdict in zip(outcome.samples, outcome.judged or repeat(None), strict=False):
            said = _UNJUDGED if verdict is None else verdict[:4]
            if (same := text_of.get(at)) is None:
                yield (*sample, model_id, request_id, ended_at, *said, attempt_id, None)
            else:
                yield (*sample[:2], "", *sample[3:], model_id, request_id, ended_at, *said, attempt_id, same)
            at += 1
