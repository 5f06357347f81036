"""A proposal, booked: requests, samples, the model's totals and the history, in one transaction."""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.interrupts import interrupts
from orchestrator.ledger.file.lock import WriterLock
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.file.trouble import all_or_nothing
from orchestrator.ledger.writing.presume import presume_leftovers
from orchestrator.ledger.writing.rebooking.attempts import rebook_attempts
from orchestrator.reconcile.proposal import Change, Proposal, Raise
from pricing.cost import split_pico

_RECONCILIATION = """
INSERT INTO reconciliation (at, source, billed_pico, file, file_sha256, since, until, above_bound, manyfew)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_RECONCILED = """
INSERT INTO reconciled (reconciliation_id, model_id, request_id, lease_id, matched, presumed_pico, settled_pico,
  unused_pico)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""

# The error stays: it says why the outcome was unknown.
_REQUEST = """
UPDATE request SET state = 'settled', settled_pico = ?, unused_pico = ?, presumed_pico = 0, cost_basis = 'reconciled'
WHERE id = ? AND state = 'presumed' AND presumed_pico = ?"""

_RAISED_BEFORE = """
ON CONFLICT (request_id) DO UPDATE SET reconciliation_id = excluded.reconciliation_id,
  settled_pico = excluded.settled_pico, unused_pico = excluded.unused_pico"""

_RAISE = """
UPDATE request SET settled_pico = ?, unused_pico = ?, cost_basis = 'reconciled'
WHERE id = ? AND state = 'settled' AND settled_pico = ?"""

_SAMPLES = """
SELECT s.id, s.cost_pico FROM request AS r JOIN sample AS s
  ON s.model_id = r.model_id AND s.problem_id = r.problem_id AND s.request_id = r.id
WHERE r.id = ? ORDER BY s.sample_index"""

_LEASE = "UPDATE lease SET presumed_pico = 0, reconciled_pico = ? WHERE id = ? AND presumed_pico = ?"

_TOKENS = """
UPDATE request SET prompt_tokens = ?, cached_tokens = ?, cache_write_tokens = ?, cache_write_1h_tokens = ?,
  completion_tokens = ? WHERE id = ?"""

_COST = """
UPDATE sample SET cost_pico = ?, cost_basis = ? WHERE model_id = ? AND problem_id = ? AND sample_index = ?
  AND request_id = ?"""

_SAMPLE_TOKENS = """
UPDATE sample SET prompt_tokens = ?, cached_tokens = ?, cache_write_tokens = ?, cache_write_1h_tokens = ?,
  completion_tokens = ?, token_basis = ? WHERE model_id = ? AND problem_id = ? AND sample_index = ?
  AND request_id = ?"""

_TOTALS = """
UPDATE model SET settled_pico = settled_pico + ?, presumed_pico = presumed_pico - ?, unused_pico = unused_pico + ?
WHERE id = ?"""


def book_proposal(lock: WriterLock, proposal: Proposal, version: str) -> None:
    """Books all of it or nothing. Raises InputError if the ledger can't be
    written, or is not as it was when the proposal was made."""
    db = lock.path
    # Closing without a commit rolls back.
    with all_or_nothing(db, "nothing was booked"), closing(open_for_writing(db)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        lock.claim(connection)
        _book(connection, db, proposal, version)
        interrupts.finishing()
        connection.execute("COMMIT")


def _book(connection: sqlite3.Connection, db: Path, proposal: Proposal, version: str) -> None:
    now = time.time()
    presume_leftovers(connection, now)
    connection.execute("UPDATE run SET status = 'killed', ended_at = ? WHERE ended_at IS NULL", (now,))
    row = (
        *(now, proposal.source, proposal.billed_pico, proposal.file, proposal.file_sha256),
        *(proposal.period.since, proposal.period.until, int(proposal.above_bound), version),
    )
    number = connection.execute(_RECONCILIATION, row).lastrowid
    assert number is not None
    totals: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for change in proposal.changes:
        _book_one(connection, db, number, change)
        sums = totals[change.what.model_id]
        for at, pico in enumerate((change.settled_pico, change.what.pico, change.unused_pico)):
            sums[at] += pico
    for one in proposal.raises:
        unused = _raise_one(connection, db, number, one)
        sums = totals[one.what.model_id]
        sums[0] += one.settled_pico - one.what.pico
        sums[2] += unused
    connection.executemany(_TOTALS, [(*sums, model_id) for model_id, sums in totals.items()])
    rebook_attempts(connection)


def _raise_one(connection: sqlite3.Connection, db: Path, number: int, one: Raise) -> int:
    """Its samples carry more in the same proportions. Returns by how much its unused dollars grow."""
    what = one.what
    (before,) = connection.execute("SELECT unused_pico FROM request WHERE id = ?", (what.id,)).fetchone()
    samples = connection.execute(_SAMPLES, (what.id,)).fetchall()
    costs = [cost for _, cost in samples]
    weights = [*costs, before] if sum(costs) + before or not samples else [*[1] * len(samples), 0]
    *shares, unused = split_pico(one.settled_pico, weights)
    changed = connection.execute(_RAISE, (one.settled_pico, unused, what.id, what.pico))
    if changed.rowcount != 1:
        raise _changed_meanwhile(db)
    row = (number, what.model_id, what.id, None, "request", 0, one.settled_pico, unused)
    connection.execute(_RECONCILED + _RAISED_BEFORE, row)
    connection.executemany(
        "UPDATE sample SET cost_pico = ? WHERE id = ?",
        [(share, sample) for share, (sample, _) in zip(shares, samples, strict=True)],
    )
    return unused - before


def _changed_meanwhile(db: Path) -> InputError:
    return InputError(
        str(db), "the ledger changed in the meantime, so nothing was booked", "look at the change again"
    )


def _book_one(connection: sqlite3.Connection, db: Path, number: int, change: Change) -> None:
    what = change.what
    if what.is_lease:
        changed = connection.execute(_LEASE, (change.settled_pico, what.id, what.pico))
    else:
        changed = connection.execute(_REQUEST, (change.settled_pico, change.unused_pico, what.id, what.pico))
    if changed.rowcount != 1:
        raise _changed_meanwhile(db)
    connection.execute(
        _RECONCILED,
        (
            number,
            what.model_id,
            None if what.is_lease else what.id,
            what.id if what.is_lease else None,
            "total" if change.outcome is None else "request",
            what.pico,
            change.settled_pico,
            change.unused_pico,
        ),
    )
    if change.outcome is not None:
        _book_samples(connection, change)


def _book_samples(connection: sqlite3.Connection, change: Change) -> None:
    outcome = change.outcome
    assert outcome is not None
    for s in outcome.samples:
        key = (outcome.model_id, s.problem_id, s.sample_index, outcome.request_id)
        connection.execute(_COST, (s.cost_pico, s.cost_basis, *key))
        if change.tokens:
            tokens = (s.prompt_tokens, s.cached_tokens, s.cache_write_tokens, s.cache_write_1h_tokens)
            connection.execute(_SAMPLE_TOKENS, (*tokens, s.completion_tokens, s.token_basis, *key))
    if change.tokens:
        o = outcome
        tokens = (o.prompt_tokens, o.cached_tokens, o.cache_write_tokens, o.cache_write_1h_tokens)
        connection.execute(_TOKENS, (*tokens, o.completion_tokens, o.request_id))
