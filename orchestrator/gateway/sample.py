"""The sample that an attempt brings: its output, with the tokens and dollars of the calls that reached its agent.
Pure."""

from __future__ import annotations

import time
from collections.abc import Collection
from operator import attrgetter

from orchestrator.booking.booking import clean
from orchestrator.gateway.attempt import OpenAttempt
from orchestrator.gateway.ending import Ending
from orchestrator.ledger.writing.rows import SampleRow, Settlement

_TOKENS = (
    "prompt_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "completion_tokens",
    "reasoning_tokens",
)


def sample_of(
    attempt: OpenAttempt,
    ending: Ending,
    finish_reason: str | None,
    calls: Collection[Settlement],
    *,
    cut: Collection[Settlement] = (),
    model_id: int,
    server: str,
    stop_rule: str,
) -> Settlement:
    """What is booked of the attempt: nothing but its sample, since its calls are booked themselves. `cut`: calls
    without a reply that it pays for, whose tokens nobody told."""
    tokens = {name: _sum(calls, name) if calls or not cut else None for name in _TOKENS}
    settled = sum(call.settled_pico for call in (*calls, *cut))
    presumed = sum(call.presumed_pico for call in calls)
    row = SampleRow(
        problem_id=attempt.problem_id,
        sample_index=attempt.sample_index,
        text=clean(ending.output),
        reasoning=None,
        finish_reason=finish_reason,
        **tokens,
        token_basis="reported" if tokens["completion_tokens"] is not None else None,
        cost_pico=settled + presumed,
        cost_basis="bound" if presumed else _basis(attempt, calls),
        server=server,
        stop_rule=stop_rule,
        latency_s=attempt.worked_s,
    )
    return Settlement(
        request_id=-attempt.attempt_id,
        agent_attempt_id=attempt.attempt_id,
        model_id=model_id,
        state="settled",
        reserved_pico=0,
        ended_at=time.time(),
        samples=(row,),
    )


def _sum(calls: Collection[Settlement], name: str) -> int | None:
    """None if any of them did not say."""
    counts = [count for call in calls if (count := attrgetter(name)(call)) is not None]
    return sum(counts) if calls and len(counts) == len(calls) else 0 if not calls else None


def _basis(attempt: OpenAttempt, calls: Collection[Settlement]) -> str:
    if any(call.cost_basis == "stated" for call in calls):
        return "stated"
    return attempt.model.cost_basis
