"""One batch in this run's memory: which of its requests are still to come, and under which ids."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from secrets import token_hex

from msgspec.structs import replace

from orchestrator.booking.booking import Attempt
from orchestrator.ledger.writing.batch_jobs import OpenJob, OpenRequest
from orchestrator.run.policies.works import rule_of
from orchestrator.run.prepare import Prepared
from orchestrator.scheduler.lane import NO_PROBLEM, Ticket
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.scheduler.work import Item
from pricing.form import price_from_json
from providers.batch import custom_id

UNBOUNDED_INPUT = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A request of a batch that is not booked yet."""

    ticket: Ticket
    attempt: Attempt

    @property
    def aside(self) -> bool:
        """Its problem is asked no more: it is booked, and nothing follows from it."""
        return self.ticket.item.problem == NO_PROBLEM


@dataclass(slots=True, kw_only=True)
class BatchJob:
    """`open`: by custom_id."""

    id: int
    alias: str
    marker: str
    size: int
    open: dict[str, Waiting] = field(default_factory=dict[str, Waiting])
    vendor_batch: str | None = None
    submitting_at: float | None = None
    """Unix seconds; None: the vendor can't have it."""
    refused: bool = False
    """The vendor answered that it would not make it: unless it is listed all the same, its requests are free."""

    def add(self, waiting: Waiting) -> str:
        """Gives the request's custom_id."""
        name = custom_id(self.marker, waiting.attempt.request_id)
        self.open[name] = waiting
        return name


def new_job(job_id: int, alias: str, size: int) -> BatchJob:
    """A batch to be made, with a marker that no other has."""
    return BatchJob(id=job_id, alias=alias, marker=f"mf{token_hex(10)}", size=size)


def untimed(ticket: Ticket) -> Ticket:
    """A batch takes a day: that its samples were first asked for long ago is no reason to give them up."""
    return replace(ticket, item=replace(ticket.item, first_at=None))


def adopted(
    job: OpenJob,
    alias: str,
    prepared: Prepared,
    scheduler: Scheduler,
    ordinals: dict[int, int],
    now: float,
    server: str,
) -> BatchJob:
    """A batch that an earlier run left open; its requests are in flight again."""
    taken = BatchJob(
        id=job.batch_job_id,
        alias=alias,
        marker=job.marker,
        size=job.size,
        vendor_batch=job.vendor_batch,
        submitting_at=job.submitting_at,
        refused=job.refused,
    )
    price = price_from_json(json.loads(job.price))
    model = prepared.sweep.models[alias]
    for request in job.requests:
        problem = ordinals.get(request.problem_id, NO_PROBLEM)
        item = Item(problem=problem, indices=request.indices, attempt=request.attempt)
        attempt = Attempt(
            request_id=request.request_id,
            model_id=job.model_id,
            problem_id=request.problem_id,
            indices=request.indices,
            max_tokens=request.max_tokens,
            input_bound=_input_bound(prepared, alias, problem),
            worst_pico=request.reserved_pico,
            provider=model.provider,
            price=price,
            cost_basis="batch",
            server=server,
            stop_rule=rule_of(prepared, alias, item),
            batch=True,
        )
        taken.add(Waiting(ticket=_adopted(scheduler, alias, item, request, now), attempt=attempt))
    return taken


def _adopted(scheduler: Scheduler, alias: str, item: Item, request: OpenRequest, now: float) -> Ticket:
    return scheduler.adopt(alias, item, request.reserved_pico, now)


def _input_bound(prepared: Prepared, alias: str, problem: int) -> int:
    return UNBOUNDED_INPUT if problem == NO_PROBLEM else prepared.input_bound(alias, problem)
