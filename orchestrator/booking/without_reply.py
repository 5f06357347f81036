"""What is booked for a request without a whole reply."""

from __future__ import annotations

import time

from orchestrator.booking.booking import Attempt, book_broken
from orchestrator.booking.server_share import Share
from orchestrator.ledger.writing.rows import Settlement
from providers.errors import Lost, ProviderError


def ended_badly(attempt: Attempt, error: ProviderError, share: Share | None, *, unknown: bool) -> Settlement:
    """A failed attempt: a server's time is settled, else `unknown` says whether it may have been billed."""
    if isinstance(error, Lost) and (error.choices or error.usage):
        return book_broken(error, attempt, time.time(), share=share)
    return Settlement(
        request_id=attempt.request_id,
        model_id=attempt.model_id,
        state="settled" if share is not None else "presumed" if unknown else "free",
        reserved_pico=attempt.worst_pico,
        settled_pico=share.pico if share else 0,
        unused_pico=share.pico if share else 0,
        presumed_pico=attempt.worst_pico if unknown else 0,
        cost_basis="none" if share is None else attempt.cost_basis,
        lease_id=attempt.lease_id,
        leased_pico=share.leased if share else 0,
        vendor_request=error.request_id,
        http_status=error.status,
        error=type(error).__name__,
        error_message=error.message,
        ended_at=time.time(),
    )


def lease_over(attempt: Attempt, share: Share) -> Settlement:
    """Ended because the budget holds no more of the server's time: that time is paid, for nothing."""
    return Settlement(
        request_id=attempt.request_id,
        model_id=attempt.model_id,
        state="settled",
        reserved_pico=attempt.worst_pico,
        settled_pico=share.pico,
        unused_pico=share.pico,
        cost_basis=attempt.cost_basis,
        lease_id=attempt.lease_id,
        leased_pico=share.leased,
        error="LeaseOver",
        error_message="the budget does not cover more of this server's time",
        ended_at=time.time(),
    )


def free(attempt: Attempt, *, error: str, message: str) -> Settlement:
    """It cost nothing."""
    return Settlement(
        request_id=attempt.request_id,
        model_id=attempt.model_id,
        state="free",
        reserved_pico=attempt.worst_pico,
        cost_basis="none",
        error=error,
        error_message=message,
        ended_at=time.time(),
    )
