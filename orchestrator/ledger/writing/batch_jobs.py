"""Vendors' batches as the ledger keeps them: which states allow what, and which of them last from run to run.

    preparing ──► submitting ──► submitted ──► ended
        ▲              │             (the vendor's id is known)
        └── withdrawn ─┘ (it said no, or was never reached)

A batch outlives the process that made it, so its requests are no leftovers: while a batch is open they stay reserved,
and the next run looks for it, takes what it brought and books it. Only one that was never submitted is freed, since
nothing can be billed for it; one whose model the sweep no longer names has nobody to ask for it, and is presumed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

SUBMITTING = (
    "UPDATE batch_job SET state = 'submitting', submitting_at = ?, outcome = NULL "
    "WHERE id = ? AND state = 'preparing'"
)
REFUSED = "UPDATE batch_job SET outcome = ? WHERE id = ? AND state = 'submitting'"
WITHDRAWN = "UPDATE batch_job SET state = 'preparing' WHERE id = ? AND state = 'submitting'"
SUBMITTED = """
UPDATE batch_job SET state = 'submitted', vendor_batch = ?, submitted_at = ?, outcome = NULL
WHERE id = ? AND state = 'submitting'"""
END_JOB = "UPDATE batch_job SET state = 'ended', ended_at = ?, outcome = ? WHERE id = ?"

OF_OPEN_JOB = (
    "(batch_job_id IS NOT NULL AND batch_job_id IN (SELECT id FROM batch_job WHERE ended_at IS NULL))"
)
"""Of a request row: whether its batch goes on at the vendor."""

UNSENT = "SELECT id FROM batch_job WHERE state = 'preparing'"
FREE_TOTALS = f"""
UPDATE model SET reserved_pico = reserved_pico - (SELECT coalesce(sum(reserved_pico), 0) FROM request
  WHERE model_id = model.id AND state = 'reserved' AND batch_job_id IN ({UNSENT}))
WHERE id IN (SELECT model_id FROM batch_job WHERE state = 'preparing')"""
FREE_REQUESTS = f"""
UPDATE request SET state = 'free', cost_basis = 'none', ended_at = ?, error = 'NotSent',
  error_message = 'the run ended before its batch was submitted'
WHERE state = 'reserved' AND batch_job_id IN ({UNSENT})"""
END_UNSENT = """
UPDATE batch_job SET state = 'ended', ended_at = ?, outcome = 'never submitted' WHERE state = 'preparing'"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """A request that its vendor may still answer."""

    request_id: int
    problem_id: int
    attempt: int
    indices: tuple[int, ...]
    max_tokens: int
    reserved_pico: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """A batch that an earlier run left open. `requests`: those that are not booked yet."""

    batch_job_id: int
    model_id: int
    marker: str
    vendor_batch: str | None
    size: int
    """How many requests it was made of."""
    price: str
    submitting_at: float
    refused: bool
    """The vendor answered that it would not make it; whether it did all the same is still to be seen in its list."""
    requests: tuple[OpenRequest, ...]


def count_open(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """(batches, requests) that go on at their vendors, by model alias."""
    rows = connection.execute(
        "SELECT model.alias, count(DISTINCT batch_job.id), count(request.id) FROM batch_job "
        "JOIN model ON model.id = batch_job.model_id "
        "LEFT JOIN request ON request.model_id = batch_job.model_id AND request.state = 'reserved' "
        "AND request.batch_job_id = batch_job.id "
        "WHERE batch_job.ended_at IS NULL AND batch_job.state != 'preparing' GROUP BY model.id ORDER BY model.id"
    )
    return {alias: (batches, requests) for alias, batches, requests in rows}


def free_unsent(connection: sqlite3.Connection, now: float) -> None:
    """Batches that were written down and never submitted: their requests are free."""
    connection.execute(FREE_TOTALS)
    connection.execute(FREE_REQUESTS, (now,))
    connection.execute(END_UNSENT, (now,))


def end_unnamed(connection: sqlite3.Connection, now: float, asked: Collection[int]) -> None:
    """Open batches of models other than `asked` are given up: what they hold is presumed with the other leftovers."""
    marks = ",".join("?" * len(asked))
    connection.execute(
        "UPDATE batch_job SET state = 'ended', ended_at = ?, outcome = 'given up: its model is asked no more' "
        f"WHERE ended_at IS NULL AND model_id NOT IN ({marks})",
        (now, *asked),
    )


def read_open_jobs(connection: sqlite3.Connection, model_id: int) -> list[OpenJob]:
    """The open batches of a model, in the order they were made."""
    jobs = connection.execute(
        "SELECT * FROM batch_job WHERE model_id = ? AND ended_at IS NULL ORDER BY id", (model_id,)
    ).fetchall()
    return [
        OpenJob(
            batch_job_id=job["id"],
            model_id=model_id,
            marker=job["marker"],
            vendor_batch=job["vendor_batch"],
            size=job["requests"],
            price=job["price"],
            submitting_at=job["submitting_at"],
            refused=job["outcome"] is not None,
            requests=_requests(connection, model_id, job["id"]),
        )
        for job in jobs
    ]


def read_vendor_batches(connection: sqlite3.Connection, model_id: int) -> frozenset[str]:
    """The vendor's ids of all batches of a model, open or not."""
    rows = connection.execute(
        "SELECT vendor_batch FROM batch_job WHERE model_id = ? AND vendor_batch IS NOT NULL", (model_id,)
    )
    return frozenset(row[0] for row in rows)


def _requests(connection: sqlite3.Connection, model_id: int, batch_job_id: int) -> tuple[OpenRequest, ...]:
    # By model, since that is what the index of open requests knows.
    rows = connection.execute(
        "SELECT * FROM request WHERE model_id = ? AND state = 'reserved' AND batch_job_id = ? ORDER BY id",
        (model_id, batch_job_id),
    )
    return tuple(
        OpenRequest(
            request_id=row["id"],
            problem_id=row["problem_id"],
            attempt=row["attempt"],
            indices=tuple(json.loads(row["indices"])),
            max_tokens=row["max_tokens"],
            reserved_pico=row["reserved_pico"],
        )
        for row in rows
    )
