"""One group commit: what many tasks want written, as the few statements that write it.

Not to be taken for a vendor's batch of requests, which is a BatchJobRow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from orchestrator.ledger.rows import (
    BatchJobRow,
    Failure,
    LeaseChange,
    ModelTotals,
    Outcome,
    Reservation,
    SampleRow,
    SampleVerdict,
    VerdictRow,
)

INSERT_PROMPT = "INSERT OR IGNORE INTO prompt (id, sha256, body) VALUES (?, ?, ?)"

INSERT_BATCH_JOB = """
INSERT INTO batch_job (id, run_id, model_id, marker, state, requests, price, prepared_at)
VALUES (?, ?, ?, ?, 'preparing', ?, ?, ?)"""

INSERT_REQUEST = """
INSERT INTO request (id, run_id, model_id, problem_id, prompt_id, attempt, n, indices, max_tokens, state,
                     reserved_pico, server, reserved_at, batch_job_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'reserved', ?, ?, ?, ?)"""

UPDATE_REQUEST = """
UPDATE request SET state = ?, settled_pico = ?, presumed_pico = ?, unused_pico = ?, cost_basis = ?,
  prompt_tokens = ?, cached_tokens = ?, cache_write_tokens = ?, cache_write_1h_tokens = ?,
  completion_tokens = ?, reasoning_tokens = ?, vendor_model = ?, vendor_request = ?, service_tier = ?,
  inference_geo = ?, server_version = ?, http_status = ?, error = ?, error_message = ?, ended_at = ?,
  latency_s = ?
WHERE id = ? AND state = 'reserved'"""

INSERT_SAMPLE = """
INSERT INTO sample (model_id, problem_id, sample_index, request_id, text, reasoning, finish_reason,
  prompt_tokens, cached_tokens, cache_write_tokens, cache_write_1h_tokens, completion_tokens,
  reasoning_tokens, token_basis, cost_pico, cost_basis, server, stop_rule, latency_s, created_at,
  passed, score, answer, verifier)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

INSERT_LEASE = """
INSERT INTO lease (id, run_id, model_id, server, reserved_pico, usd_per_hour, opened_at)
VALUES (?, ?, ?, ?, 0, ?, ?)"""

CHANGE_LEASE = """
UPDATE lease SET reserved_pico = reserved_pico + ?, busy_s = ?, ended_at = coalesce(?, ended_at) WHERE id = ?"""

SETTLE_LEASE = (
    "UPDATE lease SET reserved_pico = reserved_pico - ?, settled_pico = settled_pico + ? WHERE id = ?"
)

INSERT_FAILURE = """
INSERT OR REPLACE INTO failure (model_id, problem_id, sample_index, n, run_id, error, message)
VALUES (?, ?, ?, ?, ?, ?, ?)"""

INSERT_VERDICT = """
INSERT OR REPLACE INTO verdict (verifier, problem_id, text_sha, passed, score, answer, reason, evidence)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""

UPDATE_VERDICT = """
UPDATE sample SET passed = ?, score = ?, answer = ?, verifier = ?
WHERE model_id = ? AND problem_id = ? AND sample_index = ?"""

UPDATE_TOTALS = """
UPDATE model SET settled_pico = settled_pico + ?, presumed_pico = presumed_pico + ?,
  reserved_pico = reserved_pico + ?, unused_pico = unused_pico + ?, requests = requests + ?,
  retries = retries + ?, samples = samples + ?
WHERE id = ?"""


_UNJUDGED = (None, None, None, None)


@dataclass(slots=True)
class Batch:
    """Filled by many tasks, written once, whole or not at all."""

    prompts: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    jobs: list[BatchJobRow] = field(default_factory=list[BatchJobRow])
    reservations: list[Reservation] = field(default_factory=list[Reservation])
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    leases: list[LeaseChange] = field(default_factory=list[LeaseChange])
    failures: list[Failure] = field(default_factory=list[Failure])
    verdicts: list[VerdictRow] = field(default_factory=list[VerdictRow])
    other: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list[tuple[str, tuple[Any, ...]]])

    def statements(self) -> Iterator[tuple[str, Sequence[Sequence[Any]]]]:
        """(SQL, rows) for executemany, in an order that satisfies the references."""
        yield INSERT_PROMPT, self.prompts
        yield INSERT_BATCH_JOB, [_job_row(j) for j in self.jobs]
        yield INSERT_REQUEST, [_request_row(r) for r in self.reservations]
        yield (
            INSERT_LEASE,
            [
                (c.lease_id, c.run_id, c.model_id, c.server, c.usd_per_hour, c.at)
                for c in self.leases
                if c.opens
            ],
        )
        yield (
            CHANGE_LEASE,
            [(c.change_pico, c.busy_s, c.at if c.ends else None, c.lease_id) for c in self.leases],
        )
        yield (
            SETTLE_LEASE,
            [(o.leased_pico, o.settled_pico, o.lease_id) for o in self.outcomes if o.lease_id is not None],
        )
        yield UPDATE_REQUEST, [_outcome_row(o) for o in self.outcomes]
        yield (
            INSERT_SAMPLE,
            [
                _sample_row(o, sample, verdict)
                for o in self.outcomes
                for sample, verdict in zip(o.samples, o.judged or repeat(None), strict=False)
            ],
        )
        yield INSERT_FAILURE, [_failure_row(f) for f in self.failures]
        yield INSERT_VERDICT, [_verdict_row(v) for o in self.outcomes for v in o.verdicts]
        yield INSERT_VERDICT, [_verdict_row(v) for v in self.verdicts]
        yield (
            UPDATE_VERDICT,
            [
                (v.passed, v.score, v.answer, v.verifier, v.model_id, v.problem_id, v.sample_index)
                for v in self.verdicts
            ],
        )
        yield UPDATE_TOTALS, [_totals_row(model, t) for model, t in self.totals().items()]
        for sql, row in self.other:
            yield sql, [row]

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
        for o in self.outcomes:
            t = change.setdefault(o.model_id, ModelTotals())
            t.reserved_pico -= o.leased_pico + o.reserved_pico
            t.settled_pico += o.settled_pico
            t.presumed_pico += o.presumed_pico
            t.unused_pico += o.unused_pico
            t.samples += len(o.samples)
        return change


def _request_row(r: Reservation) -> tuple[Any, ...]:
    return (
        r.request_id,
        r.run_id,
        r.model_id,
        r.problem_id,
        r.prompt_id,
        r.attempt,
        len(r.indices),
        json.dumps(r.indices),
        r.max_tokens,
        r.reserved_pico,
        r.server,
        r.reserved_at,
        r.batch_job_id,
    )


def _job_row(j: BatchJobRow) -> tuple[Any, ...]:
    return (j.batch_job_id, j.run_id, j.model_id, j.marker, j.requests, j.price, j.prepared_at)


def _outcome_row(o: Outcome) -> tuple[Any, ...]:
    return (
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
        o.request_id,
    )


def _sample_row(o: Outcome, s: SampleRow, v: SampleVerdict | None) -> tuple[Any, ...]:
    return (
        o.model_id,
        s.problem_id,
        s.sample_index,
        o.request_id,
        s.text,
        s.reasoning,
        s.finish_reason,
        s.prompt_tokens,
        s.cached_tokens,
        s.cache_write_tokens,
        s.cache_write_1h_tokens,
        s.completion_tokens,
        s.reasoning_tokens,
        s.token_basis,
        s.cost_pico,
        s.cost_basis,
        s.server,
        s.stop_rule,
        s.latency_s,
        o.ended_at,
        *(_UNJUDGED if v is None else v[:4]),
    )


def _failure_row(f: Failure) -> tuple[Any, ...]:
    return (f.model_id, f.problem_id, f.sample_index, f.n, f.run_id, f.error, f.message)


def _verdict_row(v: VerdictRow) -> tuple[Any, ...]:
    return (v.verifier, v.problem_id, v.text_sha, v.passed, v.score, v.answer, v.reason, v.evidence)


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
