"""One group commit: what many tasks want written, as the few statements that write it.

Not to be taken for a vendor's batch of requests, which is a BatchJobRow."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.ledger.writing.known_texts import KnownTexts
from orchestrator.ledger.writing.many_rows import ManyRows
from orchestrator.ledger.writing.rows import (
    BatchJobRow,
    Failure,
    HoldChange,
    LeaseChange,
    ModelTotals,
    Reservation,
    ServerRow,
    Settlement,
    StandingTime,
    VerdictRow,
)
from orchestrator.ledger.writing.sample_rows import write_samples

INSERT_PROMPT = ManyRows("INSERT OR IGNORE INTO prompt (id, sha256, body)", 3)

INSERT_BATCH_JOB = ManyRows(
    "INSERT INTO batch_job (id, run_id, model_id, marker, state, requests, price, prepared_at)", 8
)

INSERT_REQUEST = ManyRows(
    "INSERT INTO request (id, run_id, model_id, problem_id, prompt_id, attempt, n, indices, max_tokens, "
    "state, reserved_pico, server, reserved_at, batch_job_id, agent_attempt_id, call)",
    16,
)

UPDATE_REQUEST = ManyRows(
    """
UPDATE request SET state = new.column2, settled_pico = new.column3, presumed_pico = new.column4,
  unused_pico = new.column5, cost_basis = new.column6, prompt_tokens = new.column7, cached_tokens = new.column8,
  cache_write_tokens = new.column9, cache_write_1h_tokens = new.column10, completion_tokens = new.column11,
  reasoning_tokens = new.column12, vendor_model = new.column13, vendor_request = new.column14,
  service_tier = new.column15, inference_geo = new.column16, server_version = new.column17,
  http_status = new.column18, error = new.column19, error_message = new.column20, ended_at = new.column21,
  latency_s = new.column22
FROM (""",
    22,
    ") AS new WHERE request.id = new.column1 AND request.state = 'reserved'",
)

INSERT_LEASE = ManyRows(
    "INSERT INTO lease (id, run_id, model_id, server, reserved_pico, usd_per_hour, opened_at)", 7
)

INSERT_FAILURE = ManyRows(
    "INSERT OR REPLACE INTO failure (model_id, problem_id, sample_index, n, run_id, error, message)", 7
)

INSERT_VERDICT = ManyRows(
    "INSERT OR REPLACE INTO verdict (verifier, problem_id, text_sha, passed, score, answer, reason, evidence)",
    8,
)

UPDATE_VERDICT = ManyRows(
    """
UPDATE sample SET passed = new.column4, score = new.column5, answer = new.column6, verifier = new.column7
FROM (""",
    7,
    ") AS new WHERE sample.model_id = new.column1 AND sample.problem_id = new.column2 "
    "AND sample.sample_index = new.column3",
)

# Of these a transaction has few, or they add up and so must see each other.
CHANGE_LEASE = """
UPDATE lease SET reserved_pico = reserved_pico + ?, busy_s = ?, ended_at = coalesce(?, ended_at) WHERE id = ?"""

STAND_LEASE = """
UPDATE lease SET reserved_pico = reserved_pico - ?, loading_pico = loading_pico + ?, idle_pico = idle_pico + ?
WHERE id = ?"""

WRITE_SERVER = """
INSERT OR REPLACE INTO server (id, run_id, aliases, url, gpus, usd_per_hour, phase, said, started_at, ready_at,
  ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

SETTLE_LEASE = (
    "UPDATE lease SET reserved_pico = reserved_pico - ?, settled_pico = settled_pico + ? WHERE id = ?"
)

CHANGE_HOLD = """
UPDATE agent_attempt SET held_pico = held_pico + ?, settled_pico = settled_pico + ?, presumed_pico = presumed_pico + ?,
  calls = calls + ?, worked_s = coalesce(?, worked_s) WHERE id = ?"""

UPDATE_TOTALS = """
UPDATE model SET settled_pico = settled_pico + ?, presumed_pico = presumed_pico + ?,
  reserved_pico = reserved_pico + ?, unused_pico = unused_pico + ?, requests = requests + ?,
  retries = retries + ?, samples = samples + ?
WHERE id = ?"""


@dataclass(slots=True)
class GroupCommit:
    """Filled by many tasks, written once, whole or not at all."""

    prompts: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    jobs: list[BatchJobRow] = field(default_factory=list[BatchJobRow])
    reservations: list[Reservation] = field(default_factory=list[Reservation])
    outcomes: list[Settlement] = field(default_factory=list[Settlement])
    leases: list[LeaseChange] = field(default_factory=list[LeaseChange])
    holds: list[HoldChange] = field(default_factory=list[HoldChange])
    stood: list[StandingTime] = field(default_factory=list[StandingTime])
    servers: list[ServerRow] = field(default_factory=list[ServerRow])
    failures: list[Failure] = field(default_factory=list[Failure])
    verdicts: list[VerdictRow] = field(default_factory=list[VerdictRow])
    other: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list[tuple[str, tuple[Any, ...]]])
    moved: dict[int, dict[int, int]] = field(default_factory=dict[int, dict[int, int]])
    """By request, once written: samples whose index was taken, and the index that each got."""

    def write(self, connection: sqlite3.Connection, texts: KnownTexts | None = None) -> None:
        """All of it, in an order that satisfies the references; the caller holds the transaction. `texts`: those that
        are known, where commits follow each other. Raises sqlite3.Error."""
        INSERT_PROMPT.execute(connection, self.prompts)
        INSERT_BATCH_JOB.execute(connection, [_job_row(j) for j in self.jobs])
        INSERT_REQUEST.execute(connection, [_request_row(r) for r in self.reservations])
        self._write_leases(connection)
        UPDATE_REQUEST.execute(connection, [_outcome_row(o) for o in self.outcomes])
        self.moved = write_samples(connection, self.outcomes, KnownTexts() if texts is None else texts)
        INSERT_FAILURE.execute(connection, [_failure_row(f) for f in self.failures])
        INSERT_VERDICT.execute(connection, [v[:8] for o in self.outcomes for v in o.verdicts])
        INSERT_VERDICT.execute(connection, [v[:8] for v in self.verdicts])
        UPDATE_VERDICT.execute(connection, [_judged_row(v) for v in self.verdicts])
        connection.executemany(UPDATE_TOTALS, [_totals_row(model, t) for model, t in self.totals().items()])
        if self.servers:
            connection.executemany(WRITE_SERVER, map(_server_row, self.servers))
        for sql, row in self.other:
            connection.execute(sql, row)
        # Last, since one of the others may begin the attempt.
        connection.executemany(CHANGE_HOLD, [_hold_row(h) for h in self.holds])

    def _write_leases(self, connection: sqlite3.Connection) -> None:
        if self.leases:
            INSERT_LEASE.execute(
                connection,
                [
                    (c.lease_id, c.run_id, c.model_id, c.server, 0, c.usd_per_hour, c.at)
                    for c in self.leases
                    if c.opens
                ],
            )
            changes = [(c.change_pico, c.busy_s, c.at if c.ends else None, c.lease_id) for c in self.leases]
            connection.executemany(CHANGE_LEASE, changes)
        if self.stood:
            connection.executemany(
                STAND_LEASE,
                [
                    (s.pico, s.pico if s.loading else 0, 0 if s.loading else s.pico, s.lease_id)
                    for s in self.stood
                ],
            )
        settled = [
            (o.leased_pico, o.settled_pico, o.lease_id) for o in self.outcomes if o.lease_id is not None
        ]
        if settled:
            connection.executemany(SETTLE_LEASE, settled)

    def totals(self) -> dict[int, ModelTotals]:
        """By how much each model's running totals change."""
        change: dict[int, ModelTotals] = {}
        for r in self.reservations:
            t = change.setdefault(r.model_id, ModelTotals())
            t.reserved_pico += r.reserved_pico
            t.requests += 1
            t.retries += r.attempt > 1
        for c in self.leases:
            change.setdefault(c.model_id, ModelTotals()).reserved_pico += c.change_pico
        for h in self.holds:
            change.setdefault(h.model_id, ModelTotals()).reserved_pico += h.change_pico
        for s in self.stood:
            t = change.setdefault(s.model_id, ModelTotals())
            t.reserved_pico -= s.pico
            t.settled_pico += s.pico
            t.unused_pico += s.pico
        for o in self.outcomes:
            t = change.setdefault(o.model_id, ModelTotals())
            t.reserved_pico -= o.leased_pico + o.reserved_pico
            t.settled_pico += o.settled_pico
            t.presumed_pico += o.presumed_pico
            t.unused_pico += o.unused_pico
            t.samples += len(o.samples)
        return change


def write_quick_verdicts(connection: sqlite3.Connection, verdicts: Sequence[VerdictRow]) -> None:
    """Verdicts of samples that are there, of which the table of verdicts gets those that say more than the samples'
    rows. The caller holds the transaction. Raises sqlite3.Error."""
    telling = [v[:8] for v in verdicts if v.reason is not None or v.evidence is not None]
    INSERT_VERDICT.execute(connection, telling)
    UPDATE_VERDICT.execute(connection, [_judged_row(v) for v in verdicts])


def _request_row(r: Reservation) -> tuple[Any, ...]:
    return (
        r.request_id,
        r.run_id,
        r.model_id,
        r.problem_id,
        r.prompt_id,
        r.attempt,
        len(r.indices),
        str(list(r.indices)),  # whole numbers: JSON
        r.max_tokens,
        "reserved",
        r.reserved_pico,
        r.server,
        r.reserved_at,
        r.batch_job_id,
        r.agent_attempt_id,
        r.call,
    )


def _hold_row(h: HoldChange) -> tuple[Any, ...]:
    return (h.change_pico, h.settled_pico, h.presumed_pico, h.calls, h.worked_s, h.agent_attempt_id)


def _server_row(s: ServerRow) -> tuple[Any, ...]:
    return (
        s.server_id,
        s.run_id,
        s.aliases,
        s.url,
        s.gpus,
        s.usd_per_hour,
        s.phase,
        s.said,
        s.started_at,
        s.ready_at,
        s.ended_at,
    )


def _job_row(j: BatchJobRow) -> tuple[Any, ...]:
    return (j.batch_job_id, j.run_id, j.model_id, j.marker, "preparing", j.requests, j.price, j.prepared_at)


def _outcome_row(o: Settlement) -> tuple[Any, ...]:
    return (
        o.request_id,
        o.state,
        o.settled_pico,
        o.presumed_pico,
        o.unused_pico,
        o.cost_basis,
        o.prompt_tokens,
        o.cached_tokens,
        o.cache_write_tokens,
        o.cache_write_1h_tokens,
        o.completion_tokens,
        o.reasoning_tokens,
        o.vendor_model,
        o.vendor_request,
        o.service_tier,
        o.inference_geo,
        o.server_version,
        o.http_status,
        o.error,
        o.error_message,
        o.ended_at,
        o.latency_s,
    )


def _failure_row(f: Failure) -> tuple[Any, ...]:
    return (f.model_id, f.problem_id, f.sample_index, f.n, f.run_id, f.error, f.message)


def _judged_row(v: VerdictRow) -> tuple[Any, ...]:
    return (v.model_id, v.problem_id, v.sample_index, v.passed, v.score, v.answer, v.verifier)


def _totals_row(model_id: int, t: ModelTotals) -> tuple[int, ...]:
    return (
        t.settled_pico,
        t.presumed_pico,
        t.reserved_pico,
        t.unused_pico,
        t.requests,
        t.retries,
        t.samples,
        model_id,
    )
