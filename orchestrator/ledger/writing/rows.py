"""What goes into the ledger: one class a row kind. Money is pico-dollars, times are Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import msgspec


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP attempt about to be made, with its worst case."""

    request_id: int
    run_id: int
    model_id: int
    problem_id: int
    prompt_id: int
    attempt: int
    indices: tuple[int, ...]
    max_tokens: int
    reserved_pico: int
    server: str
    reserved_at: float
    batch_job_id: int | None = None
    agent_attempt_id: int | None = None
    """Whose call it is: its worst case comes out of what the attempt holds …"""
    call: int | None = None
    """… and it is its call of that number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchJobRow:
    """A vendor's batch about to be made. `price`: JSON, what its replies are booked at."""

    batch_job_id: int
    run_id: int
    model_id: int
    marker: str
    requests: int
    price: str
    prepared_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseChange:
    """A server's lease opens (`opened_at` set), is renewed or released; `change_pico` is added to what it holds."""

    lease_id: int
    run_id: int
    model_id: int
    server: str
    usd_per_hour: str
    change_pico: int
    busy_s: float
    at: float
    opens: bool = False
    ends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldChange:
    """What an agent's attempt holds of its cap, beside its calls in flight, changes by `change_pico`; what its calls
    have cost is added."""

    agent_attempt_id: int
    model_id: int
    change_pico: int
    settled_pico: int = 0
    presumed_pico: int = 0
    calls: int = 0
    worked_s: float | None = None
    """By now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingTime:
    """Time of a server of one's own in which no request ran: settled out of its lease, and unused. `loading`: before
    it was ready."""

    lease_id: int
    model_id: int
    pico: int
    loading: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRow:
    """A server of one's own as it stands. Times are Unix seconds."""

    server_id: int
    run_id: int
    aliases: str
    """JSON."""
    url: str
    gpus: str
    """JSON."""
    usd_per_hour: str | None
    phase: str
    said: str | None
    started_at: float
    ready_at: float | None
    ended_at: float | None


class SampleRow(NamedTuple):
    """One sample as it arrived; tokens and cost are its share of its request's. Its fields are in the order of
    sample_rows.INSERT_SAMPLE: last come those that are most often the same for all samples of a request, from
    sample_rows.SHARED on."""

    problem_id: int
    sample_index: int
    text: str
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_pico: int
    latency_s: float | None
    reasoning: str | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    cache_write_1h_tokens: int | None
    reasoning_tokens: int | None
    token_basis: str | None
    cost_basis: str
    server: str
    stop_rule: str


class SampleVerdict(NamedTuple):
    """A verdict as a sample's row has it. `passed` None: the verifier broke or could not decide; `reason` says why."""

    passed: int | None
    score: float | None
    answer: str | None
    verifier: str
    reason: str | None


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended. What is neither settled nor presumed of its reservation is free again."""

    request_id: int
    model_id: int
    state: str
    """settled | presumed | free"""
    reserved_pico: int
    settled_pico: int = 0
    presumed_pico: int = 0
    unused_pico: int = 0
    cost_basis: str | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    vendor_model: str | None = None
    vendor_request: str | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    server_version: str | None = None
    http_status: int | None = None
    error: str | None = None
    error_message: str | None = None
    ended_at: float
    latency_s: float | None = None
    samples: tuple[SampleRow, ...] = ()
    judged: tuple[SampleVerdict | None, ...] = ()
    """By sample, where verdicts are there when it is written; else none at all."""
    verdicts: tuple[VerdictRow, ...] = ()
    """Those among them that the ledger does not have yet."""
    lease_id: int | None = None
    """Where a server's time is paid: the lease that the settled dollars come out of …"""
    leased_pico: int = 0
    """… and how much of them it held."""
    agent_attempt_id: int | None = None
    """An agent's attempt whose sample this is, not a request; then `request_id` is its negative, which no request
    has."""


class VerdictRow(NamedTuple):
    """One sample's verdict. `passed` None: the verifier broke or could not decide. Its fields are in the order of
    batch.INSERT_VERDICT, and then those that name the sample."""

    verifier: str
    problem_id: int
    text_sha: bytes
    passed: int | None
    score: float | None
    answer: str | None
    reason: str | None
    evidence: str | None
    model_id: int
    sample_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Samples given up on: `n` of them from `sample_index` on."""

    model_id: int
    problem_id: int
    sample_index: int
    n: int
    run_id: int
    error: str
    message: str


@dataclass(slots=True)
class ModelTotals:
    """Running totals of a model as the ledger has them."""

    settled_pico: int = 0
    presumed_pico: int = 0
    reserved_pico: int = 0
    unused_pico: int = 0
    requests: int = 0
    retries: int = 0
    samples: int = 0
